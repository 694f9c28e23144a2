/*
 * A view of a run that goes on (--follow): the pages and records that the recorder has written to its files are read
 * back and sent as lines. The recorder stays the only reader of the kernel's buffers and waits for nobody: where the
 * sender is too slow, pages are not shown, and said to be.
 */
#include "holder.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
/* What one look sends at most of one CPU or channel; under emulation ssh carries a few megabytes a second. */
#define AT_ONCE (16 * PAGE)
#define LOOK_MS 100

static off_t sent[MAX_FILES];
static long skipped;

static void send_part(const char *event, int index, const char *map, int fd, off_t from, size_t size)
{
	static char bytes[AT_ONCE];
	ssize_t got = pread(fd, bytes, size, from);

	if (got <= 0)
		return;
	json_begin_view(event);
	json_number(map ? "object" : "cpu", index);
	if (map)
		json_text("map", map);
	json_hex("data", bytes, (size_t)got);
	json_end();
}

/* Pages are whole by themselves, so older ones can be left out. */
static void send_pages(void)
{
	for (int cpu = 0; cpu < capture_cpus(); cpu++) {
		off_t written = capture_written(cpu);

		if (written - sent[cpu] > AT_ONCE) {
			off_t behind = written - sent[cpu] - AT_ONCE;

			skipped += (long)(behind / PAGE);
			sent[cpu] += behind;
		}
		if (written > sent[cpu])
			send_part("pages", cpu, NULL, capture_fd(cpu), sent[cpu], (size_t)(written - sent[cpu]));
		sent[cpu] = written;
	}
}

/*
 * Records have different sizes, so their file is sent from its beginning; what the last look has no time for is not
 * shown.
 */
static void send_records(void)
{
	static off_t records_sent[MAX_FILES];

	for (int i = 0; i < events_channels() && i < MAX_FILES; i++) {
		off_t written = events_written(i), left = written - records_sent[i];
		size_t size = left > AT_ONCE ? AT_ONCE : (size_t)left;

		if (left > 0)
			send_part("records", events_object(i), events_map(i), events_fd(i), records_sent[i], size);
		records_sent[i] += (off_t)size;
	}
}

static void send_comms(void)
{
	static char text[65536];

	if (read_file(TRACEFS "/saved_cmdlines", text, sizeof(text)) <= 0)
		return;
	json_begin_view("comms");
	json_text("text", text);
	json_end();
}

static void send_all(void)
{
	bool new = false;

	for (int cpu = 0; cpu < capture_cpus(); cpu++)
		new = new || capture_written(cpu) > sent[cpu];
	if (new)
		send_comms();
	send_pages();
	send_records();
	json_begin_view("look");
	json_number("skipped", skipped);
	json_end();
}

/* Called again and again while the workload runs; sends now and then. */
void follow_look(const struct options *options)
{
	static struct timespec last;
	struct timespec now;

	if (!options->follow)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < LOOK_MS)
		return;
	last = now;
	send_all();
}

/* What came after the last look, before the files of pages are closed. */
void follow_end(const struct options *options)
{
	if (options->follow)
		send_all();
}
