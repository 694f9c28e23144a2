/*
 * readpair FILE ROUNDS: two processes, each on a CPU of its own where there are two, read 16 bytes of FILE at the same
 * moment, ROUNDS times. Which of them is first nobody decides: that is what is to be seen.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set); /* with one CPU both stay where they are */
}

/* Both sides tell the other that they are here, and wait to be told. */
static int meet(int fd)
{
	char byte = 'x';

	return send(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, 0) == 1 ? 0 : 1;
}

static int reader(const char *file, long rounds, int cpu, int meeting)
{
	char buffer[16];
	int fd = open(file, O_RDONLY);

	stay_on(cpu);
	if (fd < 0)
		return 1;
	for (long i = 0; i < rounds; i++)
		if (meet(meeting) || pread(fd, buffer, sizeof(buffer), 0) != sizeof(buffer))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	long rounds = argc == 3 ? atol(argv[2]) : 0;
	int pair[2], status = 0;

	if (rounds < 1 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
		fputs("usage: readpair FILE ROUNDS\n", stderr);
		return 2;
	}

	pid_t child = fork();

	if (child == 0)
		_exit(reader(argv[1], rounds, 1, pair[1]));
	if (child < 0 || reader(argv[1], rounds, 0, pair[0]))
		return 1;
	return waitpid(child, &status, 0) != child || status != 0;
}
