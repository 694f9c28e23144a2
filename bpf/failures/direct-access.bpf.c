// WRONG ON PURPOSE: an argument of the probed function is used as a pointer. To the verifier it is a number; memory is
// read through it with bpf_probe_read (22 January 2020).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	const char *from = COPYOUT_FROM(ctx);

	say("copyout byte 0x%x", *from);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
