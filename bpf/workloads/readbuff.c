/*
 * readbuff FILE fd|buffer: reads one byte of FILE after telling the probe which read to look for, by its descriptor
 * (map wanted_fd) or by its buffer (wanted_buffer). Prints buffer and byte on both sides: its own, and the maps'
 * seen_buffer and seen_byte.
 */
#include "map.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	int by_buffer = argc == 3 && strcmp(argv[2], "buffer") == 0;
	int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;
	unsigned char *buffer = malloc(16);
	uint64_t address = (uint64_t)(uintptr_t)buffer;

	if (fd < 0 || !buffer) {
		fputs("usage: readbuff FILE fd|buffer\n", stderr);
		return 2;
	}
	if (by_buffer)
		map_put_first(map_open("wanted_buffer"), &address);
	else
		map_put_first(map_open("wanted_fd"), &fd);
	if (read(fd, buffer, 1) != 1)
		return 1;
	printf("buffer: 0x%lx here, 0x%lx in the map\n", address, map_first(map_open("seen_buffer")));
	printf("byte: %02x here, %02x in the map\n", buffer[0], (unsigned)map_first(map_open("seen_byte")));
	return 0;
}
