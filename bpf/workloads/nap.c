/*
 * nap COUNT MS: sleeps COUNT times for MS milliseconds, so that the CPUs have nothing to do. Prints what the probe
 * counted meanwhile: how often a CPU went idle, for how long all of them together, and how often a frequency changed.
 */
#include "map.h"

#include <time.h>

static uint64_t sum(const char *name)
{
	int map = map_open(name);
	uint64_t total = 0, value;

	for (uint32_t key = 0; map_get(map, &key, &value) == 0; key++)
		total += value;
	close(map);
	return total;
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[1]) : 0, ms = argc == 3 ? atoi(argv[2]) : 0;
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	if (count < 1 || ms < 1) {
		fputs("usage: nap COUNT MS\n", stderr);
		return 2;
	}
	uint64_t times = sum("idle_count"), ns = sum("idle_ns");

	for (int i = 0; i < count; i++)
		nanosleep(&pause, NULL);
	times = sum("idle_count") - times;
	ns = sum("idle_ns") - ns;
	printf("idle: %s, %s\n", times >= (uint64_t)count ? "at least once a nap" : "less than once a nap",
	       ns >= (uint64_t)count * (uint64_t)ms * 1000000 / 2 ? "half of the time and more" : "less than half of the time");
	printf("idle %lu times, %lu ns on all CPUs; %lu changes of frequency\n", times, ns, sum("freq_count"));
	return 0;
}
