#include "holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512

/* POSIX.1-1988 ustar: octal fields that end with NUL, a checksum over the header with its own field as blanks. */
struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100];
	char magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

static bool put(const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t wrote = write(STDOUT_FILENO, at, size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		at += wrote;
		size -= (size_t)wrote;
	}
	return true;
}

static bool put_header(const char *name, unsigned long long size)
{
	struct ustar header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
	unsigned sum = 0;

	snprintf(header.name, sizeof(header.name), "%s", name);
	snprintf(header.mode, sizeof(header.mode), "%07o", 0600);
	snprintf(header.uid, sizeof(header.uid), "%07o", 0);
	snprintf(header.gid, sizeof(header.gid), "%07o", 0);
	snprintf(header.size, sizeof(header.size), "%011llo", size);
	snprintf(header.mtime, sizeof(header.mtime), "%011o", 0);
	memset(header.checksum, ' ', sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += ((unsigned char *)&header)[i];
	snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
	return put(&header, sizeof(header));
}

/*
 * The file as it is from its beginning, wherever others have read or written it. As many bytes as the header promised,
 * whatever the file does meanwhile, and zeros up to the block's end.
 */
static bool put_file(int fd, unsigned long long size)
{
	static char buffer[1 << 16];
	unsigned long long left = (size + BLOCK - 1) / BLOCK * BLOCK;
	off_t at = 0;

	while (left > 0) {
		size_t want = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);
		ssize_t got = size > 0 ? pread(fd, buffer, size < want ? (size_t)size : want, at) : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			memset(buffer, 0, want);
			got = (ssize_t)want;
			size = 0;
		} else {
			size -= (unsigned long long)got;
			at += got;
		}
		if (!put(buffer, (size_t)got))
			return false;
		left -= (unsigned long long)got;
	}
	return true;
}

/* Sends a regular file under its last name, and removes that. */
static bool send_file(int fd, int dir, const char *name)
{
	struct stat stat;
	bool ok = true;

	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		ok = put_header(name, (unsigned long long)stat.st_size) && put_file(fd, (unsigned long long)stat.st_size);
	unlinkat(dir, name, 0);
	return ok;
}

/*
 * Writes the files of a run to stdout as a tar archive, those that the holder made first, and removes them and their
 * directory. Another process for that, and a shell around both, would cost as much as all the rest of a short run. 0 or
 * -errno.
 */
int send_files(const char *dir)
{
	static const char end[2 * BLOCK];
	DIR *list = opendir(dir);
	struct dirent *entry;
	bool ok = list != NULL;
	const char *path;
	int fd;

	for (int i = 0; ok && (path = result_file(i, &fd)); i++)
		ok = send_file(fd, dirfd(list), strrchr(path, '/') + 1);
	while (ok && (entry = readdir(list))) {
		fd = openat(dirfd(list), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		/* Of a run nothing else is sent: it is somebody else's. */
		if (entry->d_name[0] != '.' && result_is_whole())
			unlinkat(dirfd(list), entry->d_name, 0);
		else if (entry->d_name[0] != '.')
			ok = send_file(fd, dirfd(list), entry->d_name);
		close(fd);
	}
	ok = ok && put(end, sizeof(end));
	if (list)
		closedir(list);
	rmdir(dir);
	return ok ? 0 : errno ? -errno : -EIO;
}
