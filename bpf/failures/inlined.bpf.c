// WRONG ON PURPOSE: raw_copy_to_user() is __always_inline and so has no symbol that a kprobe could be put on
// (19 January 2020).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/raw_copy_to_user")
int raw_copy(struct pt_regs *ctx)
{
	say("raw_copy_to_user");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
