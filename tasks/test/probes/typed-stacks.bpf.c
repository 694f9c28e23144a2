// The same stacks twice: as typed events, and counted in a map.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

__u32 target;

struct asked {
	__u64 kernel_stack[12];
	__u64 user_stack[12];
};
EVENTS(asked, struct asked);
STACKS(counted, 256);

SEC("kprobe/" SYSCALL("getppid"))
int ask(struct pt_regs *ctx)
{
	struct asked one = {};

	if (this_process() != target)
		return 0;
	bpf_get_stack(ctx, one.kernel_stack, sizeof(one.kernel_stack), 0);
	bpf_get_stack(ctx, one.user_stack, sizeof(one.user_stack), BPF_F_USER_STACK);
	emit(ctx, asked, one);
	add_stack(ctx, counted, STACK_KERNEL | STACK_USER, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
