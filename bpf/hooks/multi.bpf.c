// All functions of a pattern at once (fprobes, since 5.18).
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe.multi/vfs_rea?")
int entered(struct pt_regs *ctx)
{
	say("entered one of vfs_rea?");
	return 0;
}

SEC("kretprobe.multi/vfs_rea?")
int returned(struct pt_regs *ctx)
{
	say("which returned %ld", PT_REGS_RC(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
