/*
 * Companions: programs with a loader of their own (the samples of the kernel tree) that run beside the workload. Each
 * is started before anything of ours is attached, since old ones clear kprobe_events; it is waited for until it holds
 * its programs, and it is stopped after the workload.
 */
#include "holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_LIMIT (16L << 20)
/* A companion counts as attached when it has held the same number of programs for this many looks. */
#define STEADY_LOOKS 10
#define LOOK_MS 30
/* Of 20 ms: bpftrace prints its maps when it is interrupted, which takes seconds in an emulated guest. */
#define STOP_LOOKS 500

static struct {
	const char *path;
	pid_t pid; /* 0 when it has ended */
} companions[MAX_COMPANIONS];
static int started;

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void file_of(const struct options *options, const char *path, char *file, size_t size)
{
	snprintf(file, size, "%s/probe-%s.out", options->dir, name_of(path));
}

static void run_companion(const struct options *options, const char *path, int out, pid_t holder)
{
	struct rlimit output = { OUTPUT_LIMIT, OUTPUT_LIMIT }, locked = { RLIM_INFINITY, RLIM_INFINITY };
	sigset_t none;
	int in = open("/dev/null", O_RDONLY), error;
	char fifo[512];

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != holder) /* it died before it could take us along */
		_exit(127);
	setrlimit(RLIMIT_FSIZE, &output);
	setrlimit(RLIMIT_MEMLOCK, &locked); /* kernels before 5.11 charge BPF memory to it */
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	snprintf(fifo, sizeof(fifo), "%s/nothing", options->dir);
	error = trace_pipe_hide(fifo);
	if (error) {
		dprintf(2, "lab: cannot hide trace_pipe: %s\n", strerror(-error));
		_exit(127);
	}
	execl(path, path, NULL);
	dprintf(2, "lab: cannot start it: %s\n", strerror(errno));
	_exit(127);
}

/* Descriptors of a process that are BPF programs; -1 when it cannot be asked. */
static int programs_of(pid_t pid)
{
	char path[300], target[64];
	struct dirent *entry;
	DIR *fds;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return -1;
	while ((entry = readdir(fds))) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", pid, entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = 0;
		count += strcmp(target, "anon_inode:bpf-prog") == 0;
	}
	closedir(fds);
	return count;
}

static void json_status(int status)
{
	if (WIFSIGNALED(status))
		json_number("signal", WTERMSIG(status));
	else
		json_number("status", WEXITSTATUS(status));
}

static void json_said(const struct options *options, const char *path)
{
	static char said[4096];
	char file[512];

	file_of(options, path, file, sizeof(file));
	if (result_read(file, said, sizeof(said)) > 0)
		json_text("said", said);
}

/*
 * Programs is -1 for one that has ended: looks at its descriptors, now and then, need not have seen all that it held.
 */
static void report(const struct options *options, const char *path, const char *state, int programs, int status)
{
	json_begin("companion");
	json_text("name", name_of(path));
	json_text("state", state);
	if (programs >= 0)
		json_number("programs", programs);
	json_status(status);
	if (strcmp(state, "attached") != 0)
		json_said(options, path);
	json_end();
}

/* How one ended that ran beside the workload; early: before it was asked to. */
static void report_end(const struct options *options, const char *path, bool early, int status)
{
	json_begin("companion-ended");
	json_text("name", name_of(path));
	json_number("early", early);
	json_status(status);
	if (status)
		json_said(options, path);
	json_end();
}

/* Waits until it holds its programs, or has ended, or the time is over. 0 when the run can go on. */
static int wait_ready(const struct options *options, int index)
{
	const char *path = companions[index].path;
	pid_t pid = companions[index].pid;
	int before = 0, steady = 0, status;

	for (long waited = 0; waited < options->deadline_ms; waited += LOOK_MS) {
		int now = programs_of(pid);

		if (waitpid(pid, &status, WNOHANG) == pid) {
			companions[index].pid = 0;
			report(options, path, "ended", -1, status);
			return status ? -ECHILD : 0;
		}
		if (stop_requested || !json_alive())
			return -EINTR;
		steady = now > 0 && now == before ? steady + 1 : 0;
		before = now;
		if (steady >= STEADY_LOOKS) {
			report(options, path, "attached", now, 0);
			return 0;
		}
		usleep(LOOK_MS * 1000);
	}
	report(options, path, "late", before < 0 ? 0 : before, 0);
	return -ETIMEDOUT;
}

/* Starts every companion and waits for each. 0 or -errno; what went wrong was reported. */
int companions_start(const struct options *options)
{
	pid_t holder = getpid();

	for (int i = 0; i < options->companion_count; i++) {
		char file[512];
		int error, out;

		fflush(stdout);
		file_of(options, options->companions[i], file, sizeof(file));
		out = result_create(file);
		companions[i].path = options->companions[i];
		companions[i].pid = fork();
		if (companions[i].pid < 0)
			return -errno;
		if (companions[i].pid == 0)
			run_companion(options, options->companions[i], out, holder);
		close(out);
		started = i + 1;
		error = wait_ready(options, i);
		if (error)
			return error;
	}
	return 0;
}

/* Stops those that still run: SIGINT first, as from a terminal, so that they can print what they know. */
void companions_stop(const struct options *options)
{
	char fifo[512];

	for (int i = 0; i < started; i++) {
		pid_t pid = companions[i].pid;
		int status = 0;
		bool early, ended;

		if (pid <= 0)
			continue;
		early = ended = waitpid(pid, &status, WNOHANG) == pid;
		if (!ended)
			kill(pid, SIGINT);
		for (int look = 0; look < STOP_LOOKS && !ended; look++) {
			ended = waitpid(pid, &status, WNOHANG) == pid;
			if (!ended)
				usleep(20000);
		}
		kill(-pid, SIGKILL);
		if (!ended)
			waitpid(pid, &status, 0);
		report_end(options, companions[i].path, early, status);
		companions[i].pid = 0;
	}
	snprintf(fifo, sizeof(fifo), "%s/nothing", options->dir);
	unlink(fifo);
}
