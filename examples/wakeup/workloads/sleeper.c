/*
 * sleeper --policy fifo|other|idle --load N --count M: sleeps in read() on CPU 0, beside N processes that never sleep,
 * and is woken M times from CPU 1, each time 1 to 2 ms after it was last awake. The waker spins: a timer would wake
 * together with the tick of the scheduler.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static double milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A process of its own that ends with this one. */
static int in_child(int cpu)
{
	if (fork() != 0)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(cpu);
	return 1;
}

int main(int argc, char **argv)
{
	int wakes[2];
	char byte = 0;
	volatile int *awake = mmap(NULL, sizeof(*awake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (argc != 7 || pipe(wakes) != 0) {
		fprintf(stderr, "usage: sleeper --policy fifo|other|idle --load N --count M\n");
		return 2;
	}
	for (int i = atoi(argv[4]); i > 0; i--)
		if (in_child(0))
			for (;;)
				;
	if (in_child(1))
		for (int done = 0;; done++) {
			while (*awake == done)
				;
			for (double last = milliseconds(), pause = 1 + (double)(random() % 1000) / 1000; milliseconds() - last < pause;)
				;
			if (write(wakes[1], &byte, 1) != 1)
				return 1;
		}

	int policy = strcmp(argv[2], "fifo") == 0 ? SCHED_FIFO : strcmp(argv[2], "idle") == 0 ? SCHED_IDLE : SCHED_OTHER;
	struct sched_param priority = { .sched_priority = policy == SCHED_FIFO };

	stay_on(0);
	if (sched_setscheduler(0, policy, &priority) != 0) {
		perror("sched_setscheduler");
		return 1;
	}
	for (int i = atoi(argv[6]); i > 0; i--) {
		++*awake;
		if (read(wakes[0], &byte, 1) != 1)
			return 1;
	}
	return 0;
}
