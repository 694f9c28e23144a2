/*
 * clocktrap MILLISECONDS whole|nanoseconds: waits, and says for how long: with the seconds of the clock, or by its
 * nanoseconds alone, which begin again with each second.
 */
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec begin, end;
	long long ns;

	if (argc != 3)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	usleep((useconds_t)strtoul(argv[1], NULL, 10) * 1000);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ns = end.tv_nsec - begin.tv_nsec;
	if (strcmp(argv[2], "whole") == 0)
		ns += (end.tv_sec - begin.tv_sec) * 1000000000LL;
	else if (ns < 0)
		ns += 1000000000;
	printf("took %lld ns\n", ns);
	return 0;
}
