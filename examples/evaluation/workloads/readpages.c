/*
 * readpages FILE PAGES [TIMES [cold|warm]]: a read of so many pages, so many times, and how long each of them took.
 * `warm`: they are read once before, and that is not measured.
 */
#include "clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096

int main(int argc, char **argv)
{
	int fd = argc >= 3 && argc <= 5 ? open(argv[1], O_RDONLY) : -1;
	size_t size = fd < 0 ? 0 : strtoul(argv[2], NULL, 10) * PAGE, done = 0;
	char *buffer = size == 0 ? NULL : malloc(size);
	uint64_t begin;

	if (!buffer)
		return 2;
	/* Pages that were never written are missing: a copy to them would be cut short, and go on by a slower path. */
	for (size_t at = 0; at < size; at += PAGE)
		buffer[at] = 1;
	while (argc == 5 && strcmp(argv[4], "warm") == 0 && read(fd, buffer, size) > 0)
		;
	for (long times = argc >= 4 ? strtol(argv[3], NULL, 10) : 1; times > 0; times--) {
		lseek(fd, 0, SEEK_SET);
		done = 0;
		begin = now_ns();
		while (done < size) {
			ssize_t got = read(fd, buffer + done, size - done);

			if (got <= 0)
				return 1;
			done += (size_t)got;
		}
		printf("read took %llu ns\n", (unsigned long long)(now_ns() - begin));
	}
	return 0;
}
