// WRONG ON PURPOSE: a value of 4 bytes is read through a pointer to 8 (7 January 2020, after the check was there).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

ARRAY(wanted_fd, __u32, 1);

SEC("tracepoint/syscalls/sys_enter_read")
int read_enter(struct sys_enter *ctx)
{
	__u32 zero = 0;
	__u64 *wanted = bpf_map_lookup_elem(&wanted_fd, &zero);

	if (wanted && *wanted == ctx->args[0])
		say("read of the wanted fd");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
