/*
 * The files of a run, below a directory that everybody who is root in the guest can write to. Those of a run have no
 * name there while they are written, so that nobody can cut, replace or write over them by it; what is sent is what the
 * holder has open. Whoever puts a file of such a name into the directory all the same is reported, and watch.c reports
 * who opens one through /proc.
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

/* Files of a run, and not of what is the same for a whole boot: those are more than one process can have open. */
static bool is_unnamed;

void result_begin(void)
{
	is_unnamed = true;
}

bool result_is_whole(void)
{
	return is_unnamed;
}

/* Keeps a file for the end, with a descriptor of its own. 0 or -errno. */
static int keep(const char *path, int fd, bool was_there)
{
	int own = file_count < MOST ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	char *copy = own < 0 ? NULL : strdup(path);

	if (!copy) {
		if (own >= 0)
			close(own);
		return is_unnamed ? -EMFILE : 0; /* one that has a name is sent by it */
	}
	files[file_count].path = copy;
	files[file_count].fd = own;
	files[file_count++].was_there = was_there;
	return 0;
}

/* A file that the holder writes a second time: emptied. A descriptor, or -1 where it is not one of those. */
static int reopen(const char *path)
{
	for (int i = 0; i < file_count; i++)
		if (strcmp(files[i].path, path) == 0 && ftruncate(files[i].fd, 0) == 0 && lseek(files[i].fd, 0, SEEK_SET) == 0)
			return fcntl(files[i].fd, F_DUPFD_CLOEXEC, 3);
	return -1;
}

static int create(const char *path, bool *was_there)
{
	int fd;

	while ((fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0) {
		if (errno != EEXIST || *was_there || unlink(path) != 0)
			return -errno;
		*was_there = true;
	}
	if (is_unnamed)
		unlink(path);
	return fd;
}

/* A new, empty file to write and read. A descriptor or -errno. */
int result_create(const char *path)
{
	int fd = reopen(path), error;
	bool was_there = false;

	if (fd >= 0)
		return fd;
	fd = create(path, &was_there);
	if (fd < 0)
		return fd;
	error = keep(path, fd, was_there);
	if (error)
		close(fd);
	return error ? error : fd;
}

/* What was written to one of them so far, up to size - 1 bytes, and NUL. Length, or -1 where there is no such file. */
long result_read(const char *path, char *buffer, size_t size)
{
	for (int i = 0; i < file_count; i++)
		if (strcmp(files[i].path, path) == 0) {
			long length = pread(files[i].fd, buffer, size - 1, 0);

			buffer[length > 0 ? length : 0] = 0;
			return length;
		}
	return -1;
}

/* The path of a file of the run that another process has open; NULL for any other. */
const char *result_known(const struct stat *file)
{
	struct stat own;

	for (int i = 0; i < file_count; i++)
		if (fstat(files[i].fd, &own) == 0 && own.st_dev == file->st_dev && own.st_ino == file->st_ino)
			return files[i].path;
	return NULL;
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

/* Whether the name is the holder's: nobody's, or that of the file itself (strace's). */
static bool is_untouched(const char *path, int fd)
{
	struct stat ours, theirs;

	return lstat(path, &theirs) != 0 || (fstat(fd, &ours) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino);
}

/* Reports names under which somebody else put a file. */
void result_check(void)
{
	for (int i = 0; i < file_count; i++) {
		if (!files[i].was_there && is_untouched(files[i].path, files[i].fd))
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
