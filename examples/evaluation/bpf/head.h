// The sum of the first bytes of each page that copyout() copies for the workload: what a program does by itself, or in
// a second one that the first calls.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define HEAD 64

ARRAY(target, __u32, 1);
ARRAY(seen_sum, __u64, 1);

static __always_inline int sum_of_head(struct pt_regs *ctx)
{
	__u8 head[HEAD] = {};
	__u64 sum = 0;

	read_kernel(head, HEAD, COPYOUT_FROM(ctx));
#pragma clang loop unroll(disable)
	for (int at = 0; at < HEAD; at++)
		sum += head[at];
	put(seen_sum, 0, get(seen_sum, 0) + sum);
	return 0;
}
