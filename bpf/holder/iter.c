/*
 * Iterators (iter/task, iter/bpf_map, ...): the kernel runs such a program when somebody reads the file that belongs to
 * it, once for each thing that it lists. The holder reads it once, when the workload has ended, and keeps the text.
 */
#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

/* Bytes that are kept of one; tasks/run/guest/holder-failure.ts says so. */
#define MOST (4 << 20)

bool is_iter(const char *section)
{
	return strncmp(section, "iter/", 5) == 0 || strncmp(section, "iter.s/", 7) == 0;
}

static int copy_text(int from, int to)
{
	char text[65536];
	size_t kept = 0;
	ssize_t got, put;

	while ((got = read(from, text, sizeof(text))) > 0 || (got < 0 && errno == EAGAIN)) {
		if (got < 0)
			continue;
		if (kept + (size_t)got > MOST)
			return -EFBIG;
		put = write(to, text, (size_t)got);
		if (put != got)
			return put < 0 ? -errno : -ENOSPC;
		kept += (size_t)got;
	}
	return got < 0 ? -errno : 0;
}

static int read_one(const struct options *options, const struct attachment *a)
{
	char path[512];
	int from = bpf_iter_create(bpf_link__fd(a->link)), to, error;

	if (from < 0)
		return fail("read the iterator", bpf_program__name(a->program), from);
	snprintf(path, sizeof(path), "%s/iter-%s.out", options->dir, bpf_program__name(a->program));
	to = result_create(path);
	error = to < 0 ? to : copy_text(from, to);
	if (error)
		fail("keep the text of the iterator", bpf_program__name(a->program), error);
	if (to >= 0)
		close(to);
	close(from);
	return error;
}

/* Keeps the text of each iterator. 0, or -errno of the first that could not be kept whole (on stdout, too). */
int iter_read(const struct options *options, const struct attachment *attachments, int count)
{
	int error = 0;

	for (int i = 0; i < count && !error; i++)
		if (attachments[i].link && is_iter(bpf_program__section_name(attachments[i].program)))
			error = read_one(options, &attachments[i]);
	return error;
}
