/*
 * filtersum FILE PAGES [parse|strncmp]: the sum of all records from 500 on, of the first so many pages. Where the probe
 * is attached, the kernel has made it while it read, and copied nothing; where it is not, the records are parsed here,
 * in the same way. `strncmp`: the records are compared with a text and not parsed, which is other work. "reduced in" is
 * what the reduction took: in the kernel it cannot be told from the reading.
 */
#include "clock.h"
#include "map.h"

#include <fcntl.h>

#define PAGE 4096
#define CHUNK (64 * PAGE)

static char buffer[CHUNK];

static uint64_t sum_of(const unsigned char *data, size_t size)
{
	uint64_t sum = 0;

	for (size_t at = 0; at + 4 <= size; at += 4) {
		uint32_t value = (data[at] - '0') * 100u + (data[at + 1] - '0') * 10u + (data[at + 2] - '0');

		if (value >= 500)
			sum += value;
	}
	return sum;
}

/* What looks like the same filter: how many records do not begin with a letter. */
static uint64_t compared(const char *data, size_t size)
{
	uint64_t count = 0;

	for (size_t at = 0; at + 4 <= size; at += 4)
		count += strncmp(data + at, "aaaa", 4) != 0;
	return count;
}

/* The probe's map, or -1 where there is none. */
static int probes_map(void)
{
	union bpf_attr next = {};

	while (bpf_call(BPF_MAP_GET_NEXT_ID, &next) == 0) {
		int fd = map_named(next.next_id, "seen_sum");

		if (fd >= 0)
			return fd;
		next.start_id = next.next_id;
	}
	return -1;
}

int main(int argc, char **argv)
{
	int fd = argc == 3 || argc == 4 ? open(argv[1], O_RDONLY) : -1, map = probes_map();
	size_t left = fd < 0 ? 0 : strtoul(argv[2], NULL, 10) * PAGE;
	uint64_t sum = 0, begin, reduced = 0;
	uint32_t zero = 0;

	if (left == 0)
		return 2;
	memset(buffer, 1, sizeof(buffer));
	begin = now_ns();
	while (left > 0) {
		ssize_t got = read(fd, buffer, left < CHUNK ? left : CHUNK);

		if (got <= 0)
			return 1;
		if (map < 0) {
			uint64_t read_until = now_ns();

			sum += argc == 4 && strcmp(argv[3], "strncmp") == 0 ? compared(buffer, (size_t)got) : sum_of((unsigned char *)buffer, (size_t)got);
			reduced += now_ns() - read_until;
		}
		left -= (size_t)got;
	}
	if (map >= 0)
		map_get(map, &zero, &sum);
	begin = now_ns() - begin;
	printf("took %llu ns\nreduced in %llu ns\nsum: %llu\n", (unsigned long long)begin,
	       (unsigned long long)(map >= 0 ? begin : reduced), (unsigned long long)sum);
	return 0;
}
