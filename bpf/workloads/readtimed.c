/*
 * readtimed FILE: reads 16 bytes of FILE and says whether the durations that the probe measured fit into each other
 * (map took_ns, outermost first) and all into the time of the read() as seen from here.
 */
#include "map.h"

#include <fcntl.h>
#include <time.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1, map = map_open("took_ns"), nested = 1;
	uint64_t outer, took;
	char buffer[16];

	if (fd < 0)
		return 2;
	outer = now();
	if (read(fd, buffer, sizeof(buffer)) != sizeof(buffer))
		return 1;
	outer = now() - outer;
	printf("read took %lu ns\n", outer);
	for (uint32_t i = 0; map_get(map, &i, &took) == 0 && took > 0; i++) {
		nested = nested && took <= outer;
		outer = took;
		printf("function %u took %lu ns\n", i, took);
	}
	printf("%s\n", nested ? "each inside the one before" : "not each inside the one before");
	return 0;
}
