// More stacks than its maps have room for.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

__u32 target;
STACKS(few, 4);

SEC("tracepoint/kmem/kmem_cache_alloc")
int allocate(void *ctx)
{
	if (this_process() == target)
		count_stack(ctx, few);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
