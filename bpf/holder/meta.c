/*
 * What a reader of the raw pages needs and what is the same for every run of one boot: the formats of events, the
 * symbols. Files are flat ("format.SYSTEM.EVENT"), because their names come from this list and from nowhere else.
 */
#include "holder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const files[][2] = {
	{ TRACEFS "/events/header_page", "header_page" },
	{ TRACEFS "/events/header_event", "header_event" },
	{ TRACEFS "/printk_formats", "printk_formats" },
	{ TRACEFS "/trace_clock", "trace_clock" },
	{ "/proc/kallsyms", "kallsyms" },
	{ "/proc/cmdline", "cmdline" },
	{ "/proc/version", "version" },
};

static int save_format(const char *dir, const char *system, const char *event)
{
	char from[512], to[512];

	snprintf(from, sizeof(from), TRACEFS "/events/%s/%s/format", system, event);
	snprintf(to, sizeof(to), "%s/format.%s.%s", dir, system, event);
	return copy_file(from, to);
}

/* All events of a system. 0, or an error when there is no such system. */
static int save_system(const char *dir, const char *system)
{
	char path[256];
	struct dirent *entry;
	DIR *events;

	snprintf(path, sizeof(path), TRACEFS "/events/%s", system);
	events = opendir(path);
	if (!events)
		return 1;
	while ((entry = readdir(events)))
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			save_format(dir, system, entry->d_name);
	closedir(events);
	return 0;
}

int save_meta(const struct options *options)
{
	char path[512], system[128];
	int error = 0;

	if (mkdir(options->meta, 0700) != 0 && errno != EEXIST)
		return 1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (options->no_symbols && strcmp(files[i][1], "kallsyms") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", options->meta, files[i][1]);
		if (copy_file(files[i][0], path) != 0) {
			fprintf(stderr, "lab-holder: cannot copy %s\n", files[i][0]);
			error = 1;
		}
	}
	/* The internal events (print, function, ...) have no enable file, but every reader needs their formats. */
	save_system(options->meta, "ftrace");
	save_format(options->meta, "bpf_trace", "bpf_trace_printk");
	for (int i = 0; i < options->event_count; i++) {
		const char *event = event_parts(options->events[i], system, sizeof(system));

		if (!event)
			continue;
		if (strcmp(event, "*") == 0 ? save_system(options->meta, system) : save_format(options->meta, system, event)) {
			fprintf(stderr, "lab-holder: no event %s\n", options->events[i]);
			error = 1;
		}
	}
	return error;
}
