/*
 * randread FILE SIZE COUNT: reads SIZE bytes at COUNT random places, past the page cache, and prints what one read
 * took.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	long size = argc == 4 ? atol(argv[2]) : 0, count = argc == 4 ? atol(argv[3]) : 0;
	int fd = size > 0 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
	struct stat file;
	void *buffer;

	if (count < 1 || fd < 0 || fstat(fd, &file) != 0 || file.st_size < size || posix_memalign(&buffer, 4096, size) != 0) {
		fprintf(stderr, "usage: randread FILE SIZE COUNT, with a FILE of at least SIZE bytes\n");
		return 2;
	}
	srandom(1);
	double start = now();
	for (long i = 0; i < count; i++)
		if (pread(fd, buffer, size, random() % (file.st_size / size) * size) != size) {
			perror(argv[1]);
			return 1;
		}
	printf("a read took %.0f ns\n", (now() - start) / (double)count);
	return 0;
}
