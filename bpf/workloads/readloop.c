/* readloop FILE COUNT: reads the same 16 bytes COUNT times and prints what one read() took on average. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;
	long count = argc == 3 ? atol(argv[2]) : 0;
	char buffer[16];

	if (fd < 0 || count < 1)
		return 2;
	/* The first read brings the page into the cache and the code under the emulator's eyes. */
	for (int i = 0; i < 100; i++)
		if (pread(fd, buffer, sizeof(buffer), 0) != sizeof(buffer))
			return 1;
	uint64_t start = now();
	for (long i = 0; i < count; i++)
		if (pread(fd, buffer, sizeof(buffer), 0) != sizeof(buffer))
			return 1;
	printf("a read took %.1f ns\n", (double)(now() - start) / (double)count);
	return 0;
}
