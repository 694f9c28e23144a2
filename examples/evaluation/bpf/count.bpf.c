// The same work as override.bpf.c, and the copy goes on.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

ARRAY(target, __u32, 1);
ARRAY(seen_calls, __u64, 1);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	if (this_process() != get(target, 0))
		return 0;
	put(seen_calls, 0, get(seen_calls, 0) + 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
