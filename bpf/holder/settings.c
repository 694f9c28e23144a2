/*
 * Settings of tracefs that keep events out of a recording. Somebody may have left one behind in a VM that is up, so all
 * are reset before a run, which says so; watch.c looks whether they stay as they are.
 */
#include "holder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TF(name) TRACEFS "/" name
/* So much of a file's text is compared and reported. */
#define TEXT 512

/*
 * Each file with its text when it keeps nothing out, and with what makes it so. What a kernel does not have is left
 * out.
 */
static const struct setting {
	const char *path, *idle, *reset;
} settings[] = {
	{ TF("set_event_pid"), "", "" },
	{ TF("set_event_notrace_pid"), "", "" }, /* since 5.7 */
	{ TF("set_ftrace_pid"), "no pid", "" },
	{ TF("set_ftrace_notrace_pid"), "no pid", "" }, /* since 5.8 */
	{ TF("set_ftrace_filter"), "#### all functions enabled ####", "" },
	{ TF("set_ftrace_notrace"), "#### no functions disabled ####", "" },
	{ TF("tracing_thresh"), "0", "0" },
	/* Before 5.9 the printk of a BPF program is dropped without it (__trace_bprintk in kernel/trace/trace.c). */
	{ TF("options/trace_printk"), "1", "1" },
	{ TF("options/record-cmd"), "1", "1" },
	{ TF("buffer_subbuf_size_kb"), "4", "4" }, /* since 6.8; the recorder moves pages of 4 KiB */
	{ "/sys/kernel/debug/kprobes/enabled", "1", "1" },
	{ "/proc/sys/kernel/ftrace_enabled", "1", "1" },
};

/* Without the mount point, as people call a file of tracefs. */
const char *setting_name(const char *path)
{
	return strncmp(path, TF(""), sizeof(TF("")) - 1) == 0 ? path + sizeof(TF("")) - 1 : path;
}

/* The text of a file without the newline at its end. False where there is no such file. */
bool setting_read(const char *path, char *text, size_t size)
{
	long length = read_file(path, text, size);

	if (length < 0)
		return false;
	while (length > 0 && text[length - 1] == '\n')
		text[--length] = 0;
	return true;
}

static void report_reset(const char *path, const char *was, bool worked)
{
	json_begin("reset");
	json_text("setting", setting_name(path));
	json_text("was", was);
	json_number("worked", worked);
	json_end();
}

/*
 * Commands at functions ("vfs_read:traceoff:unlimited") stand among the names, and only "!NAME:COMMAND" takes one away.
 */
static void remove_commands(const char *path)
{
	static char text[65536];
	char line[TEXT], name[128], command[64];

	if (!setting_read(path, text, sizeof(text)))
		return;
	for (char *rest = text, *at; (at = strsep(&rest, "\n"));)
		if (sscanf(at, "%127[^:#]:%63[^:]", name, command) == 2) {
			snprintf(line, sizeof(line), "!%s:%s\n", name, command);
			write_file(path, line, true);
		}
}

static void reset_setting(const struct setting *setting)
{
	char text[TEXT], now[TEXT];

	if (!setting_read(setting->path, text, sizeof(text)) || strcmp(text, setting->idle) == 0)
		return;
	if (strcmp(setting->path, TF("set_ftrace_filter")) == 0)
		remove_commands(setting->path);
	write_file(setting->path, setting->reset, false);
	report_reset(setting->path, text, setting_read(setting->path, now, sizeof(now)) && strcmp(now, setting->idle) == 0);
}

/* Hexadecimal digits in groups of 32 bits, the lowest CPU last: "ff,ffffffff". */
static bool has_all_cpus(const char *mask, long cpus)
{
	long cpu = 0;

	for (const char *at = mask + strlen(mask); at-- > mask && cpu < cpus;) {
		char digit[2] = { *at, 0 };

		if (*at == ',')
			continue;
		for (long bits = strtol(digit, NULL, 16), bit = 0; bit < 4 && cpu < cpus; bit++, cpu++)
			if (!(bits & (1 << bit)))
				return false;
	}
	return cpu >= cpus;
}

/* A mask of the first CPUs, as the kernel wants it written. */
static void all_cpus(char *mask, size_t size, long cpus)
{
	size_t length = 0;

	for (long group = (cpus - 1) / 32; group >= 0 && length < size; group--) {
		unsigned bits = group == (cpus - 1) / 32 && cpus % 32 ? (1u << cpus % 32) - 1 : ~0u;

		length += (size_t)snprintf(mask + length, size - length, "%x%s", bits, group > 0 ? "," : "\n");
	}
}

static void reset_cpumask(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char text[TEXT], now[TEXT], mask[TEXT];

	if (!setting_read(TF("tracing_cpumask"), text, sizeof(text)) || has_all_cpus(text, cpus))
		return;
	all_cpus(mask, sizeof(mask), cpus);
	write_file(TF("tracing_cpumask"), mask, false);
	report_reset(TF("tracing_cpumask"), text,
		     setting_read(TF("tracing_cpumask"), now, sizeof(now)) && has_all_cpus(now, cpus));
}

/* Conditions and commands of an event. A trigger is taken away by its own text, without the state behind " [". */
static void reset_event(const char *dir, void *unused)
{
	char path[512], text[TEXT], line[TEXT + 2], now[TEXT];

	(void)unused;
	snprintf(path, sizeof(path), "%s/filter", dir);
	if (setting_read(path, text, sizeof(text)) && strcmp(text, "none") != 0) {
		write_file(path, "0", false);
		report_reset(path, text, setting_read(path, now, sizeof(now)) && strcmp(now, "none") == 0);
	}
	snprintf(path, sizeof(path), "%s/trigger", dir);
	if (!setting_read(path, text, sizeof(text)) || text[0] == '#' || text[0] == 0)
		return;
	snprintf(now, sizeof(now), "%s", text);
	for (char *rest = now, *at; (at = strsep(&rest, "\n"));) {
		at[strcspn(at, "[")] = 0;
		snprintf(line, sizeof(line), "!%s\n", at);
		/* "traceoff:unlimited" is how the kernel shows it, "traceoff" how it is written. */
		char *unlimited = strstr(line, ":unlimited");
		if (unlimited)
			memmove(unlimited, unlimited + strlen(":unlimited"), strlen(unlimited + strlen(":unlimited")) + 1);
		write_file(path, line, true);
	}
	report_reset(path, text, setting_read(path, now, sizeof(now)) && (now[0] == '#' || now[0] == 0));
}

/*
 * The event whose trigger, or the function whose command, switches tracing off: its directory or file, or "". Slow,
 * since it reads every trigger: only for the case that tracing is off.
 */
void find_switch(char *where, size_t size)
{
	char path[512], text[TEXT];
	struct dirent *system, *event;
	DIR *systems = opendir(TF("events")), *events;

	where[0] = 0;
	if (setting_read(TF("set_ftrace_filter"), text, sizeof(text)) && strstr(text, ":traceoff"))
		snprintf(where, size, "%s", TF("set_ftrace_filter"));
	while (systems && !where[0] && (system = readdir(systems))) {
		snprintf(path, sizeof(path), TF("events/%.100s"), system->d_name);
		events = system->d_name[0] == '.' ? NULL : opendir(path);
		while (events && !where[0] && (event = readdir(events))) {
			snprintf(path, sizeof(path), TF("events/%.100s/%.100s/trigger"), system->d_name, event->d_name);
			if (setting_read(path, text, sizeof(text)) && text[0] != '#' && strstr(text, "traceoff"))
				snprintf(where, size, TF("events/%.100s/%.100s"), system->d_name, event->d_name);
		}
		if (events)
			closedir(events);
	}
	if (systems)
		closedir(systems);
}

/* Before the workload: a trigger of an event that is not recorded may have switched tracing off again. */
void settings_switch_on(void)
{
	char text[TEXT], where[TEXT];

	for (int tries = 0; tries < 8 && setting_read(TF("tracing_on"), text, sizeof(text)) && strcmp(text, "1") != 0; tries++) {
		find_switch(where, sizeof(where));
		if (!where[0])
			return;
		reset_event(where, NULL);
		write_file(TF("tracing_on"), "1", false);
	}
}

/* Calls `visit` with the directory in tracefs of each recorded event. */
void each_event(const struct options *options, void (*visit)(const char *dir, void *data), void *data)
{
	char dir[400], system[128];

	visit(TF("events/bpf_trace/bpf_trace_printk"), data); /* since 5.9 */
	for (int i = 0; i < options->event_count; i++) {
		const char *event = event_parts(options->events[i], system, sizeof(system));
		struct dirent *entry;
		DIR *all;

		if (!event)
			continue;
		if (strcmp(event, "*") != 0) {
			snprintf(dir, sizeof(dir), TF("events/%s/%s"), system, event);
			visit(dir, data);
			continue;
		}
		snprintf(dir, sizeof(dir), TF("events/%s"), system);
		all = opendir(dir);
		while (all && (entry = readdir(all)))
			if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
				snprintf(dir, sizeof(dir), TF("events/%s/%.128s"), system, entry->d_name);
				visit(dir, data);
			}
		if (all)
			closedir(all);
	}
}

/* Makes the kernel record every event of every process on every CPU; what was otherwise is reported. */
void settings_reset(const struct options *options)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		reset_setting(&settings[i]);
	reset_cpumask();
	each_event(options, reset_event, NULL);
}

/* Calls `visit` with each file whose text must be the same before and after a run. */
void each_setting(void (*visit)(const char *path))
{
	static const char *const others[] = {
		TF("tracing_cpumask"), TF("trace_clock"),	     TF("current_tracer"),
		TF("buffer_size_kb"), TF("options/overwrite"), TF("options/pause-on-trace"),
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		visit(settings[i].path);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		visit(others[i]);
}
