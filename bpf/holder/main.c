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

/*
 * Order matters. The recorder runs before the probes are attached and ends after they are gone, so that every hit that
 * a counter counts had a buffer to go to; the workload is held before its execve() until all of that stands.
 */
static int run(const struct options *options)
{
	struct bpf_object *objects[MAX_OBJECTS] = {};
	static struct attachment attachments[MAX_PROGRAMS];
	const char *outcome = "done";
	char path[512];
	int error, count = 0, turn;
	bool is_started = false;
	pid_t pid;

	lines_before = json_lines();
	turn = alone();
	if (turn < 0)
		return finish(turn == -EBUSY ? "busy" : "setting failed", turn), 1;
	result_begin();
	kmsg_begin();
	sweep_dead_groups();
	count_runs_sweep();
	if ((error = apply_steps(options)))
		return finish("setting failed", error), 1;
	if ((error = modules_load(options)))
		return modules_unload(options), finish("module failed", error), 1;
	snprintf(path, sizeof(path), "%s/strace", options->dir);
	result_adopt(path);
	pid = child_prepare(options);
	if (pid < 0)
		return modules_unload(options), finish("cannot fork", pid), 1;
	if (options->pin && (error = pin(pid, options->pin)))
		return child_end(options, pid), modules_unload(options), finish("setting failed", error), 1;
	if ((error = load_objects(options, objects)))
		outcome = "load failed";
	else if ((error = events_open(options, objects)))
		outcome = "capture failed";
	else if ((error = fill_slots(options, objects, pid)))
		outcome = "map slot failed";
	else if ((error = declared_define(options, objects)))
		outcome = "attach failed";
	else if ((error = capture_prepare(options, pid)) || (error = capture_start()))
		outcome = "capture failed";
	else if ((error = companions_start(options)))
		outcome = "companion failed";
	else if ((count = attach_all(options, objects, attachments, pid)) < 0) {
		error = count;
		count = MAX_PROGRAMS; /* entries without a link are skipped */
		outcome = "attach failed";
	}
	if (!error && !json_alive()) { /* nobody waits for this run any more */
		error = -EPIPE;
		outcome = "stopped";
	}
	if (!error) {
		watch_start(options);
		foreign_start(options, objects, attachments, count);
		counts_begin(attachments, count);
		json_begin("started");
		json_number("pid", pid);
		json_end();
		is_started = true;
		error = child_release();
		if (!error)
			error = child_wait(options, pid);
		outcome = error == -ETIMEDOUT ? "deadline" : error ? "stopped" : "done";
	}
	if (is_started)
		foreign_stop();
	companions_stop(options);
	if (is_started && !error)
		child_survivors();
	child_end(options, pid);
	if (is_started)
		watch_stop();
	/* Only now: while the watch is on, it would report the files that this makes as opened by us. */
	if (is_started && !error && (error = iter_read(options, attachments, count)))
		outcome = "capture failed";
	/* The counters are read when nothing fires any more, so that no message is printed that they do not know of. */
	stop_all(attachments, count);
	report_hits(options, attachments, count);
	declared_report(options);
	foreign_report();
	detach_all();
	if (capture_stop(options) && !error) {
		error = -EIO;
		outcome = "capture failed";
	}
	outputs_end();
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
	if (!error || error == -ETIMEDOUT)
		dump_maps(options, objects);
	for (int i = 0; i < options->object_count; i++)
		bpf_object__close(objects[i]);
	modules_unload(options);
	close(turn);
	snprintf(path, sizeof(path), "%s/dmesg", options->dir);
	kmsg_save(path);
	result_check();
	finish(outcome, error);
	return error ? 1 : 0;
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
