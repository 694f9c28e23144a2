/*
 * spin MS: computes for MS milliseconds of its own time in one function, then says where the probe's samples of this
 * process lie: in that function or elsewhere.
 */
#include "map.h"

#include <time.h>

/* In a section of its own, so that the linker says where it begins and ends. */
__attribute__((noinline, section("spin"))) static uint64_t work(uint64_t x)
{
	for (int i = 0; i < 200000; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	return x;
}

extern const char __start_spin[], __stop_spin[];

int main(int argc, char **argv)
{
	int ms = argc == 2 ? atoi(argv[1]) : 0;
	uint64_t x = 1, key, *previous = NULL, count, inside = 0, all = 0;

	if (ms < 1) {
		fputs("usage: spin MS\n", stderr);
		return 2;
	}
	while (clock() < (clock_t)ms * (CLOCKS_PER_SEC / 1000))
		x = work(x);

	int samples = map_open("samples");

	while (map_next(samples, previous, &key) == 0) {
		if (map_get(samples, &key, &count) == 0) {
			all += count;
			if (key >= (uint64_t)__start_spin && key < (uint64_t)__stop_spin)
				inside += count;
		}
		previous = &key;
	}
	printf("samples: %s, %s in work()\n", all >= (uint64_t)ms / 10 ? "enough" : "too few", inside * 2 > all ? "most" : "few");
	printf("%lu samples of this process, %lu in work() (%lx)\n", all, inside, x & 1);
	return 0;
}
