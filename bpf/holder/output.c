/*
 * stdout and stderr of the workload: pipes, which the recorder empties into files. A file that the workload itself had
 * open could be cut or written over by every process of root (and by `echo >/dev/stderr` in a script); a pipe can only
 * be written to. Nobody sleeps in a read of it, so that a write wakes nobody up.
 */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is kept of each; a runaway loop must not eat the guest's memory. */
#define KEPT (64L << 20)
/* Room for what is written between two naps of the recorder. */
#define PIPE_SIZE (1 << 20)

static struct output {
	const char *name;
	int in, out; /* the ends of the pipe */
	int file;
	long kept;
	long long dropped;
} outputs[] = { { "stdout", -1, -1, -1, 0, 0 }, { "stderr", -1, -1, -1, 0, 0 } };
#define COUNT ((int)(sizeof(outputs) / sizeof(outputs[0])))

static int open_one(const char *dir, struct output *output)
{
	char path[512];
	int ends[2];

	snprintf(path, sizeof(path), "%s/%s", dir, output->name);
	output->file = result_create(path);
	if (output->file < 0)
		return output->file;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	output->in = ends[0];
	output->out = ends[1];
	fcntl(output->in, F_SETFL, O_NONBLOCK);
	fcntl(output->in, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

/* Before the workload is forked. 0 or -errno. */
int outputs_open(const char *dir)
{
	int error = 0;

	for (int i = 0; i < COUNT && !error; i++)
		error = open_one(dir, &outputs[i]);
	return error;
}

/* In the child. */
void outputs_take(void)
{
	for (int i = 0; i < COUNT; i++)
		dup2(outputs[i].out, i + 1);
}

/* In the parent: only the workload writes. */
void outputs_leave(void)
{
	for (int i = 0; i < COUNT; i++)
		if (outputs[i].out >= 0)
			close(outputs[i].out);
}

static ssize_t move(struct output *output)
{
	static char unkept[65536];
	ssize_t length;

	if (output->kept < KEPT) {
		length = splice(output->in, NULL, output->file, NULL, (size_t)(KEPT - output->kept), SPLICE_F_NONBLOCK);
		if (length > 0)
			output->kept += length;
		/* A file system without room: what does not fit is counted. */
		if (length >= 0 || errno == EAGAIN || errno == EINTR)
			return length;
	}
	length = read(output->in, unkept, sizeof(unkept));
	if (length > 0)
		output->dropped += length;
	return length;
}

/* Empties the pipes. One thread at a time: the recorder's, and after its end the main one. */
void outputs_drain(void)
{
	for (int i = 0; i < COUNT; i++)
		while (outputs[i].in >= 0 && move(&outputs[i]) > 0)
			;
}

/* When nobody is left who could write. */
void outputs_end(void)
{
	outputs_drain();
	for (int i = 0; i < COUNT; i++) {
		if (outputs[i].dropped > 0) {
			json_begin("output-cut");
			json_text("file", outputs[i].name);
			json_number("kept", outputs[i].kept);
			json_number("dropped", outputs[i].dropped);
			json_end();
		}
		if (outputs[i].file >= 0)
			close(outputs[i].file);
	}
}
