/*
 * Which files a program has its code from, and where: an address of a stack of user space means nothing without that,
 * since programs and libraries are somewhere else in each process (PIE, ASLR). The kernel reports each mapping of code,
 * fork and exec to a perf event that counts nothing, one per CPU. They are read from memory that is shared with the
 * kernel, so that a workload which maps nothing is not disturbed.
 */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A power of two, behind one page for the positions. */
#define PAGES 64
#define MOST_BYTES (16 << 20) /* of the file; what is behind that counts as lost */
#define MOST_ELF 128 /* files whose symbols are kept; tasks/run/guest/guest-run.ts knows their names */

static struct ring {
	int fd;
	struct perf_event_mmap_page *page;
} rings[MAX_CPUS];
static int ring_count;
static int out = -1;
static long long records, lost, written;
static size_t page_size;

static struct {
	char *path;
	uint64_t inode;
} elf[MOST_ELF];
static int elf_count;

/* The records as the kernel lays them out (perf_event_open(2)); each ends with its time. */
struct mapped {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t address, length, offset;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t protection, flags;
	char path[];
};

struct forked {
	struct perf_event_header header;
	uint32_t pid, ppid, tid, ptid;
};

struct renamed {
	struct perf_event_header header;
	uint32_t pid, tid;
	char comm[];
};

struct dropped {
	struct perf_event_header header;
	uint64_t id, lost;
};

static void put(const char *line, int length)
{
	if (written + length > MOST_BYTES || write(out, line, (size_t)length) != length) {
		lost++;
		return;
	}
	written += length;
	records++;
}

static void remember(const char *path, uint64_t inode)
{
	for (int i = 0; i < elf_count; i++)
		if (elf[i].inode == inode && strcmp(elf[i].path, path) == 0)
			return;
	if (path[0] != '/' || elf_count == MOST_ELF)
		return;
	elf[elf_count].path = strdup(path);
	elf[elf_count].inode = inode;
	if (elf[elf_count].path)
		elf_count++;
}

/* A line is a record: what would break it is replaced. */
static const char *plain(char *text)
{
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = '?';
	return text;
}

static void take(struct perf_event_header *header)
{
	static char line[8192];
	unsigned long long time = 0;

	if (header->type == PERF_RECORD_LOST) {
		lost += (long long)((struct dropped *)header)->lost;
		return;
	}
	memcpy(&time, (char *)header + header->size - sizeof(time), sizeof(time));
	if (header->type == PERF_RECORD_MMAP2) {
		struct mapped *m = (void *)header;

		remember(plain(m->path), m->inode);
		put(line, snprintf(line, sizeof(line), "M %llu %u %llx %llx %llx %llu %s\n", time, m->pid,
				   (unsigned long long)m->address, (unsigned long long)m->length,
				   (unsigned long long)m->offset, (unsigned long long)m->inode, m->path));
	} else if (header->type == PERF_RECORD_FORK) {
		struct forked *f = (void *)header;

		put(line, snprintf(line, sizeof(line), "F %llu %u %u %u\n", time, f->pid, f->tid, f->ppid));
	} else if (header->type == PERF_RECORD_COMM && header->misc & PERF_RECORD_MISC_COMM_EXEC) {
		struct renamed *c = (void *)header;

		put(line, snprintf(line, sizeof(line), "X %llu %u %s\n", time, c->pid, plain(c->comm)));
	}
}

static void drain(struct ring *ring)
{
	static union {
		struct perf_event_header header;
		char bytes[1 << 16];
	} record;
	const char *data = (const char *)ring->page + page_size;
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE), tail = ring->page->data_tail;
	size_t size = PAGES * page_size;

	while (tail < head) {
		uint16_t length;

		/* A record is aligned to eight bytes, so that its header never wraps. */
		memcpy(&record.header, data + tail % size, sizeof(record.header));
		length = record.header.size;
		if (length < sizeof(record.header) + sizeof(uint64_t))
			break;
		for (uint16_t i = 0; i < length; i++)
			record.bytes[i] = data[(tail + i) % size];
		take(&record.header);
		tail += length;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
}

static int open_ring(int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.task = 1,
		.comm = 1,
		.comm_exec = 1,
		.watermark = 1,
		.wakeup_watermark = UINT32_MAX, /* nobody waits */
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	struct ring *ring = &rings[ring_count];

	ring->fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		return errno == ENODEV ? 0 : -errno; /* this CPU is offline */
	ring->page = mmap(NULL, (PAGES + 1) * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->page == MAP_FAILED) {
		int error = -errno;

		close(ring->fd);
		return error;
	}
	ring_count++;
	return 0;
}

static void say(int error)
{
	json_begin("mappings");
	json_number("records", records);
	json_number("lost", lost);
	json_number("errno", -error);
	json_end();
}

static void close_rings(void)
{
	while (ring_count > 0) {
		struct ring *ring = &rings[--ring_count];

		munmap(ring->page, (PAGES + 1) * page_size);
		close(ring->fd);
	}
}

/* Begins where the run asks for it. A kernel that cannot do it costs names and nothing else: said on stdout. */
void mappings_start(const struct options *options)
{
	char path[512];
	int error = 0;

	if (!options->mappings)
		return;
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	snprintf(path, sizeof(path), "%s/mappings", options->dir);
	out = result_create(path);
	if (out < 0)
		error = out;
	for (int cpu = 0; !error && cpu < (int)sysconf(_SC_NPROCESSORS_CONF) && ring_count < MAX_CPUS; cpu++)
		error = open_ring(cpu);
	if (error) {
		close_rings();
		say(error);
	}
}

void mappings_look(void)
{
	for (int i = 0; i < ring_count; i++)
		drain(&rings[i]);
}

/* Ends it, and keeps the symbols of every file that was mapped: when no probe is there any more. */
void mappings_stop(const struct options *options)
{
	char path[512], line[8192];

	if (ring_count == 0)
		return;
	mappings_look();
	close_rings();
	for (int i = 0; i < elf_count; i++) {
		snprintf(path, sizeof(path), "%s/elf-%d", options->dir, i);
		if (elf_symbols(elf[i].path, elf[i].inode, path) == 0)
			put(line, snprintf(line, sizeof(line), "E %d %llu %s\n", i, (unsigned long long)elf[i].inode, elf[i].path));
	}
	say(0);
}
