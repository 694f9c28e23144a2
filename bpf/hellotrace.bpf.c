// The smallest probe: is it attached, and does it print? On a function of the parallel path, and on a system call.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/" COPYOUT)
int hello_copyout(struct pt_regs *ctx)
{
	say("hello from copyout");
	return 0;
}

SEC("kprobe/" SYSCALL("write"))
int hello_write(struct pt_regs *ctx)
{
	say("hello from write");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
