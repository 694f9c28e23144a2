/*
 * perf_event programs: run at each tick of a sampling clock, one perf event per CPU. The clock is a software one
 * (hrtimers), because a guest has no counters of the CPU to sample by.
 */
#include "holder.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Ticks a second; not 1000, which would beat with whatever else happens every millisecond. */
#define FREQUENCY 999

static struct bpf_link *links[MAX_CPUS];
static int link_count;

/* Attaches a program to every CPU's clock. The last link, or NULL with errno; the others end with sample_detach(). */
struct bpf_link *sample_attach(const struct bpf_program *program)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = FREQUENCY,
	};
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	struct bpf_link *link = NULL;

	for (int cpu = 0; cpu < cpus; cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0 && errno == ENODEV) /* this CPU is offline */
			continue;
		if (fd < 0 || link_count >= MAX_CPUS) {
			errno = fd < 0 ? errno : E2BIG;
			return NULL;
		}
		if (link)
			links[link_count++] = link;
		link = bpf_program__attach_perf_event(program, fd);
		if (!link) {
			int error = errno;

			close(fd);
			errno = error;
			return NULL;
		}
	}
	return link;
}

void sample_detach(void)
{
	while (link_count > 0)
		bpf_link__destroy(links[--link_count]);
}
