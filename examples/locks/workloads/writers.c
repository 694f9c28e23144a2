/* writers FILE N: N processes write 4 MB each to one file, at the same time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int writer(const char *file, int number)
{
	static char block[64 * 1024];
	char name[24];
	int fd = open(file, O_CREAT | O_WRONLY, 0600);

	snprintf(name, sizeof(name), "writer-%d", number);
	prctl(PR_SET_NAME, name);
	for (int i = 0; i < 64; i++)
		if (pwrite(fd, block, sizeof(block), (off_t)i * sizeof(block)) != sizeof(block)) {
			perror(file);
			return 1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: writers FILE N\n");
		return 2;
	}
	for (int number = 1; number <= atoi(argv[2]); number++)
		if (fork() == 0)
			return writer(argv[1], number);
	while (wait(&status) > 0)
		if (status != 0)
			return 1;
	return 0;
}
