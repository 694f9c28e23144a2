// Where the CPUs are, about 1000 times a second: counts instruction addresses.
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

ARRAY(target, __u32, 1);
HASH(samples, __u64, __u64, 8192); // address -> samples, of the target only
ARRAY(all_samples, __u64, 1);      // of every process

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	__u64 address = PT_REGS_IP(&ctx->regs), one = 1, *count;
	__u32 zero = 0;

	count = bpf_map_lookup_elem(&all_samples, &zero);
	if (count)
		__sync_fetch_and_add(count, 1);
	if (this_process() != get(target, 0))
		return 0;
	count = bpf_map_lookup_elem(&samples, &address);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&samples, &address, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
