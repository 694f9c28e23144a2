/*
 * openfiles FILE COUNT: opens FILE COUNT times and prints each descriptor; with the maps enter_count and exit_count it
 * prints beside its own count how many opens of this process the probe counted.
 */
#include "map.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	int count = argc >= 3 ? atoi(argv[2]) : 0, counted = argc == 4 && strcmp(argv[3], "--counted") == 0;
	uint32_t pid = (uint32_t)getpid();
	uint64_t enters = 0, exits = 0;

	if (count < 1) {
		fputs("usage: openfiles FILE COUNT [--counted]\n", stderr);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		int fd = open(argv[1], O_RDONLY);

		if (fd < 0)
			return 1;
		printf("open %s = %d\n", argv[1], fd);
	}
	if (!counted)
		return 0;
	map_get(map_open("enter_count"), &pid, &enters);
	map_get(map_open("exit_count"), &pid, &exits);
	printf("opens: %d here, %lu entered and %lu left in the maps\n", count, enters, exits);
	return 0;
}
