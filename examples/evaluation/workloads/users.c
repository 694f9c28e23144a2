/*
 * users FILE PAGES USERS TIMES: so many processes, each with a buffer of its own, read so many pages of a file at the
 * same time, and again, so many times. Says how long each time took, divided by the number of processes: on one CPU
 * that is what a read costs.
 */
#include "clock.h"
#include "map.h"

#include <fcntl.h>
#include <sys/wait.h>

#define PAGE 4096
#define MOST 64
#define GO 'g'
#define END 'e'
#define FAILED 'f'

/* Reads the file once for each GO and says when it has done so. */
static int be_user(const char *file, size_t size, int commands, int done)
{
	int fd = open(file, O_RDONLY);
	char *buffer = fd < 0 ? NULL : malloc(size), command = GO;

	if (!buffer)
		return 2;
	/* Pages that were never written are missing: a copy to them would be cut short, and go on by a slower path. */
	for (size_t at = 0; at < size; at += PAGE)
		buffer[at] = 1;
	if (write(done, &command, 1) != 1)
		return 2;
	while (read(commands, &command, 1) == 1 && command == GO) {
		lseek(fd, 0, SEEK_SET);
		for (size_t at = 0; at < size;) {
			ssize_t got = read(fd, buffer + at, size - at);

			if (got <= 0)
				return 1;
			at += (size_t)got;
		}
		if (write(done, &command, 1) != 1)
			return 2;
	}
	return 0;
}

static int commands[MOST];

static void tell_all(int users, char command)
{
	for (int user = 0; user < users; user++)
		if (write(commands[user], &command, 1) != 1)
			exit(2);
}

static void wait_for_all(int users, int done)
{
	char answer;

	for (int user = 0; user < users; user++)
		if (read(done, &answer, 1) != 1 || answer == FAILED)
			exit(1);
}

int main(int argc, char **argv)
{
	size_t size = argc == 5 ? strtoul(argv[2], NULL, 10) * PAGE : 0;
	long users = argc == 5 ? strtol(argv[3], NULL, 10) : 0, times = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	int map = map_open("users"), done[2], command[2];
	uint32_t one = 1;

	if (size == 0 || users < 1 || users > MOST || pipe(done) != 0)
		return 2;
	for (int user = 0; user < users; user++) {
		if (pipe(command) != 0)
			return 2;
		pid_t pid = fork();

		if (pid == 0) {
			close(done[0]);
			close(command[1]);
			if (be_user(argv[1], size, command[0], done[1]) == 0)
				return 0;
			return write(done[1], &(char){ FAILED }, 1) == 1 ? 1 : 2;
		}
		if (pid < 0)
			return 2;
		/* The probe takes calls of these processes. */
		map_put(map, &(uint32_t){ (uint32_t)pid }, &one);
		close(command[0]);
		commands[user] = command[1];
	}
	close(done[1]);
	wait_for_all((int)users, done[0]);
	for (long time = 0; time < times; time++) {
		uint64_t begin = now_ns();

		tell_all((int)users, GO);
		wait_for_all((int)users, done[0]);
		printf("a read took %llu ns\n", (unsigned long long)((now_ns() - begin) / (uint64_t)users));
	}
	tell_all((int)users, END);
	for (long user = 0; user < users; user++) {
		int status;

		if (wait(&status) < 0 || status != 0)
			return 1;
	}
	return 0;
}
