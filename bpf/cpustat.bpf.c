// How often each CPU went idle and for how long, from the power events; and how often its frequency changed, which in a
// guest without cpufreq is never.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

#define CPUS 64
#define WOKE_UP 0xffffffff // PWR_EVENT_EXIT: the state when idle ends

ARRAY(idle_since, __u64, CPUS);
ARRAY(idle_ns, __u64, CPUS);
ARRAY(idle_count, __u64, CPUS);
ARRAY(freq_count, __u64, CPUS);

// events/power/cpu_idle/format; cpu_frequency has the same fields.
struct power {
	__u64 common;
	__u32 state;
	__u32 cpu;
};

SEC("tracepoint/power/cpu_idle")
int cpu_idle(struct power *ctx)
{
	__u32 cpu = ctx->cpu;
	__u64 now = bpf_ktime_get_ns();
	__u64 *since = bpf_map_lookup_elem(&idle_since, &cpu);
	__u64 *total = bpf_map_lookup_elem(&idle_ns, &cpu);
	__u64 *count = bpf_map_lookup_elem(&idle_count, &cpu);

	// Only this CPU writes these values, and idle does not nest: no atomic operation is needed.
	if (!since || !total || !count)
		return 0;
	if (ctx->state != WOKE_UP) {
		*since = now;
		*count += 1;
	} else if (*since) {
		*total += now - *since;
		*since = 0;
	}
	return 0;
}

SEC("tracepoint/power/cpu_frequency")
int cpu_frequency(struct power *ctx)
{
	__u32 cpu = ctx->cpu;
	__u64 *count = bpf_map_lookup_elem(&freq_count, &cpu);

	if (count)
		*count += 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
