/*
 * Probes of loaders that are not this one: those of the kernel's samples and of a workload that brings its own. Hits
 * and misses of kprobe events are in kprobe_profile as long as the events are there, and a loader takes its own away
 * when it ends, so they are read again and again. BPF programs are in programs.c; any other kprobe (of a kernel module,
 * of a perf event) can be named and no more.
 */
#include "holder.h"

#include <stdio.h>
#include <string.h>

#define MOST 64

static struct other {
	char name[64];
	char section[160];
	long long hits_before, missed_before, hits, missed;
} others[MOST];
static int other_count;
static bool expected;
/* All kprobes of the kernel, whoever set them. */
#define KPROBES "/sys/kernel/debug/kprobes/list"
static char kprobes_before[65536], new_kprobes[MOST][192];
static int new_count;

static struct other *find(const char *name)
{
	for (int i = 0; i < other_count; i++)
		if (strcmp(others[i].name, name) == 0)
			return &others[i];
	return NULL;
}

/* A line of kprobe_events: "p:GROUP/NAME FUNCTION+0 ...", "r1024:GROUP/NAME FUNCTION". Counts those of other groups. */
static void take(const char *line, bool before)
{
	char group_name[64], name[64], function[128];
	long long hits, missed;
	struct other *other;

	if (sscanf(line, "%*[^:]:%63[^/]/%63s %127[^+ \n]", group_name, name, function) != 3)
		return;
	if (strncmp(group_name, group(), strlen(group())) == 0 || !profile_find(name, &hits, &missed))
		return;
	other = find(name);
	if (!other && other_count < MOST) {
		other = &others[other_count++];
		snprintf(other->name, sizeof(other->name), "%s", name);
		snprintf(other->section, sizeof(other->section), "%s/%s", line[0] == 'r' ? "kretprobe" : "kprobe", function);
		if (before) {
			other->hits_before = hits;
			other->missed_before = missed;
		}
	}
	if (!other)
		return;
	other->hits = hits;
	other->missed = missed;
}

static void look(bool before)
{
	static char events[65536];

	if (read_file(TRACEFS "/kprobe_events", events, sizeof(events)) <= 0)
		return;
	for (char *rest = events, *line; (line = strsep(&rest, "\n"));)
		take(line, before);
}

/*
 * A line of the kernel's list of all kprobes, "ffffffff81234560 k vfs_read+0x0 [FTRACE]": what names it there, without
 * its state, and as sections are called.
 */
static bool parse_kprobe(const char *line, char *key, char *section, size_t size)
{
	char kind, function[128];
	int length = 0;

	if (sscanf(line, "%*x %c %127[^+ ]%*s%n", &kind, function, &length) != 2)
		return false;
	snprintf(key, size, "%.*s", length, line);
	snprintf(section, size, "%s/%s", kind == 'r' ? "kretprobe" : "kprobe", function);
	return true;
}

static void read_kprobes(char *text, size_t size)
{
	if (read_file(KPROBES, text, size) < 0)
		text[0] = 0;
}

static bool is_known(const char *section)
{
	for (int i = 0; i < other_count; i++)
		if (strcmp(others[i].section, section) == 0)
			return true;
	return programs_have_hook(section);
}

/* Notes kprobes that were not there before the workload. */
static void find_kprobes(void)
{
	static char now[65536];
	char key[192], section[192];

	read_kprobes(now, sizeof(now));
	for (char *rest = now, *line; (line = strsep(&rest, "\n"));) {
		int i = 0;

		if (!parse_kprobe(line, key, section, sizeof(key)) || strstr(kprobes_before, key))
			continue;
		while (i < new_count && strcmp(new_kprobes[i], section) != 0)
			i++;
		if (i == new_count && new_count < MOST)
			snprintf(new_kprobes[new_count++], sizeof(new_kprobes[0]), "%s", section);
	}
}

/*
 * The list may call a function by another name of the same address (__do_sys_getppid for __x64_sys_getppid, seen on
 * 6.1).
 */
static bool is_alias(const char *section)
{
	const char *slash = strchr(section, '/');
	char line[512], name[192], other[256];
	unsigned long long address = 0, at;
	bool found = false;
	FILE *symbols = fopen("/proc/kallsyms", "re");

	while (symbols && !address && fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%llx %*c %191s", &at, name) == 2 && strcmp(name, slash + 1) == 0)
			address = at;
	if (symbols)
		rewind(symbols);
	while (symbols && address && !found && fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%llx %*c %191s", &at, name) == 2 && at == address) {
			snprintf(other, sizeof(other), "%.*s/%s", (int)(slash - section), section, name);
			found = is_known(other);
		}
	if (symbols)
		fclose(symbols);
	return found;
}

/* Those of them that belong to nothing that is counted. */
static void report_uncounted(void)
{
	for (int i = 0; i < new_count; i++)
		if (!is_known(new_kprobes[i]) && !is_alias(new_kprobes[i])) {
			json_begin("other-kprobe");
			json_text("section", new_kprobes[i]);
			json_end();
		}
}

/* What others have counted before the workload is no part of the run. */
void foreign_start(const struct options *options, struct bpf_object **objects, const struct attachment *attachments,
		   int count)
{
	look(true);
	programs_start(options, objects);
	read_kprobes(kprobes_before, sizeof(kprobes_before));
	addresses_learn(attachments, count, kprobes_before);
	expected = options->companion_count > 0 || other_count > 0;
}

/* Somebody wrote to kprobe_events. */
void foreign_expect(void)
{
	expected = true;
}

/* Reads the counters again, if there is anything to count. */
void foreign_look(void)
{
	if (expected)
		look(false);
	programs_look();
	/*
	 * 5.4.0 does not say where a kprobe that is a perf event is (bpf_get_kprobe_info, kernel/trace/trace_kprobe.c).
	 */
	if (programs_lack_hooks())
		find_kprobes();
}

/* Before the workload's last processes are ended. */
void foreign_stop(void)
{
	foreign_look();
	find_kprobes();
}

/* At least so many: what came after the last look at an event that was taken away is not known. */
void foreign_report(void)
{
	report_uncounted();
	programs_report();
	for (int i = 0; i < other_count; i++) {
		json_begin("other-hits");
		json_text("program", others[i].name);
		json_text("section", others[i].section);
		json_number("hits", others[i].hits - others[i].hits_before);
		json_number("missed", others[i].missed - others[i].missed_before);
		json_end();
	}
}
