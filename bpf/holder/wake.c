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

/* Credits what stdin has, and makes the kernel's generator take it up now and not in five minutes. */
static void reseed(int *added, int *taken_up)
{
	struct {
		struct rand_pool_info info;
		char bytes[MAX_SEED];
	} seed;
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	ssize_t size = 0, got;

	while (size < MAX_SEED && (got = read(0, seed.bytes + size, MAX_SEED - size)) > 0)
		size += got;
	seed.info.entropy_count = size * 8;
	seed.info.buf_size = size;
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

/* now: SECONDS.MILLISECONDS since 1970. */
int wake(const char *now)
{
	int clock = set_clock(now), added, taken_up;

	reseed(&added, &taken_up);
	json_begin("awake");
	say_file("release", "/proc/sys/kernel/osrelease");
	say_file("bootId", "/proc/sys/kernel/random/boot_id");
	say_file("clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	json_number("clock", clock);
	json_number("entropy", added);
	json_number("reseed", taken_up);
	json_end();
	return 0;
}
