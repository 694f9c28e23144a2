// The same as count.bpf.c, with a message for each call: the trap of printing inside of what is measured.
#include "counted.h"

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	if (counted())
		say("copyout of %lu bytes", COPYOUT_LENGTH(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
