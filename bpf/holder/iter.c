/*
 * Iterators (iter/task, iter/bpf_map, ...): the kernel runs such a program when somebody reads the file that belongs to it,
 * once for each thing that it lists. The holder reads it once, when the workload has ended, and keeps the text.
 */
#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

/* Bytes that are kept of one. */
#define MOST (4 << 20)

bool is_iter(const char *section)
{
	return strncmp(section, "iter/", 5) == 0 || strncmp(section, "iter.s/", 7) == 0;
}

static int copy_text(int from, int to)
{
	char text[65536];
	size_t kept = 0;
	ssize_t got;

	while ((got = read(from, text, sizeof(text))) > 0 || (got < 0 && errno == EAGAIN)) {
		if (got < 0)
			continue;
		if (kept + (size_t)got > MOST)
			return -EFBIG;
		if (write(to, text, (size_t)got) != got)
			return -errno;
		kept += (size_t)got;
	}
	return got < 0 ? -errno : 0;
}

static void read_one(const struct options *options, const struct attachment *a)
{
	char path[512];
	int from = bpf_iter_create(bpf_link__fd(a->link)), to, error;

	if (from < 0) {
		fail("read the iterator", bpf_program__name(a->program), from);
		return;
	}
	snprintf(path, sizeof(path), "%s/iter-%s.out", options->dir, bpf_program__name(a->program));
	to = result_create(path);
	error = to < 0 ? to : copy_text(from, to);
	if (error)
		fail("keep the text of the iterator", bpf_program__name(a->program), error);
	if (to >= 0)
		close(to);
	close(from);
}

void iter_read(const struct options *options, const struct attachment *attachments, int count)
{
	for (int i = 0; i < count; i++)
		if (attachments[i].link && is_iter(bpf_program__section_name(attachments[i].program)))
			read_one(options, &attachments[i]);
}
