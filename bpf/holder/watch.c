/*
 * Looks whether somebody touches the recording while the workload runs. Everybody who is root in the guest can read the
 * ring buffers empty, clear them or switch them off, and the kernel counts nothing of it as a loss. inotify tells of
 * each file of tracefs that is opened or written; what changes without that (a trigger of an event switches tracing
 * off) shows in the settings, which are read before and after.
 */
#include "holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TF(name) TRACEFS "/" name
#define TEXT 512
#define WRITTEN (IN_MODIFY | IN_CLOSE_WRITE)
#define TOUCHED (WRITTEN | IN_OPEN | IN_ACCESS)

/* Files whose reader takes events away, and files that decide what is recorded. */
static const struct {
	const char *name;
	uint32_t mask;
} telling[] = {
	{ "trace_pipe", IN_OPEN | IN_ACCESS }, { "trace_pipe_raw", IN_OPEN },	  { "trace", WRITTEN },
	{ "snapshot", WRITTEN },	       { "free_buffer", IN_OPEN },	  { "tracing_on", WRITTEN },
	{ "tracing_cpumask", WRITTEN },	       { "set_event", WRITTEN },	  { "set_event_pid", WRITTEN },
	{ "set_event_notrace_pid", WRITTEN },  { "set_ftrace_filter", WRITTEN },  { "set_ftrace_notrace", WRITTEN },
	{ "set_ftrace_pid", WRITTEN },	       { "buffer_size_kb", WRITTEN },	  { "trace_clock", WRITTEN },
	{ "current_tracer", WRITTEN },	       { "trace_options", WRITTEN },	  { "tracing_thresh", WRITTEN },
	{ "overwrite", WRITTEN },	       { "trace_printk", WRITTEN },	  { "enable", WRITTEN },
	{ "filter", WRITTEN },		       { "trigger", WRITTEN },		  { "enabled", WRITTEN },
};

struct text {
	char *path, *text;
};

struct directory {
	int wd;
	char *path;
};

/* Lists that grow; what finds no memory is not watched, and that is reported. */
static struct {
	int fd;
	struct directory *directories;
	struct text *texts;
	size_t directory_count, text_count;
	char *reported[64]; /* files that were reported, so that each is named once */
	size_t reported_count;
	const char *result_dir;
	bool reading_pauses; /* opening `trace` stops the recording (option pause-on-trace, which is off since 5.8) */
	bool short_of_memory;
} watch = { .fd = -1 };

static void *grown(void *list, size_t count, size_t size)
{
	void *larger = count % 64 == 0 ? realloc(list, (count + 64) * size) : list;

	if (!larger)
		watch.short_of_memory = true;
	return larger;
}

static void watch_directory(const char *path, uint32_t mask)
{
	struct directory *larger = grown(watch.directories, watch.directory_count, sizeof(*larger));
	int wd;

	if (!larger)
		return;
	watch.directories = larger;
	wd = inotify_add_watch(watch.fd, path, mask | IN_ONLYDIR);
	if (wd >= 0)
		watch.directories[watch.directory_count++] = (struct directory){ wd, strdup(path) };
}

static void add_text(const char *path, const char *text)
{
	struct text *larger = grown(watch.texts, watch.text_count, sizeof(*larger));

	if (!larger)
		return;
	watch.texts = larger;
	watch.texts[watch.text_count++] = (struct text){ strdup(path), strdup(text) };
}

static void keep_text(const char *path)
{
	char text[TEXT];

	if (setting_read(path, text, sizeof(text)))
		add_text(path, text);
}

static void watch_event(const char *dir, void *unused)
{
	static const char *const names[] = { "enable", "filter", "trigger" };
	char path[512];

	(void)unused;
	watch_directory(dir, TOUCHED);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		keep_text(path);
	}
}

static bool is_new(const char *path)
{
	for (size_t i = 0; i < watch.reported_count; i++)
		if (watch.reported[i] && strcmp(watch.reported[i], path) == 0)
			return false;
	if (watch.reported_count < sizeof(watch.reported) / sizeof(watch.reported[0]))
		watch.reported[watch.reported_count++] = strdup(path);
	return true;
}

static struct stat touched;
static pid_t who;
static char who_comm[64];

static bool is_sought(const char *name, const struct stat *file)
{
	(void)name;
	return file->st_dev == touched.st_dev && file->st_ino == touched.st_ino;
}

static void note_opener(const char *name, pid_t pid, const char *comm)
{
	(void)name;
	who = pid;
	snprintf(who_comm, sizeof(who_comm), "%s", comm);
}

static void report_begin(const char *path, const char *how)
{
	json_begin("touched");
	json_text("file", setting_name(path));
	json_text("how", how);
}

static void report_end(pid_t pid, const char *comm)
{
	if (pid > 0) {
		json_number("pid", pid);
		json_text("comm", comm);
	}
	json_end();
}

/* Who did it is known if they still have the file open. */
static void report(const char *path, const char *how)
{
	if (!is_new(path))
		return;
	who = 0;
	if (stat(path, &touched) == 0)
		each_opener(&(struct sought){ is_sought, note_opener }, 1);
	report_begin(path, how);
	report_end(who, who_comm);
}

static void take(const struct inotify_event *event)
{
	const char *dir = NULL;
	char path[1024];

	if (event->mask & IN_Q_OVERFLOW)
		report(TRACEFS, "too often");
	for (size_t i = 0; i < watch.directory_count && !dir; i++)
		if (watch.directories[i].wd == event->wd)
			dir = watch.directories[i].path;
	if (!dir || event->len == 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, event->name);
	if (strcmp(dir, watch.result_dir) == 0) {
		if ((event->mask & IN_OPEN) && result_is_ours_alone(event->name))
			report(path, "opened");
		return;
	}
	if (strcmp(event->name, "kprobe_events") == 0 && (event->mask & WRITTEN))
		foreign_expect();
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
		if (strcmp(telling[i].name, event->name) == 0 && (event->mask & telling[i].mask))
			report(path, event->mask & WRITTEN ? "written" : "opened");
	if (watch.reading_pauses && strcmp(event->name, "trace") == 0 && (event->mask & IN_OPEN))
		report(path, "opened");
}

/*
 * Reports what was touched since the last look, and not what is touched during this one: whoever touches a file each
 * time that the holder makes a system call (strace does) would keep it here for ever.
 */
void watch_look(void)
{
	static char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length;
	int waiting;

	result_watch_look();
	if (watch.fd < 0 || ioctl(watch.fd, FIONREAD, &waiting) != 0)
		return;
	for (; waiting > 0 && (length = read(watch.fd, buffer, sizeof(buffer))) > 0; waiting -= length)
		for (char *at = buffer; at < buffer + length;) {
			const struct inotify_event *event = (void *)at;

			take(event);
			at += sizeof(*event) + event->len;
		}
}

static dev_t tracefs;

/* trace_pipe, and trace_pipe and trace_pipe_raw of a CPU; an instance has buffers of its own. */
static bool is_pipe(const char *name, const struct stat *file)
{
	const char *base = strrchr(name, '/');

	return file->st_dev == tracefs && base && strncmp(base, "/trace_pipe", 11) == 0 && !strstr(name, "/instances/");
}

static void report_reader(const char *name, pid_t pid, const char *comm)
{
	const char *inside = strstr(name, "/tracing/");
	char path[600];

	snprintf(path, sizeof(path), TF("%s"), inside ? inside + strlen("/tracing/") : name);
	if (!is_new(path))
		return;
	report_begin(path, "open");
	report_end(pid, comm);
}

static struct sought readers(void)
{
	struct stat root;

	tracefs = stat(TRACEFS, &root) == 0 ? root.st_dev : 0;
	return (struct sought){ is_pipe, report_reader };
}

/* From here on. Everything that the holder itself sets for the run is set. */
void watch_start(const struct options *options)
{
	char path[256], system[128], text[TEXT];

	settings_switch_on();
	watch.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch.reading_pauses = !setting_read(TF("options/pause-on-trace"), text, sizeof(text)) || text[0] == '1';
	if (watch.fd < 0) { /* CONFIG_INOTIFY_USER */
		json_begin("unwatched");
		json_end();
	}
	watch.result_dir = options->dir;
	each_opener((struct sought[]){ readers(), result_watch_start() }, 2);
	watch_directory(options->dir, IN_OPEN);
	watch_directory(TRACEFS, TOUCHED);
	watch_directory(TF("options"), TOUCHED);
	watch_directory(TF("events"), TOUCHED);
	watch_directory("/sys/kernel/debug/kprobes", TOUCHED);
	for (int cpu = 0; cpu < capture_cpus(); cpu++) {
		snprintf(path, sizeof(path), TF("per_cpu/cpu%d"), cpu);
		watch_directory(path, TOUCHED);
	}
	for (int i = 0; i < options->event_count; i++)
		if (event_parts(options->events[i], system, sizeof(system))) {
			snprintf(path, sizeof(path), TF("events/%s"), system);
			watch_directory(path, TOUCHED);
		}
	each_setting(keep_text);
	add_text(TF("tracing_on"), "1");
	each_event(options, watch_event, NULL);
	if (options->kprobe_count > 0) {
		snprintf(path, sizeof(path), TF("events/%s/enable"), declared_group());
		keep_text(path);
		snprintf(path, sizeof(path), TF("events/%s"), declared_group());
		watch_directory(path, TOUCHED);
	}
}

static void compare_text(const struct text *before)
{
	char now[TEXT], by[256] = "";

	if (!before->path || !before->text)
		return;
	/*
	 * graph.c puts the workload there, and the kernel takes it away when it exits (option function-fork): only a
	 * write says more.
	 */
	if (strcmp(before->path, TF("set_ftrace_pid")) == 0 && strcmp(before->text, "no pid") != 0)
		return;
	if (!setting_read(before->path, now, sizeof(now)))
		snprintf(now, sizeof(now), "gone");
	if (strcmp(now, before->text) == 0)
		return;
	if (strcmp(before->path, TF("tracing_on")) == 0 && is_new(before->path))
		find_switch(by, sizeof(by));
	report_begin(before->path, "changed");
	json_text("was", before->text);
	json_text("now", now);
	if (by[0])
		json_text("by", setting_name(by));
	report_end(0, NULL);
}

/* After the workload, before the recording is stopped. */
void watch_stop(void)
{
	watch_look();
	if (watch.fd >= 0)
		close(watch.fd);
	watch.fd = -1;
	each_opener(&(struct sought){ is_pipe, report_reader }, 1);
	for (size_t i = 0; i < watch.text_count; i++)
		compare_text(&watch.texts[i]);
	if (watch.short_of_memory) {
		json_begin("unwatched");
		json_end();
	}
}
