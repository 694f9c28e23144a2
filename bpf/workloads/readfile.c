/*
 * readfile FILE --bytes N --count C: C times read(fd, buffer, N), and nothing else that touches the file.
 *
 * Prints what a probe's events can be compared with: the descriptor, the buffer's address, and the bytes of each read.
 * Built static: the dynamic loader would read() library headers from the same file system, on the path that is probed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
	fputs("usage: readfile FILE [--bytes N] [--count C]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	long bytes = 16, count = 1;
	const char *file = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--bytes") == 0 && i + 1 < argc)
			bytes = atol(argv[++i]);
		else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
			count = atol(argv[++i]);
		else if (!file)
			file = argv[i];
		else
			return usage();
	}
	if (!file || bytes < 1 || count < 1)
		return usage();

	int fd = open(file, O_RDONLY);
	if (fd < 0) {
		fprintf(stderr, "readfile: %s: %s\n", file, strerror(errno));
		return 1;
	}
	char *buffer = malloc((size_t)bytes);
	if (!buffer)
		return 1;
	printf("pid %d fd %d buffer %p\n", (int)getpid(), fd, (void *)buffer);
	for (long i = 0; i < count; i++) {
		/* From the start each time: every read has the same bytes to copy. */
		if (lseek(fd, 0, SEEK_SET) != 0)
			return 1;
		ssize_t got = read(fd, buffer, (size_t)bytes);
		if (got < 0) {
			fprintf(stderr, "readfile: read: %s\n", strerror(errno));
			return 1;
		}
		printf("read %ld got %zd first %02x\n", i + 1, got, got > 0 ? (unsigned char)buffer[0] : 0);
	}
	free(buffer);
	return close(fd) != 0;
}
