// WRONG ON PURPOSE: a slash before "tracepoint" (7 January 2020). The loader knows no such section.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("/tracepoint/syscalls/sys_enter_read")
int read_enter(struct sys_enter *ctx)
{
	say("read of fd %ld", ctx->args[0]);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
