#include "holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t stop_requested;
static int gate = -1;

static void on_stop(int signal)
{
	(void)signal;
	stop_requested = 1;
}

/* What the workload finds in place of trace_pipe. */
static const char *fifo_of(const struct options *options)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/nothing-workload", options->dir);
	return path;
}

/* ENOENT of a file that is there is about the interpreter that its first line names (execve(2)). */
static void say_not_started(const char *program, int error)
{
	char line[128] = "", *end;
	FILE *file = error == ENOENT ? fopen(program, "re") : NULL;

	if (!file || !fgets(line, sizeof(line), file) || strncmp(line, "#!", 2) != 0) {
		dprintf(2, "lab: cannot start %s: %s\n", program, file ? "the guest does not have its dynamic loader" : strerror(error));
		return;
	}
	end = line + 2 + strspn(line + 2, " \t");
	end[strcspn(end, " \t\r\n")] = 0;
	dprintf(2, "lab: cannot start %s: the guest does not have %s, which its first line names\n", program, end);
}

static void run_workload(const struct options *options, int wait_fd)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;
	char go;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(wait_fd, &go, 1) != 1) /* the holder gave up */
		_exit(127);
	close(wait_fd);
	dup2(in, 0);
	outputs_take();
	for (int i = 0; i < options->env_count; i++)
		putenv((char *)options->env[i]); /* a string of argv */
	if (options->hide_trace_pipe) {
		int error = trace_pipe_hide(fifo_of(options));

		if (error) {
			dprintf(2, "lab: cannot hide trace_pipe: %s\n", strerror(-error));
			_exit(127);
		}
	}
	if (chdir(options->cwd ? options->cwd : "/") != 0) {
		dprintf(2, "lab: cannot start in %s: %s\n", options->cwd ? options->cwd : "/", strerror(errno));
		_exit(127);
	}
	setenv("PWD", options->cwd ? options->cwd : "/", 1);
	execvp(options->workload[0], options->workload);
	say_not_started(options->workload[0], errno);
	_exit(127);
}

/*
 * Forks the workload and holds it before execve(), so that its pid is known (for map slots and filters) before it does
 * anything. Returns the pid or -errno.
 */
pid_t child_prepare(const struct options *options)
{
	struct sigaction stop = { .sa_handler = on_stop };
	sigset_t child;
	int pipe_fds[2], error;
	pid_t pid;

	/* Orphans of the workload become our children, so that none of them outlives the run. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);

	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return -errno;
	if ((error = outputs_open(options->dir)))
		return error;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(pipe_fds[1]);
		run_workload(options, pipe_fds[0]);
	}
	close(pipe_fds[0]);
	outputs_leave();
	gate = pipe_fds[1];
	return pid < 0 ? -errno : pid;
}

/* Lets the workload start. */
int child_release(void)
{
	int ok = write(gate, "g", 1) == 1;

	close(gate);
	gate = -1;
	return ok ? 0 : -errno;
}

static long long elapsed_ns(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000000000LL + (now.tv_nsec - since->tv_nsec);
}

/*
 * Waits for the workload's first process and says how it ended. 0, or -ETIMEDOUT, or -EINTR when the holder must stop.
 */
int child_wait(const struct options *options, pid_t pid)
{
	struct timespec start, slice = { 0, 20 * 1000 * 1000 };
	sigset_t child;
	int status;
	bool is_ended = false; /* by us, where it reads trace_pipe */

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (stop_requested || !json_alive())
			return -EINTR;
		if (options->hide_trace_pipe && !is_ended && trace_pipe_reached(fifo_of(options), pid)) {
			is_ended = true;
			kill(-pid, SIGINT);
		}
		follow_look(options);
		watch_look();
		foreign_look();
		mappings_look();
		if (elapsed_ns(&start) / 1000000 > options->deadline_ms)
			return -ETIMEDOUT;
		sigtimedwait(&child, NULL, &slice);
	}
	long long ns = elapsed_ns(&start);

	json_begin("exited");
	json_number("pid", pid);
	if (is_ended) { /* It had nothing left to do. */
		json_number("status", 0);
		json_text("endedAt", "trace_pipe");
	} else if (WIFSIGNALED(status))
		json_number("signal", WTERMSIG(status));
	else
		json_number("status", WEXITSTATUS(status));
	json_number("ms", ns / 1000000);
	json_number("ns", ns);
	json_end();
	return 0;
}

/*
 * The parent of a process that has not ended yet; 0 for any other. One whose main thread has ended is shown as a zombie
 * although other threads go on: a real zombie has only the one thread that waits to be reaped (num_threads, the 20th
 * field of proc(5)).
 */
static pid_t living_parent(const char *name)
{
	char path[300], stat[512], *after, state;
	int parent = 0, threads = 0;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", name);
	if (read_file(path, stat, sizeof(stat)) <= 0 || !(after = strrchr(stat, ')')) ||
	    sscanf(after + 1, " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d", &state, &parent,
		   &threads) != 3)
		return 0;
	return state == 'X' || (state == 'Z' && threads < 2) ? 0 : parent;
}

bool is_our_child(const char *name)
{
	return living_parent(name) == getpid();
}

static bool is_descendant(const char *name)
{
	char parent[16];
	pid_t pid = living_parent(name);

	/* A chain that is this long is none. */
	for (int depth = 0; pid > 1 && pid != getpid() && depth < 1000; depth++) {
		snprintf(parent, sizeof(parent), "%d", pid);
		pid = living_parent(parent);
	}
	return pid == getpid();
}

/*
 * Whether anything of the workload is left. What it started and left behind is our child then, or a descendant of one,
 * and waitpid() says without a look at every process that there is no child.
 */
static bool has_children(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid == 0 || errno != ECHILD;
}

/* The workload has ended: names what it started and what goes on. */
void child_survivors(void)
{
	char path[300], comm[64];
	struct dirent *entry;
	DIR *proc = has_children() ? opendir("/proc") : NULL;

	while (proc && (entry = readdir(proc))) {
		if (atoi(entry->d_name) <= 0 || !is_descendant(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		if (!setting_read(path, comm, sizeof(comm)))
			continue;
		json_begin("survivor");
		json_number("pid", atoi(entry->d_name));
		json_text("comm", comm);
		json_end();
	}
	if (proc)
		closedir(proc);
}

/* Ends the workload and everything that it left behind. Safe to call at any time. */
void child_end(const struct options *options, pid_t pid)
{
	if (options->hide_trace_pipe)
		trace_pipe_forget(fifo_of(options));
	if (gate >= 0)
		close(gate);
	gate = -1;
	if (pid > 0)
		kill(-pid, SIGKILL);
	for (int round = 0; round < 50 && has_children(); round++) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;
		int left = 0;

		while (proc && (entry = readdir(proc)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_our_child(entry->d_name)) {
				kill(atoi(entry->d_name), SIGKILL);
				left++;
			}
		if (proc)
			closedir(proc);
		if (left == 0)
			return;
		usleep(10000);
	}
}
