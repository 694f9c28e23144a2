/*
 * A program with libbpf and a skeleton: opens the file TIMES times, and says how many of its openings its own
 * tracepoint saw.
 */
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "opens.skel.h"
#include "said.h"

static int on_record(void *count, void *data, size_t size)
{
	(void)data;
	(void)size;
	(*(int *)count)++;
	return 0;
}

int main(int argc, char **argv)
{
	struct opens *skel = opens__open();
	struct ring_buffer *records;
	char byte, dir[256];
	int count = 0;

	if (!skel || argc < 2)
		return 1;
	skel->rodata->target = getpid();
	if (opens__load(skel) || opens__attach(skel))
		return 2;
	for (int i = 0; i < TIMES; i++) {
		int fd = open(argv[1], O_RDONLY);

		if (fd < 0 || read(fd, &byte, 1) != 1)
			return 3;
		close(fd);
	}
	opens__detach(skel);
	records = ring_buffer__new(bpf_map__fd(skel->maps.records), on_record, &count, NULL);
	ring_buffer__consume(records);
	said(count, getcwd(dir, sizeof(dir)), getenv("WHO"));
	return 0;
}
