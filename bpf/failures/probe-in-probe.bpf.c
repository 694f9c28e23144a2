// WRONG ON PURPOSE: a probe on the helper that another probe calls. A kprobe that is met inside the handler of a kprobe
// is not run, it is counted as missed (tracex1 and readiter of the log had one on bpf_probe_read).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
#define HELPER "bpf_probe_read_kernel"
#else
#define HELPER "bpf_probe_read"
#endif

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	__u8 byte = 0;

	read_kernel(&byte, sizeof(byte), COPYOUT_FROM(ctx));
	say("copyout byte 0x%x", byte);
	return 0;
}

SEC("kprobe/" HELPER)
int helper(struct pt_regs *ctx)
{
	say(HELPER);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
