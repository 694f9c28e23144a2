// More stacks than its maps have room for.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

__u32 target;
// As STACKS() declares them, with fewer stacks than counts: the second stack of the kernel is lost, the third count,
// too.
LAB_STACK_MAP(few_stacks, 1);
LAB_STACK_MAP(few_more, 1);
HASH(few, struct lab_stack, __u64, 2);
ARRAY(few_lost, __u64, 1);

SEC("tracepoint/kmem/kmem_cache_alloc")
int allocate_few(void *ctx)
{
	if (this_process() == target)
		add_stack(ctx, few, STACK_KERNEL | STACK_USER, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
