/*
 * readsum FILE BYTES: makes FILE with BYTES bytes, reads it with one read(), and prints the sum of the bytes on both
 * sides: of its buffer, and what the probe put into the maps seen_sum and seen_bytes.
 */
#include "map.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	size_t bytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned char *buffer = bytes > 0 ? malloc(bytes) : NULL;
	int fd = buffer ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
	uint64_t sum = 0;

	if (fd < 0) {
		fputs("usage: readsum FILE BYTES\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < bytes; i++)
		buffer[i] = (unsigned char)(i * 7 + i / 251);
	if (write(fd, buffer, bytes) != (ssize_t)bytes || lseek(fd, 0, SEEK_SET) != 0)
		return 1;
	memset(buffer, 0, bytes);
	if (read(fd, buffer, bytes) != (ssize_t)bytes)
		return 1;
	for (size_t i = 0; i < bytes; i++)
		sum += buffer[i];
	printf("sum: %lu here, %lu in the map\n", sum, map_first(map_open("seen_sum")));
	printf("bytes: %zu here, %lu in the map\n", bytes, map_first(map_open("seen_bytes")));
	unlink(argv[1]);
	return 0;
}
