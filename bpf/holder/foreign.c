/*
 * kprobe events of loaders that are not this one: those of the kernel's samples and of a workload that brings its own probes. Their hits and
 * misses are in kprobe_profile as long as the events are there, and a loader takes its own away when it ends, so they are read again and again.
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

/* What others have counted before the workload is no part of the run. */
void foreign_start(const struct options *options)
{
	look(true);
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
}

/* At least so many: what came after the last look at an event that was taken away is not known. */
void foreign_report(void)
{
	for (int i = 0; i < other_count; i++) {
		json_begin("other-hits");
		json_text("program", others[i].name);
		json_text("section", others[i].section);
		json_number("hits", others[i].hits - others[i].hits_before);
		json_number("missed", others[i].missed - others[i].missed_before);
		json_end();
	}
}
