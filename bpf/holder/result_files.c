/*
 * The files of a run, below a directory that everybody who is root in the guest can write to. Each is created here and kept open: what is sent is
 * what the holder has written, and a file of that name that somebody put in its place is reported.
 */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 512

static struct {
	char *path;
	int fd;
	bool was_there; /* somebody made a file of this name before */
} files[MOST];
static int file_count;

static bool is_same(int fd, const char *path)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && lstat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* Keeps a file of a run for the end. Takes a descriptor of its own. */
static void keep(const char *path, int fd, bool was_there)
{
	int own = file_count < MOST ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	char *copy = own < 0 ? NULL : strdup(path);

	if (!copy) {
		if (own >= 0)
			close(own);
		return; /* it is sent by its name */
	}
	files[file_count].path = copy;
	files[file_count].fd = own;
	files[file_count++].was_there = was_there;
}

/* A file that the holder writes a second time: emptied. A descriptor, or -1 where it is not one of those. */
static int reopen(const char *path)
{
	for (int i = 0; i < file_count; i++)
		if (strcmp(files[i].path, path) == 0 && is_same(files[i].fd, path) && ftruncate(files[i].fd, 0) == 0 &&
		    lseek(files[i].fd, 0, SEEK_SET) == 0)
			return fcntl(files[i].fd, F_DUPFD_CLOEXEC, 3);
	return -1;
}

/* A new, empty file to write and read. A descriptor or -errno. */
int result_create(const char *path)
{
	int fd = reopen(path);
	bool was_there = false;

	if (fd >= 0)
		return fd;
	while ((fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0) {
		if (errno != EEXIST || was_there || unlink(path) != 0)
			return -errno;
		was_there = true;
	}
	keep(path, fd, was_there);
	return fd;
}

/* A file that somebody else writes for us (strace): the one that is there now. */
void result_adopt(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	keep(path, fd, false);
	close(fd);
}

/* Reports files that are no longer what the holder made. */
void result_check(void)
{
	for (int i = 0; i < file_count; i++) {
		if (!files[i].was_there && is_same(files[i].fd, files[i].path))
			continue;
		json_begin("replaced");
		json_text("file", strrchr(files[i].path, '/') + 1);
		json_end();
	}
}

/* The next file and its descriptor; NULL after the last. */
const char *result_file(int index, int *fd)
{
	if (index >= file_count)
		return NULL;
	*fd = files[index].fd;
	return files[index].path;
}
