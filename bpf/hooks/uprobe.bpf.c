// A function of the workload, when it is entered and when it returns. ${workload} is the program that the run starts.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("uprobe/${workload}:answer")
int entered(struct pt_regs *ctx)
{
	say("answer(%d)", (int)PT_REGS_PARM1(ctx));
	return 0;
}

SEC("uretprobe/${workload}:answer")
int returned(struct pt_regs *ctx)
{
	say("answer is %d", (int)PT_REGS_RC(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
