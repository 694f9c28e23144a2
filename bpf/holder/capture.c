/*
 * The recorder: raw pages of the per-CPU ring buffers into files cpuN.raw, which the host turns into a trace.dat.
 *
 * Why not trace-cmd in the guest: under TCG `trace-cmd record true` costs 2.6 s on a 5.4 kernel, nearly all of it for
 * format files and symbols that are the same for every run of one boot. The pages are the same bytes either way.
 */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define TF(name) TRACEFS "/" name

static struct {
	int cpus;
	int in[MAX_CPUS], out[MAX_CPUS];
	_Atomic off_t written[MAX_CPUS]; /* whole pages; --follow reads it while the recorder writes */
	bool follow;
	int pipe[2];
	pthread_t thread;
	atomic_bool stop;
	int wake; /* an eventfd, so that the recorder stops at once and not after its nap */
	_Atomic int error;
	bool running;
} rec;

static int set_events(const struct options *options, const char *value)
{
	char path[256], system[128];

	for (int i = 0; i < options->event_count; i++) {
		const char *event = event_parts(options->events[i], system, sizeof(system));

		if (!event)
			return fail("enable event", options->events[i], -EINVAL);
		if (strcmp(event, "*") == 0)
			snprintf(path, sizeof(path), TF("events/%s/enable"), system);
		else
			snprintf(path, sizeof(path), TF("events/%s/%s/enable"), system, event);
		int error = write_file(path, value, false);
		if (error && value[0] == '1')
			return fail("enable event", options->events[i], error);
	}
	int declared = declared_enable(options, value);
	if (declared && value[0] == '1')
		return fail("enable the declared events", declared_group(), declared);
	/*
	 * The printk of BPF programs is a trace event of its own since 5.9; older kernels write into the buffer
	 * directly.
	 */
	write_file(TF("events/bpf_trace/bpf_trace_printk/enable"), value, false);
	return 0;
}

/* The number of an event in the raw pages: the host checks the formats that it kept against it. */
static void report_id(const char *system, const char *event)
{
	char path[256], name[128], format[4096];
	const char *id;

	snprintf(path, sizeof(path), TF("events/%s/%s/format"), system, event);
	if (read_file(path, format, sizeof(format)) <= 0 || !(id = strstr(format, "\nID: ")))
		return;
	snprintf(name, sizeof(name), "%s:%s", system, event);
	json_begin("event-id");
	json_text("name", name);
	json_number("id", atol(id + 5));
	json_end();
}

static void report_ids(const struct options *options)
{
	char system[128];

	report_id("ftrace", "print");
	report_id("bpf_trace", "bpf_trace_printk");
	for (int i = 0; i < options->event_count; i++) {
		const char *event = event_parts(options->events[i], system, sizeof(system));

		if (event)
			report_id(system, event);
	}
}

/* Full pages only: they are moved, not copied, and a page that is being written is left for the end. */
static int move_full_pages(int cpu)
{
	for (;;) {
		ssize_t got = splice(rec.in[cpu], NULL, rec.pipe[1], NULL, 16 * PAGE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

		if (got <= 0)
			return got == 0 || errno == EAGAIN || errno == EINTR ? 0 : -errno;
		while (got > 0) {
			ssize_t put = splice(rec.pipe[0], NULL, rec.out[cpu], NULL, (size_t)got, SPLICE_F_MOVE);

			if (put <= 0)
				return put == 0 ? -EIO : -errno;
			got -= put;
			rec.written[cpu] += put;
		}
	}
}

static int drain(int cpu)
{
	char page[PAGE];
	ssize_t got;

	while ((got = read(rec.in[cpu], page, sizeof(page))) > 0) {
		/*
		 * The unused rest of a page is not cleared by every kernel; a reader goes by the page's commit count.
		 */
		if (got < PAGE)
			memset(page + got, 0, (size_t)(PAGE - got));
		if (write(rec.out[cpu], page, PAGE) != PAGE)
			return errno ? -errno : -ENOSPC;
		rec.written[cpu] += PAGE;
	}
	return 0;
}

#define NAP_MS 5
/* Naps between two looks of those who follow: then pages are taken that are not full yet. */
#define FOLLOW_NAPS 20

static void *recorder(void *unused)
{
	struct pollfd wake = { .fd = rec.wake, .events = POLLIN };

	(void)unused;
	for (int naps = 1; !rec.stop; naps++) {
		bool partly = rec.follow && naps % FOLLOW_NAPS == 0;

		for (int cpu = 0; cpu < rec.cpus && !rec.error; cpu++) {
			rec.error = move_full_pages(cpu);
			if (partly && !rec.error)
				rec.error = drain(cpu);
		}
		events_drain();
		outputs_drain();
		if (partly)
			events_flush();
		poll(&wake, 1, NAP_MS);
	}
	return NULL;
}

int capture_cpus(void)
{
	return rec.cpus;
}

off_t capture_written(int cpu)
{
	return rec.written[cpu] / PAGE * PAGE;
}

int capture_fd(int cpu)
{
	return rec.out[cpu];
}

/* Sets clock, buffer and events, and empties the buffer. Nothing is recorded yet. 0 or -errno (said on stdout). */
int capture_prepare(const struct options *options, pid_t pid)
{
	char path[512], current[512];
	int error;

	if ((error = write_file(TF("tracing_on"), "0", false)))
		return fail("open tracefs", TRACEFS, error);
	write_file(TF("current_tracer"), "nop", false);
	/* A holder that was killed leaves its events enabled; ours are enabled below. */
	write_file(TF("events/enable"), "0", false);
	settings_reset(options);
	/*
	 * The kernel empties every buffer when a clock is chosen, be it the same one; below they are emptied all the
	 * same.
	 */
	snprintf(path, sizeof(path), "[%s]", options->clock);
	if ((read_file(TF("trace_clock"), current, sizeof(current)) < 0 || !strstr(current, path)) &&
	    (error = write_file(TF("trace_clock"), options->clock, false)))
		return fail("set trace_clock", options->clock, error);
	if ((error = write_file(TF("options/overwrite"), options->overwrite, false)))
		return fail("set options/overwrite", options->overwrite, error);
	/* Resizing a buffer costs tens of milliseconds; a run on the same VM mostly wants the same size. */
	if (read_file(TF("per_cpu/cpu0/buffer_size_kb"), current, sizeof(current)) < 0 || atol(current) != atol(options->buffer_kb))
		if ((error = write_file(TF("buffer_size_kb"), options->buffer_kb, false)))
			return fail("set buffer_size_kb", options->buffer_kb, error);
	if ((error = write_file(TF("trace"), "\n", false))) /* O_TRUNC empties the buffer */
		return fail("clear the trace buffer", "trace", error);
	if ((error = set_events(options, "1")))
		return error;
	report_ids(options);
	/* A tracer cannot be changed while somebody has the buffers open. */
	if ((error = graph_start(options, pid)))
		return error;

	rec.follow = options->follow;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	if (cpus > MAX_CPUS)
		return fail("record", "more than 64 CPUs", -E2BIG);
	if (pipe2(rec.pipe, O_CLOEXEC) != 0)
		return fail("pipe", "", -errno);
	fcntl(rec.pipe[1], F_SETPIPE_SZ, 16 * PAGE);
	for (int cpu = 0; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), TF("per_cpu/cpu%d/trace_pipe_raw"), cpu);
		rec.in[cpu] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (rec.in[cpu] < 0)
			return fail("open", path, -errno);
		snprintf(path, sizeof(path), "%s/cpu%d.raw", options->dir, cpu);
		rec.out[cpu] = result_create(path);
		if (rec.out[cpu] < 0) {
			int error = fail("create", path, rec.out[cpu]);

			close(rec.in[cpu]);
			return error;
		}
		/* Whoever cleans up goes by this: it counts what is open, and there is room for it. */
		rec.cpus = cpu + 1;
	}
	return 0;
}

/* From here on events are kept. */
int capture_start(void)
{
	int error = write_file(TF("tracing_on"), "1", false);

	if (error)
		return fail("set tracing_on", "1", error);
	/* Where there is none, poll() waits for nothing but its time. */
	rec.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = pthread_create(&rec.thread, NULL, recorder, NULL);
	if (error)
		return fail("start the recorder", "", -error);
	rec.running = true;
	return 0;
}

/* Stops, drains what is left, and keeps the loss counters of each CPU and the comm of each pid beside the pages. */
int capture_stop(const struct options *options)
{
	char from[256], to[512];
	int error;

	write_file(TF("tracing_on"), "0", false);
	if (rec.running) {
		rec.stop = true;
		eventfd_write(rec.wake, 1);
		pthread_join(rec.thread, NULL);
		close(rec.wake);
		rec.running = false;
	}
	error = rec.error;
	for (int cpu = 0; cpu < rec.cpus; cpu++) {
		if (!error)
			error = move_full_pages(cpu);
		if (!error)
			error = drain(cpu);
	}
	events_drain();
	events_flush();
	follow_end(options);
	for (int cpu = 0; cpu < rec.cpus; cpu++) {
		snprintf(from, sizeof(from), TF("per_cpu/cpu%d/stats"), cpu);
		snprintf(to, sizeof(to), "%s/cpu%d.stats", options->dir, cpu);
		copy_file(from, to);
		close(rec.in[cpu]);
		close(rec.out[cpu]);
	}
	snprintf(to, sizeof(to), "%s/saved_cmdlines", options->dir);
	copy_file(TF("saved_cmdlines"), to);
	json_begin("captured");
	json_number("cpus", rec.cpus);
	json_number("errno", -error);
	if (error)
		json_text("text", strerror(-error));
	json_end();
	return error;
}

/* Leaves tracefs as a fresh boot has it, but for the size of the buffer. */
void capture_restore(const struct options *options)
{
	set_events(options, "0");
	declared_remove(options);
	write_file(TF("options/overwrite"), "1", false);
	write_file(TF("tracing_on"), "1", false);
}
