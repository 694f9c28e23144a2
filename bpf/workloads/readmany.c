/*
 * readmany FILE [fd|buffer]: opens FILE twice and reads 16 bytes of each into two buffers; then a child does the same.
 * In words: four reads by two processes of two files into two buffers each. Tells the probe which descriptor (map
 * only_fd) or buffer (only_buffer) is the one to follow: the second.
 */
#include "map.h"

#include <fcntl.h>
#include <sys/wait.h>

static char buffers[2][64];

static int read_both(const int *fds)
{
	for (int i = 0; i < 2; i++)
		if (lseek(fds[i], 0, SEEK_SET) != 0 || read(fds[i], buffers[i], 16) != 16)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *only = argc == 3 ? argv[2] : "";
	uint64_t address = (uint64_t)(uintptr_t)buffers[1];
	int fds[2], status = 0;

	for (int i = 0; i < 2; i++)
		if (argc < 2 || (fds[i] = open(argv[1], O_RDONLY)) < 0) {
			fputs("usage: readmany FILE [fd|buffer]\n", stderr);
			return 2;
		}
	if (strcmp(only, "fd") == 0)
		map_put_first(map_open("only_fd"), &fds[1]);
	if (strcmp(only, "buffer") == 0)
		map_put_first(map_open("only_buffer"), &address);
	printf("fds %d and %d, buffers %p and %p\n", fds[0], fds[1], (void *)buffers[0], (void *)buffers[1]);
	fflush(stdout);
	if (read_both(fds))
		return 1;

	pid_t child = fork();

	if (child == 0)
		_exit(read_both(fds));
	return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}
