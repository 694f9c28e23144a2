/* readpages FILE PAGES: one read() of so many pages, and how long it took. */
#include "clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE 4096

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;
	size_t size = fd < 0 ? 0 : strtoul(argv[2], NULL, 10) * PAGE, done = 0;
	char *buffer = size == 0 ? NULL : malloc(size);
	uint64_t begin;

	if (!buffer)
		return 2;
	/* Pages that were never written are missing: a copy to them would be cut short, and go on by a slower path. */
	for (size_t at = 0; at < size; at += PAGE)
		buffer[at] = 1;
	begin = now_ns();
	while (done < size) {
		ssize_t got = read(fd, buffer + done, size - done);

		if (got <= 0)
			return 1;
		done += (size_t)got;
	}
	printf("read took %llu ns\n", (unsigned long long)(now_ns() - begin));
	return 0;
}
