/* Who has a file open: the descriptors of all other processes, as /proc shows them. */
#include "holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether one of its descriptors is a file that `is_meant` knows; the name is as the process sees it. */
static bool has_open(const char *pid, bool (*is_meant)(const char *name, const struct stat *file), char *name, size_t size)
{
	char path[64];
	struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	fds = opendir(path);
	while (fds && !found && (entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, name, size - 1);
		struct stat file;

		if (length <= 0)
			continue;
		name[length] = 0;
		found = fstatat(dirfd(fds), entry->d_name, &file, 0) == 0 && is_meant(name, &file);
	}
	if (fds)
		closedir(fds);
	return found;
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
		if (atoi(entry->d_name) > 0)
			visit_descriptors(entry->d_name, is_meant, visit);
	if (proc)
		closedir(proc);
}

/* Calls `visit` with each other process that has such a file open, once a process. */
void each_opener(bool (*is_meant)(const char *name, const struct stat *file),
		 void (*visit)(const char *name, pid_t pid, const char *comm))
{
	char name[512], path[64], comm[64];
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || pid == getpid() || !has_open(entry->d_name, is_meant, name, sizeof(name)))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		if (!setting_read(path, comm, sizeof(comm)))
			comm[0] = 0;
		visit(name, pid, comm);
	}
	if (proc)
		closedir(proc);
}
