// Raw tracepoints, with numbers for arguments and (tp_btf, since 5.5, with BTF) with types.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("raw_tp/sched_process_exit")
int exits(struct bpf_raw_tracepoint_args *ctx)
{
	say("raw: exit");
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exits_typed, struct task_struct *task)
{
	say("typed: exit of process %d", task->tgid == this_process());
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
