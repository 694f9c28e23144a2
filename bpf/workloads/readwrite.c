/*
 * readwrite FILE read|write COUNT: opens FILE, reads its first page or writes it COUNT times, and closes it.
 *
 * Each step is a function of its own, so that it has a frame of its own in a stack (flags: [-fno-omit-frame-pointer]).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char page[4096];

static __attribute__((noinline)) int open_file(const char *file)
{
	int fd = open(file, O_RDWR);

	if (fd < 0)
		perror(file);
	return fd;
}

static __attribute__((noinline)) int read_pages(int fd, int count)
{
	for (int i = 0; i < count; i++)
		if (pread(fd, page, sizeof(page), 0) < 0)
			return 1;
	return 0;
}

static __attribute__((noinline)) int write_pages(int fd, int count)
{
	for (int i = 0; i < count; i++)
		if (pwrite(fd, page, sizeof(page), i * (off_t)sizeof(page)) != sizeof(page))
			return 1;
	return fsync(fd);
}

int main(int argc, char **argv)
{
	int fd, error;

	if (argc != 4) {
		fputs("usage: readwrite FILE read|write COUNT\n", stderr);
		return 2;
	}
	fd = open_file(argv[1]);
	if (fd < 0)
		return 1;
	error = strcmp(argv[2], "write") == 0 ? write_pages(fd, atoi(argv[3])) : read_pages(fd, atoi(argv[3]));
	printf("%s: %s %s times\n", argv[1], argv[2], argv[3]);
	return close(fd) != 0 || error;
}
