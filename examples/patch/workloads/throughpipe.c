/* throughpipe BYTES: writes BYTES to a pipe that a child reads, and says how often the writer had to sleep. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char block[64 * 1024];

int main(int argc, char **argv)
{
	long left = argc == 2 ? atol(argv[1]) : 0;
	struct rusage before, after;
	int ends[2];

	if (left < 1 || pipe(ends) != 0) {
		fprintf(stderr, "usage: throughpipe BYTES\n");
		return 2;
	}
	if (fork() == 0) {
		close(ends[1]);
		while (read(ends[0], block, sizeof(block)) > 0)
			;
		return 0;
	}
	close(ends[0]);
	getrusage(RUSAGE_SELF, &before);
	while (left > 0) {
		ssize_t written = write(ends[1], block, left < (long)sizeof(block) ? (size_t)left : sizeof(block));

		if (written < 0) {
			perror("write");
			return 1;
		}
		left -= written;
	}
	getrusage(RUSAGE_SELF, &after);
	printf("the writer slept %ld times\n", after.ru_nvcsw - before.ru_nvcsw);
	close(ends[1]);
	return wait(NULL) < 0;
}
