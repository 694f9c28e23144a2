// Says one line for each piece of a file that the kernel copies to a program. `lab run hello` shows the lines.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h" // comes with the tool: say() and CLONE()

// copyout(void __user *to, const void *from, size_t n); CLONE() puts the suffix of `parallelPath:` behind the name.
SEC("kprobe/" CLONE("copyout"))
int hello(struct pt_regs *ctx)
{
	say("copyout of %lu bytes", PT_REGS_PARM3(ctx));
	return 0;
}

// The kernel lends the helpers of BPF to programs with a GPL-compatible license only.
char LICENSE[] SEC("license") = "GPL";
