/*
 * Who opens a file of the run. It has no name, so that only /proc/PID/fd leads to it, and an event of inotify is of the
 * file itself.
 */
#include "holder.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define MOST 512

static struct {
	int wd;
	const char *path;
	bool reported;
} watched[MOST];
static int watched_count;
static int events = -1;

/*
 * Files that nobody else has a reason to open; a sample may well open its own output again, and strace has its file
 * open all the time.
 */
bool result_is_ours_alone(const char *name)
{
	static const char *const shared[] = { "probe-", "nothing", "strace" };

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strncmp(name, shared[i], strlen(shared[i])) == 0)
			return false;
	return true;
}

/* Which file a process has open, as each_opener() found it. */
static int found;

static bool is_watched(const char *unused, const struct stat *file)
{
	const char *path = result_known(file);

	(void)unused;
	for (found = 0; path && found < watched_count; found++)
		if (strcmp(watched[found].path, path) == 0)
			return true;
	return false;
}

static void report(int index, const char *how, pid_t pid, const char *comm)
{
	if (watched[index].reported)
		return;
	watched[index].reported = true;
	json_begin("touched");
	json_text("file", watched[index].path);
	json_text("how", how);
	if (pid > 0) {
		json_number("pid", pid);
		json_text("comm", comm);
	}
	json_end();
}

static void report_opener(const char *unused, pid_t pid, const char *comm)
{
	char own[16];

	(void)unused;
	/* The workload is a copy of this process until it is released. */
	snprintf(own, sizeof(own), "%d", pid);
	if (!is_our_child(own))
		report(found, "open", pid, comm);
}

/* From here on. Who has one open already, the caller is to find out: by what is returned. */
struct sought result_watch_start(void)
{
	char link[64];
	const char *path;
	int fd;

	events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (int i = 0; (path = result_file(i, &fd)) && watched_count < MOST; i++) {
		if (!result_is_ours_alone(strrchr(path, '/') + 1))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		watched[watched_count].wd = events < 0 ? -1 : inotify_add_watch(events, link, IN_OPEN);
		watched[watched_count++].path = path;
	}
	return (struct sought){ is_watched, report_opener };
}

static int wanted;
static pid_t who;
static char who_comm[64];

static bool is_wanted(const char *name, const struct stat *file)
{
	return is_watched(name, file) && found == wanted;
}

static void note(const char *unused, pid_t pid, const char *comm)
{
	(void)unused;
	who = pid;
	snprintf(who_comm, sizeof(who_comm), "%s", comm);
}

/* Who did it is known if they still have it open. */
static void report_event(int wd)
{
	for (wanted = 0; wanted < watched_count && watched[wanted].wd != wd;)
		wanted++;
	if (wanted == watched_count || watched[wanted].reported)
		return;
	who = 0;
	each_opener(&(struct sought){ is_wanted, note }, 1);
	report(wanted, "opened", who, who_comm);
}

void result_watch_look(void)
{
	static char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length = events < 0 ? -1 : read(events, buffer, sizeof(buffer));

	for (char *at = buffer; length > 0 && at < buffer + length;) {
		const struct inotify_event *event = (void *)at;

		report_event(event->wd);
		at += sizeof(*event) + event->len;
	}
}
