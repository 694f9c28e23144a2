// WRONG ON PURPOSE: a probe on the helper that a program of a tracepoint calls. The kprobe is hit, and its program is
// not run: a CPU runs one such program at a time (bpf_prog_active). Before 6.7 the kernel counts that nowhere.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
#define HELPER "bpf_probe_read_user"
#else
#define HELPER "bpf_probe_read"
#endif

ARRAY(target, __u32, 1);

SEC("tracepoint/syscalls/sys_enter_read")
int entered(struct sys_enter *ctx)
{
	__u8 byte = 0;

	if (this_process() != get(target, 0))
		return 0;
	read_user(&byte, sizeof(byte), (void *)ctx->args[1]);
	say("read into a buffer with 0x%x", byte);
	return 0;
}

SEC("kprobe/" HELPER)
int helper(struct pt_regs *ctx)
{
	say(HELPER);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
