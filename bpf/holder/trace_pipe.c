/*
 * Programs that print trace_pipe take the records away from our recorder. In a mount namespace of its own such a
 * program sees a FIFO there that nobody writes to, and sleeps. Where that is the last thing that a workload does
 * (read_trace_pipe() of samples/bpf never returns), the holder sees it and ends the workload.
 */
#include "holder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TF_PIPE "/trace_pipe"
/* The workload counts as finished when all of it has slept there for this many looks. */
#define STEADY_LOOKS 5

static int writer = -1;

/* In the child that will become the program. `fifo` is made there. 0 or -errno. */
int trace_pipe_hide(const char *fifo)
{
	static const char *const pipes[] = { "/sys/kernel/debug/tracing" TF_PIPE, TRACEFS TF_PIPE };

	if (mkfifo(fifo, 0600) != 0 && errno != EEXIST)
		return -errno;
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return -errno;
	for (size_t i = 0; i < sizeof(pipes) / sizeof(*pipes); i++)
		if (access(pipes[i], F_OK) == 0 && mount(fifo, pipes[i], NULL, MS_BIND, NULL) != 0)
			return -errno;
	return 0;
}

/* Whether a thread sleeps in a read of a pipe, or until a child of its process ends. */
static bool sleeps(const char *thread)
{
	static const char *const places[] = { "pipe_read", "pipe_wait", "do_wait", "anon_pipe_read", "fifo_open", "wait_for_partner" };
	char path[128], place[64];

	snprintf(path, sizeof(path), "%s/wchan", thread);
	if (!setting_read(path, place, sizeof(place)))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strcmp(place, places[i]) == 0)
			return true;
	return false;
}

static bool all_threads_sleep(const char *pid)
{
	char path[320];
	struct dirent *entry;
	bool asleep = true;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%.16s/task", pid);
	tasks = opendir(path);
	while (tasks && asleep && (entry = readdir(tasks)))
		if (isdigit((unsigned char)entry->d_name[0])) {
			snprintf(path, sizeof(path), "/proc/%.16s/task/%.16s", pid, entry->d_name);
			asleep = sleeps(path);
		}
	if (tasks)
		closedir(tasks);
	return asleep;
}

/*
 * Whether everything of the workload sleeps, and one of it in the FIFO. Asked again and again while the workload runs.
 */
bool trace_pipe_reached(const char *fifo, pid_t workload)
{
	static int steady;
	struct dirent *entry;
	bool asleep = true;
	DIR *proc;

	if (writer < 0) {
		/*
		 * Works only once somebody has it open for reading; kept, so that the reader waits and does not see an
		 * end.
		 */
		writer = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		steady = 0;
		return false;
	}
	proc = opendir("/proc");
	while (proc && asleep && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && getsid(atoi(entry->d_name)) == workload)
			asleep = all_threads_sleep(entry->d_name);
	if (proc)
		closedir(proc);
	steady = asleep ? steady + 1 : 0;
	return steady >= STEADY_LOOKS;
}

void trace_pipe_forget(const char *fifo)
{
	if (writer >= 0)
		close(writer);
	writer = -1;
	unlink(fifo);
}
