// A program that jumps to another one. `maps: { next: { 0: second } }` of the experiment puts that there.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

SEC("uprobe/${workload}:answer")
int first(struct pt_regs *ctx)
{
	bpf_tail_call(ctx, &next, 0);
	say("nobody is there to jump to");
	return 0;
}

SEC("kprobe")
int second(struct pt_regs *ctx)
{
	say("second(%d)", (int)PT_REGS_PARM1(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
