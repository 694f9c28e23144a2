/* start PROGRAM: starts a program that does nothing and waits for it; "static" is this one, which is linked so. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: start PROGRAM\n");
		return 2;
	}
	if (strcmp(argv[1], "nothing") == 0)
		return 0;
	if (fork() == 0) {
		if (strcmp(argv[1], "static") == 0)
			execl("/proc/self/exe", "start", "nothing", NULL);
		else
			execl(argv[1], argv[1], "-c", "exit", NULL);
		perror(argv[1]);
		return 127;
	}
	if (wait(&status) < 0 || status != 0)
		return 1;
	getrusage(RUSAGE_CHILDREN, &used);
	printf("page faults: %ld\n", used.ru_minflt + used.ru_majflt);
	return 0;
}
