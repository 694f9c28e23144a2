/*
 * passfd FILE: opens FILE, puts its descriptor into the map wanted_fd, reads one byte, and prints the descriptor on
 * both sides: its own, and what the probe put into seen_fd.
 */
#include "map.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1; /* first: a program's first file is always fd 3 */
	char byte;

	if (fd < 0) {
		fputs("usage: passfd FILE (that can be read)\n", stderr);
		return 2;
	}
	map_put_first(map_open("wanted_fd"), &fd);

	int seen = map_open("seen_fd");

	if (read(fd, &byte, 1) != 1)
		return 1;
	printf("fd: %d here, %d in the map\n", fd, (int)map_first(seen));
	return 0;
}
