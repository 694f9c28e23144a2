/* What a guest needs to know that goes on from a snapshot: the time, and randomness that no other copy of it has. */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Since 4.17; the headers that the C library was built with may be older. */
#ifndef RNDRESEEDCRNG
#define RNDRESEEDCRNG _IO('R', 0x07)
#endif

#define MAX_SEED 256

static int set_clock(const char *now)
{
	char *point;
	struct timespec time = { .tv_sec = strtoll(now, &point, 10) };

	if (*point == '.')
		time.tv_nsec = strtol(point + 1, NULL, 10) * 1000000;
	return clock_settime(CLOCK_REALTIME, &time) == 0 ? 0 : errno;
}

/* Credits the seed, and makes the kernel's generator take it up now and not in five minutes. */
static void reseed(const char *hex, int *added, int *taken_up)
{
	struct {
		struct rand_pool_info info;
		char bytes[MAX_SEED];
	} seed;
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	size_t size = 0;
	unsigned byte;

	while (hex && size < MAX_SEED && sscanf(hex + 2 * size, "%2x", &byte) == 1)
		seed.bytes[size++] = (char)byte;
	seed.info.entropy_count = (int)size * 8;
	seed.info.buf_size = (int)size;
	*added = size == 0 ? ENODATA : ioctl(fd, RNDADDENTROPY, &seed.info) == 0 ? 0 : errno;
	*taken_up = ioctl(fd, RNDRESEEDCRNG) == 0 ? 0 : errno;
	/* Before 4.17 there is no such request; the pool is taken up when the next reader asks. */
	if (*taken_up == EINVAL)
		*taken_up = 0;
	close(fd);
}

static void say_file(const char *key, const char *path)
{
	char text[128] = "";
	long size = read_file(path, text, sizeof(text) - 1);

	text[size > 0 ? strcspn(text, "\n") : 0] = '\0';
	json_text(key, text);
}

static void say_facts(void)
{
	say_file("release", "/proc/sys/kernel/osrelease");
	say_file("bootId", "/proc/sys/kernel/random/boot_id");
	say_file("clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource");
}

/* What this guest is: the first words with it. */
int facts(void)
{
	json_begin("facts");
	say_facts();
	json_end();
	return 0;
}

/* now: SECONDS.MILLISECONDS since 1970. */
int wake(const char *now, const char *seed)
{
	int clock = set_clock(now), added, taken_up;

	reseed(seed, &added, &taken_up);
	json_begin("awake");
	say_facts();
	json_number("clock", clock);
	json_number("entropy", added);
	json_number("reseed", taken_up);
	json_end();
	return 0;
}
