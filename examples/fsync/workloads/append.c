/* append FILE --count N: appends 4 KB and calls fsync(), N times. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char block[4096];
	int count = argc == 4 && strcmp(argv[2], "--count") == 0 ? atoi(argv[3]) : 0;
	int fd = count > 0 ? open(argv[1], O_CREAT | O_TRUNC | O_WRONLY, 0600) : -1;

	if (fd < 0) {
		fprintf(stderr, "usage: append FILE --count N\n");
		return 2;
	}
	memset(block, 'x', sizeof(block));
	while (count-- > 0)
		if (write(fd, block, sizeof(block)) != sizeof(block) || fsync(fd) != 0) {
			perror(argv[1]);
			return 1;
		}
	return 0;
}
