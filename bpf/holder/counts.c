/*
 * How often programs were hit, missed and run. Hits and misses of kprobe events are the kernel's (kprobe_profile).
 * Between a hit and a run the kernel can still refuse: while a CPU runs one BPF program of a tracepoint, kprobe or
 * sampling clock, it runs no other of them (bpf_prog_active, kernel/trace/bpf_trace.c), and before 6.7 it counts that
 * nowhere.
 */
#include "holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

/* Runs of programs are counted by the kernel only while this is on (since 5.1). Each run then reads a clock twice. */
#define RUN_COUNTS "/proc/sys/kernel/bpf_stats_enabled"
/*
 * It is there while we have it on: a holder that is killed leaves it on, and every later run of the guest would pay for
 * it.
 */
#define OURS "/run/lab-counts-runs"
static bool runs_counted, others_counted, turned_on;

static bool turn_on(void)
{
	make_file(OURS);
	return write_file(RUN_COUNTS, "1", false) == 0;
}

static void turn_off(void)
{
	write_file(RUN_COUNTS, "0", false);
	unlink(OURS);
}

void count_runs_sweep(void)
{
	if (access(OURS, F_OK) == 0)
		turn_off();
}

/*
 * Called where a program needs it: one that is no kprobe event has no other counter, and only beside one is a kprobe
 * skipped.
 */
void count_runs(void)
{
	char was[8] = "";

	if (runs_counted || read_file(RUN_COUNTS, was, sizeof(was)) <= 0)
		return;
	turned_on = was[0] == '0' && turn_on();
	runs_counted = turned_on || was[0] == '1';
}

/*
 * The same while the workload runs, for programs of other loaders. What our own did before is not in their counters
 * then.
 */
void count_runs_of_others(void)
{
	char was[8] = "";

	if (others_counted || read_file(RUN_COUNTS, was, sizeof(was)) <= 0)
		return;
	if (was[0] == '0')
		turned_on = turn_on();
	others_counted = was[0] == '1' || turned_on;
}

bool runs_of_others_counted(void)
{
	return others_counted;
}

void count_runs_end(void)
{
	if (turned_on)
		turn_off();
}

/* A line "  NAME  HITS  MISSED"; names are unique because the group has our pid only. False when it is not there. */
static bool find_in(const char *profile, const char *event, long long *hits, long long *missed)
{
	for (const char *line = profile; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char name[128];

		if (sscanf(line, "%127s %lld %lld", name, hits, missed) == 3 && strcmp(name, event) == 0)
			return true;
	}
	return false;
}

/* All zeros where the kernel does not say. */
static void info_of(const struct attachment *a, struct bpf_prog_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(bpf_program__fd(a->program), info, &size) != 0)
		memset(info, 0, sizeof(*info));
}

static const char *read_profile(void)
{
	static char profile[65536];

	return read_file(TRACEFS "/kprobe_profile", profile, sizeof(profile)) > 0 ? profile : "";
}

/* Hits and misses of one kprobe event. */
bool profile_find(const char *event, long long *hits, long long *missed)
{
	return find_in(read_profile(), event, hits, missed);
}

/*
 * What is in the counters before the workload starts: other processes hit the probes too, and a hit between the
 * registration of an event and the arrival of its program is no loss. Runs first, then hits: their difference is too
 * large rather than too small.
 */
void counts_begin(struct attachment *attachments, int count)
{
	const char *profile;

	for (int i = 0; i < count; i++) {
		struct bpf_prog_info info;

		info_of(&attachments[i], &info);
		attachments[i].runs_before = (long long)info.run_cnt;
		attachments[i].recursions_before = (long long)info.recursion_misses;
	}
	profile = read_profile();
	for (int i = 0; i < count; i++) {
		long long missed;

		if (!find_in(profile, attachments[i].event, &attachments[i].hits_before, &missed))
			attachments[i].hits_before = -1;
	}
}

/*
 * Hits of a kprobe event for which its program did not run: at least so many, because the hits were read before the
 * runs.
 */
static long long skipped_of(const struct attachment *a, long long hits, const struct bpf_prog_info *info)
{
	long long skipped = 0, recursions;

	if (hits >= 0 && a->hits_before >= 0 && runs_counted)
		skipped = (hits - a->hits_before) - ((long long)info->run_cnt - a->runs_before);
	/* Since 5.12, and of kprobes and tracepoints since 6.7. */
	recursions = (long long)info->recursion_misses - a->recursions_before;
	if (recursions > skipped)
		skipped = recursions;
	return skipped > 0 ? skipped : 0;
}

/*
 * How often the program ran, for a comparison with what it printed: at least so often since the workload was about to
 * start, and at most so often since it was attached. The hits of an event count before its program is there, so they
 * are the upper limit only. -1: not known.
 */
static void report_fired(const struct attachment *a, long long hits, const struct bpf_prog_info *info)
{
	long long least = 0, most = -1;

	if (runs_counted)
		least = (long long)info->run_cnt - a->runs_before;
	else if (hits >= 0 && a->hits_before >= 0)
		least = hits - a->hits_before - skipped_of(a, hits, info);
	if (a->event[0])
		most = hits;
	else if (runs_counted) /* count_runs() is called before such a program is attached */
		most = (long long)info->run_cnt;
	json_number("firedLeast", least > 0 ? least : 0);
	json_number("firedMost", most);
}

/* What loading it took, as far as it is known. */
static void report_load(const struct attachment *a, const struct bpf_prog_info *info)
{
	struct load_cost cost = load_cost(bpf_program__fd(a->program));

	if (cost.ns > 0)
		json_number("loadNs", cost.ns);
	if (cost.verified >= 0)
		json_number("verified", cost.verified);
	if (info->id)
		json_number("jitBytes", info->jited_prog_len);
}

void report_hits(const struct options *options, const struct attachment *attachments, int count)
{
	const char *profile = read_profile();

	for (int i = 0; i < count; i++) {
		const struct attachment *a = &attachments[i];
		long long hits = -1, missed = -1;
		struct bpf_prog_info info;

		if (!a->attached)
			continue;
		if (!a->event[0] || !find_in(profile, a->event, &hits, &missed))
			hits = missed = -1;
		info_of(a, &info);
		json_begin("hits");
		json_text("program", bpf_program__name(a->program));
		json_text("section", bpf_program__section_name(a->program));
		json_number("hits", hits < 0 && runs_counted ? (long long)info.run_cnt : hits);
		json_number("missed", missed);
		json_number("skipped", skipped_of(a, hits, &info));
		report_fired(a, hits, &info);
		report_load(a, &info);
		if (options->count_runs && runs_counted) {
			json_number("runs", (long long)info.run_cnt);
			json_number("runNs", (long long)info.run_time_ns);
		}
		json_end();
	}
}
