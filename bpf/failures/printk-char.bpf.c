// WRONG ON PURPOSE: %c in a message. Kernels before 5.15 refuse the whole format with -EINVAL and print nothing, which
// looks as if the program had not run (16 January 2020).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	char c = 0;

	if (read_kernel(&c, sizeof(c), COPYOUT_FROM(ctx)) == 0)
		say("copyout char %c", c);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
