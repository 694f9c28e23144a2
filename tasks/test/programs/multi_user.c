/* A program in the style of samples/bpf: bpf_load.h, maps by number, read_trace_pipe() at its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <bpf/bpf.h>
#include "bpf_load.h"

int main(int argc, char **argv)
{
	char filename[256], buffer[16];
	__u32 key = 0;
	__u64 value = 0;
	int fd;

	snprintf(filename, sizeof(filename), "%s_kern.o", argv[0]);
	if (load_bpf_file(filename)) {
		printf("%s", bpf_log_buf);
		return 1;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || read(fd, buffer, sizeof(buffer)) != sizeof(buffer))
		return 2;
	bpf_map_lookup_elem(map_fd[0], &key, &value);
	printf("reads seen: %llu\n", value);
	fflush(stdout);
	read_trace_pipe();
	return 0;
}
