// Who allocates memory for a file that is opened and read: a count for each stack that leads to an object of a slab.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

__u32 target;
STACKS(allocations, 4096);

SEC("tracepoint/kmem/kmem_cache_alloc")
int allocate(void *ctx)
{
	if (this_process() == target)
		add_stack(ctx, allocations, STACK_KERNEL | STACK_USER, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
