/*
 * failures FILE BYTES CALLS: so many reads of so many bytes, each under a probe that should keep the kernel from
 * copying them. Says how many of them were copied all the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No byte of the file: a buffer that holds nothing else was not written. */
#define MARK 0x5a

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDONLY) : -1, failed = 0;
	size_t size = fd < 0 ? 0 : strtoul(argv[2], NULL, 10);
	unsigned long calls = fd < 0 ? 0 : strtoul(argv[3], NULL, 10);
	char *buffer = size == 0 ? NULL : malloc(size);

	if (!buffer)
		return 2;
	for (unsigned long call = 0; call < calls; call++) {
		memset(buffer, MARK, size);
		if (pread(fd, buffer, size, 0) != (ssize_t)size)
			return 1;
		for (size_t at = 0; at < size; at++)
			if (buffer[at] != MARK) {
				failed++;
				break;
			}
	}
	printf("failed: %d of %lu\n", failed, calls);
	return 0;
}
