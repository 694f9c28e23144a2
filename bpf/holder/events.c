/*
 * Typed events of probes (EVENTS and emit of lab.bpf.h): what comes through ring buffers and perf event arrays, kept as
 * it is for the host, which knows the types. The buffers are memory shared with the kernel, so looking into them makes
 * no system call that a probe could see.
 */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#define MAX_CHANNELS 16
#define PAGE 4096
/* Records are written to their file when so many bytes wait. */
#define BATCH (1 << 20)
/* Counters of a channel, see lab.bpf.h. */
#define COUNTERS "lab_count_"
enum { SENT, LOST, COUNTS };

static struct channel {
	int object;
	struct bpf_map *map;
	struct bpf_map *counters;
	struct ring_buffer *ring;
	struct perf_buffer *perf;
	int out;
	int error;
	char *batch;
	size_t used;
	_Atomic off_t written; /* --follow reads it while the recorder writes */
	unsigned long long records;
	/* What the kernel's own records say was lost (perf). */
	unsigned long long marked;
} channels[MAX_CHANNELS];
static int channel_count;

static bool is_channel(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF || bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/* The largest power of two that is not above. */
static unsigned long power_of_two(unsigned long number)
{
	unsigned long power = 1;

	while (power * 2 <= number)
		power *= 2;
	return power;
}

static unsigned long pages(const struct options *options)
{
	long kb = atol(options->buffer_kb);

	return power_of_two(kb < PAGE / 1024 ? 1 : (unsigned long)kb / (PAGE / 1024));
}

/* Between opening and loading an object: its ring buffers get the size that the experiment gives to buffers. */
void events_size(const struct options *options, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			bpf_map__set_max_entries(map, (unsigned)(pages(options) * PAGE));
}

static void flush(struct channel *c)
{
	for (size_t at = 0; at < c->used && !c->error;) {
		ssize_t wrote = write(c->out, c->batch + at, c->used - at);

		if (wrote > 0) {
			at += (size_t)wrote;
			c->written += wrote;
		}
		else if (errno != EINTR)
			c->error = wrote == 0 ? -EIO : -errno;
	}
	c->used = 0;
}

/* A record in the file: its size in four bytes, little endian, and itself. */
static void take(struct channel *c, const void *data, uint32_t size)
{
	if (size + sizeof(size) > BATCH - c->used)
		flush(c);
	if (size + sizeof(size) > BATCH) { /* no struct of a probe is that large */
		c->error = -EMSGSIZE;
		return;
	}
	memcpy(c->batch + c->used, &size, sizeof(size));
	memcpy(c->batch + c->used + sizeof(size), data, size);
	c->used += sizeof(size) + size;
	c->records++;
}

static int on_ring(void *channel, void *data, size_t size)
{
	take(channel, data, (uint32_t)size);
	return 0;
}

static enum bpf_perf_event_ret on_perf(void *channel, int cpu, struct perf_event_header *header)
{
	struct channel *c = channel;
	struct {
		struct perf_event_header header;
		uint32_t size;
		char data[];
	} *sample = (void *)header;
	struct {
		struct perf_event_header header;
		uint64_t id, lost;
	} *lost = (void *)header;

	(void)cpu;
	if (header->type == PERF_RECORD_SAMPLE && sample->size <= header->size)
		take(c, sample->data, sample->size);
	else if (header->type == PERF_RECORD_LOST)
		c->marked += lost->lost;
	return LIBBPF_PERF_EVENT_CONT;
}

/* wakeup_watermark: nobody is woken, as with BPF_RB_NO_WAKEUP. */
static int open_perf(struct channel *c, unsigned long page_count)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.watermark = 1,
		.wakeup_watermark = 0x7fffffff,
	};

	c->perf = perf_buffer__new_raw(bpf_map__fd(c->map), page_count, &attr, on_perf, c, NULL);
	return c->perf ? 0 : -errno;
}

static int open_channel(const struct options *options, int object, struct bpf_object *owner, struct bpf_map *map)
{
	struct channel *c = &channels[channel_count];
	const char *name = bpf_map__name(map);
	char path[512];

	if (channel_count >= MAX_CHANNELS)
		return fail("read events", name, -E2BIG);
	memset(c, 0, sizeof(*c));
	c->object = object;
	c->map = map;
	snprintf(path, sizeof(path), COUNTERS "%.128s", name);
	c->counters = bpf_object__find_map_by_name(owner, path);
	c->batch = malloc(BATCH);
	if (!c->batch)
		return fail("read events", name, -ENOMEM);
	/* Written once, so that no page of it is touched for the first time while something is measured. */
	memset(c->batch, 0, BATCH);
	snprintf(path, sizeof(path), "%s/events-%d-%.128s", options->dir, object, name);
	c->out = result_create(path);
	if (c->out < 0)
		return fail("create", path, c->out);
	channel_count++;
	if (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
		int error = open_perf(c, pages(options));

		return error ? fail("open the perf buffers of", name, error) : 0;
	}
	c->ring = ring_buffer__new(bpf_map__fd(map), on_ring, c, NULL);
	return c->ring ? 0 : fail("open the ring buffer", name, -errno);
}

/* A reader for every channel of the loaded objects. 0 or -errno (said on stdout). */
int events_open(const struct options *options, struct bpf_object **objects)
{
	for (int i = 0; i < options->object_count; i++) {
		struct bpf_map *map;

		bpf_object__for_each_map(map, objects[i]) {
			int error = is_channel(map) ? open_channel(options, i, objects[i], map) : 0;

			if (error)
				return error;
		}
	}
	return 0;
}

/* Takes what is there. Called by one thread at a time. */
void events_drain(void)
{
	for (int i = 0; i < channel_count; i++) {
		struct channel *c = &channels[i];
		int got = c->ring ? ring_buffer__consume(c->ring) : c->perf ? perf_buffer__consume(c->perf) : 0;

		if (got < 0 && !c->error)
			c->error = got;
	}
}

/* Writes what was taken, for those who read the files meanwhile. */
void events_flush(void)
{
	for (int i = 0; i < channel_count; i++)
		flush(&channels[i]);
}

int events_channels(void)
{
	return channel_count;
}

off_t events_written(int index)
{
	return channels[index].written;
}

int events_fd(int index)
{
	return channels[index].out;
}

int events_object(int index)
{
	return channels[index].object;
}

const char *events_map(int index)
{
	return bpf_map__name(channels[index].map);
}

/* Sums over all CPUs, and the losses of each as text ("0,3"). False where the program has no counters. */
static bool read_counts(const struct channel *c, unsigned long long *sums, char *text, size_t size)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values = c->counters && cpus > 0 ? calloc((size_t)cpus, sizeof(*values)) : NULL;
	bool ok = values != NULL;
	size_t length = 0;

	text[0] = 0;
	for (uint32_t key = 0; ok && key < COUNTS; key++) {
		ok = bpf_map_lookup_elem(bpf_map__fd(c->counters), &key, values) == 0;
		sums[key] = 0;
		for (int cpu = 0; ok && cpu < cpus; cpu++) {
			sums[key] += values[cpu];
			if (key == LOST && length < size)
				length += (size_t)snprintf(text + length, size - length, "%s%llu", cpu > 0 ? "," : "", (unsigned long long)values[cpu]);
		}
	}
	free(values);
	return ok;
}

/* After the programs are gone: the rest of the records, and what each channel counted. */
void events_stop(void)
{
	events_drain();
	for (int i = 0; i < channel_count; i++) {
		struct channel *c = &channels[i];
		unsigned long long sums[COUNTS] = {};
		char per_cpu[1024];
		bool counted = read_counts(c, sums, per_cpu, sizeof(per_cpu));

		flush(c);
		if (close(c->out) != 0 && !c->error)
			c->error = -errno;
		json_begin("events");
		json_number("object", c->object);
		json_text("map", bpf_map__name(c->map));
		json_text("kind", c->ring ? "ring buffer" : "perf event array");
		json_number("records", (long long)c->records);
		json_number("sent", counted ? (long long)sums[SENT] : -1);
		json_number("lost", counted ? (long long)sums[LOST] : -1);
		json_text("lostPerCpu", per_cpu);
		json_number("marked", (long long)c->marked);
		json_number("errno", -c->error);
		json_end();
		ring_buffer__free(c->ring);
		perf_buffer__free(c->perf);
		free(c->batch);
	}
	channel_count = 0;
}
