#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* EX_IOERR of sysexits.h */
#define SEND_FAILED 74

/* What the server said before this run. */
static long lines_before;

static void finish(const char *outcome, int error)
{
	json_begin("done");
	json_text("outcome", outcome);
	json_number("errno", -error);
	/* So that a line that somebody else wrote into our output is one too many. */
	json_number("lines", json_lines() - lines_before);
	json_end();
}

/* One run. Its stages share this. */
struct run {
	const struct options *options;
	struct bpf_object *objects[MAX_OBJECTS];
	struct attachment *attachments;
	int count; /* of attachments; entries without a link are skipped */
	pid_t pid; /* of the workload; 0 before it was forked */
	bool started; /* the workload was let go */
	int error;
	const char *outcome;
};

/* The first failure is the one that counts: whatever follows may be a consequence. */
static void end_with(struct run *run, const char *outcome, int error)
{
	if (run->error)
		return;
	run->error = error;
	run->outcome = outcome;
}

static int set(struct run *run)
{
	return apply_steps(run->options);
}

static int load_modules(struct run *run)
{
	return modules_load(run->options);
}

static int hold(struct run *run)
{
	char path[512];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/strace", run->options->dir);
	result_adopt(path);
	pid = child_prepare(run->options);
	if (pid < 0)
		return pid;
	run->pid = pid;
	return 0;
}

static int pin_workload(struct run *run)
{
	return run->options->pin ? pin(run->pid, run->options->pin) : 0;
}

static int load(struct run *run)
{
	return load_objects(run->options, run->objects);
}

static int open_events(struct run *run)
{
	return events_open(run->options, run->objects);
}

static int fill_maps(struct run *run)
{
	return fill_slots(run->options, run->objects, run->pid);
}

static int declare(struct run *run)
{
	return declared_define(run->options, run->objects);
}

static int record(struct run *run)
{
	int error = capture_prepare(run->options, run->pid);

	return error ? error : capture_start();
}

static int start_companions(struct run *run)
{
	return companions_start(run->options);
}

static int attach(struct run *run)
{
	int count = attach_all(run->options, run->objects, run->attachments, run->pid);

	/* Those before the one that failed are attached. */
	run->count = count < 0 ? MAX_PROGRAMS : count;
	return count < 0 ? count : 0;
}

/*
 * What precedes the workload. The order matters: the recorder runs before the probes are attached and ends after they
 * are gone, so that every hit that a counter counts had a buffer to go to. The workload is held before its execve()
 * through all of it.
 */
static const struct {
	int (*begin)(struct run *run);
	const char *failure; /* the outcome of a run that ends here */
} STAGES[] = {
	{ set, "setting failed" },
	{ load_modules, "module failed" },
	{ hold, "cannot fork" },
	{ pin_workload, "setting failed" },
	{ load, "load failed" },
	{ open_events, "capture failed" },
	{ fill_maps, "map slot failed" },
	{ declare, "attach failed" },
	{ record, "capture failed" },
	{ start_companions, "companion failed" },
	{ attach, "attach failed" },
};

static void prepare(struct run *run)
{
	for (size_t i = 0; i < sizeof(STAGES) / sizeof(STAGES[0]) && !run->error; i++) {
		int error = STAGES[i].begin(run);

		if (error)
			end_with(run, STAGES[i].failure, error);
	}
	if (!run->error && !json_alive()) /* nobody waits for this run any more */
		end_with(run, "stopped", -EPIPE);
}

static void let_workload_run(struct run *run)
{
	int error;

	mappings_start(run->options); /* before the watch, which would report the file that it makes */
	watch_start(run->options);
	foreign_start(run->options, run->objects, run->attachments, run->count);
	counts_begin(run->attachments, run->count);
	json_begin("started");
	json_number("pid", run->pid);
	json_end();
	run->started = true;
	error = child_release();
	if (!error)
		error = child_wait(run->options, run->pid);
	if (error)
		end_with(run, error == -ETIMEDOUT ? "deadline" : "stopped", error);
}

/* Ends whatever may still hit a probe, and then reads what the probes left. */
static void stop(struct run *run)
{
	const struct options *options = run->options;
	int error;

	if (run->started)
		foreign_stop();
	companions_stop(options);
	if (run->started && !run->error)
		child_survivors();
	child_end(options, run->pid);
	if (run->started)
		watch_stop();
	/* Only now: while the watch is on, it would report the files that this makes as opened by us. */
	if (run->started && !run->error) {
		error = iter_read(options, run->attachments, run->count);
		if (error)
			end_with(run, "capture failed", error);
	}
	/* The counters are read when nothing fires any more, so that no message is printed that they do not know of. */
	stop_all(run->attachments, run->count);
	report_hits(options, run->attachments, run->count);
	declared_report(options);
	foreign_report();
	detach_all();
	if (capture_stop(options))
		end_with(run, "capture failed", -EIO);
	outputs_end();
	mappings_stop(options);
	events_stop();
	graph_stop(options);
	capture_restore(options);
	/*
	 * Old loaders leave their kprobe events behind. None is removed while one is enabled (EBUSY): after the
	 * declared ones.
	 */
	if (options->companion_count > 0)
		write_file(TRACEFS "/kprobe_events", "", false);
	/* After the probes are gone: nothing that this program does may show in the maps. */
	if (!run->error || run->error == -ETIMEDOUT)
		dump_maps(options, run->objects);
	for (int i = 0; i < options->object_count; i++)
		bpf_object__close(run->objects[i]);
	modules_unload(options);
}

static void run(const struct options *options)
{
	static struct attachment attachments[MAX_PROGRAMS];
	struct run run = { .options = options, .attachments = attachments, .outcome = "done" };
	char path[512];
	int turn;

	lines_before = json_lines();
	turn = alone();
	if (turn < 0) {
		finish(turn == -EBUSY ? "busy" : "setting failed", turn);
		return;
	}
	result_begin();
	kmsg_begin();
	sweep_dead_groups();
	count_runs_sweep();
	prepare(&run);
	if (!run.error)
		let_workload_run(&run);
	stop(&run);
	close(turn);
	snprintf(path, sizeof(path), "%s/dmesg", options->dir);
	kmsg_save(path);
	result_check();
	finish(run.outcome, run.error);
}

static int work(int argc, char **argv)
{
	struct options options = { .clock = "mono", .buffer_kb = "8192", .overwrite = "1", .deadline_ms = 60000 };

	if (parse_options(argc, argv, &options))
		return 2;
	if (options.wake)
		return wake(options.wake, options.seed);
	if (options.facts)
		return facts();
	if (options.meta) {
		save_meta(&options);
		return send_files(options.meta) ? SEND_FAILED : 0;
	}
	if (!options.dir || (mkdir(options.dir, 0700) != 0 && errno != EEXIST))
		return usage("--dir is missing or cannot be made", "");
	/* How it went is in the lines; the exit code says whether the files are whole. */
	run(&options);
	return send_files(options.dir) ? SEND_FAILED : 0;
}

int main(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "--serve") == 0 ? serve(work) : work(argc, argv);
}
