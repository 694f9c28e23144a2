/* readinode FILE: says the inode and the size of FILE, as stat() has them, and who it is itself, and reads one byte. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	struct stat stat;
	char byte;

	if (fd < 0 || fstat(fd, &stat) != 0) {
		fputs("usage: readinode FILE\n", stderr);
		return 2;
	}
	printf("inode %lu, %ld bytes\n", stat.st_ino, stat.st_size);
	printf("process %d, child of %d\n", getpid(), getppid());
	return read(fd, &byte, 1) == 1 ? 0 : 1;
}
