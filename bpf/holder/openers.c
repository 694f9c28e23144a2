/* Who has a file open: the descriptors of all other processes, as /proc shows them. */
#include "holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Whether a process can have files at all. Threads of the kernel, which are most of what /proc lists, have no memory of
 * their own, and so neither an executable nor descriptors; to ask for the executable is one call, and to list no
 * descriptors four.
 */
static bool may_have_files(const char *pid)
{
	char path[64], name[8];

	snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
	return readlink(path, name, sizeof(name)) >= 0 || errno != ENOENT;
}

/* Calls `visit` with each descriptor of a process whose name is meant. */
static void visit_descriptors(const char *pid, bool (*is_meant)(const char *name),
			      void (*visit)(const char *name, pid_t pid, const char *comm, int fd))
{
	char path[64], comm[64] = "", name[512];
	struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	setting_read(path, comm, sizeof(comm));
	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, name, sizeof(name) - 1);

		if (length <= 0)
			continue;
		name[length] = 0;
		if (is_meant(name))
			visit(name, atoi(pid), comm, atoi(entry->d_name));
	}
	if (fds)
		closedir(fds);
}

/* The same for every process, this one included. */
void each_descriptor(bool (*is_meant)(const char *name), void (*visit)(const char *name, pid_t pid, const char *comm, int fd))
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc)))
		if (atoi(entry->d_name) > 0 && may_have_files(entry->d_name))
			visit_descriptors(entry->d_name, is_meant, visit);
	if (proc)
		closedir(proc);
}

/* Tells each kind of file that is sought of the first descriptor of the process that is one. */
static void visit_files(const char *pid, const struct sought *sought, int count)
{
	char path[64], comm[64] = "", name[512];
	unsigned int told = 0, all = (1u << count) - 1;
	struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	fds = opendir(path);
	while (fds && told != all && (entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, name, sizeof(name) - 1);
		struct stat file;

		if (length <= 0 || fstatat(dirfd(fds), entry->d_name, &file, 0) != 0)
			continue;
		name[length] = 0;
		for (int i = 0; i < count; i++) {
			if ((told & (1u << i)) || !sought[i].is_meant(name, &file))
				continue;
			told |= 1u << i;
			snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
			setting_read(path, comm, sizeof(comm));
			sought[i].visit(name, atoi(pid), comm);
		}
	}
	if (fds)
		closedir(fds);
}

/* Looks through the descriptors of all other processes, for all kinds of files at once. */
void each_opener(const struct sought *sought, int count)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && pid != getpid() && may_have_files(entry->d_name))
			visit_files(entry->d_name, sought, count);
	}
	if (proc)
		closedir(proc);
}
