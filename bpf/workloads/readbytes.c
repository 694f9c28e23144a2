/* readbytes FILE: reads 16 bytes of FILE and prints them, beside what the probe read in the kernel (map seen_bytes). */
#include "map.h"

#include <fcntl.h>

static void print(const char *where, const unsigned char *bytes)
{
	printf("%s", where);
	for (int i = 0; i < 16; i++)
		printf(" %02x", bytes[i]);
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1, map = map_open("seen_bytes");
	unsigned char here[16] = {}, there[16] = {};

	if (fd < 0 || read(fd, here, 16) != 16) {
		fputs("usage: readbytes FILE (of 16 bytes at least)\n", stderr);
		return 2;
	}
	for (uint32_t i = 0; i < 2; i++)
		map_get(map, &i, there + 8 * i);
	print("here", here);
	print(", in the kernel", there);
	printf("\n");
	return 0;
}
