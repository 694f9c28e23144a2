#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes the whole text with one write(), as the control files of tracefs want it. 0 or -errno. */
int write_file(const char *path, const char *text, bool append)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | (append ? O_APPEND : O_TRUNC));
	size_t length = strlen(text);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != (ssize_t)length)
		error = errno ? -errno : -EIO;
	close(fd);
	return error;
}

/* An empty file, for its name. 0 or -errno. */
int make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : close(fd);
}

/* Reads up to size - 1 bytes and ends them with NUL. Length or -errno. */
long read_file(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while (length < size - 1 && (got = read(fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	buffer[length] = 0;
	return (long)length;
}

const char *event_parts(const char *text, char *system, size_t size)
{
	const char *colon = strchr(text, ':');

	if (!colon)
		return NULL;
	snprintf(system, size, "%.*s", (int)(colon - text), text);
	return colon + 1;
}

/* Copies a file of proc or tracefs, whose size is not known before it is read. 0 or -errno. */
int copy_file(const char *from, const char *to)
{
	char buffer[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out, error = 0;
	ssize_t got;

	if (in < 0)
		return -errno;
	out = result_create(to);
	if (out < 0) {
		close(in);
		return out;
	}
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)got) != got) {
			error = errno ? -errno : -ENOSPC;
			break;
		}
	close(in);
	close(out);
	return error;
}
