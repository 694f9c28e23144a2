// The same work as override.bpf.c, and the copy goes on.
#include "counted.h"

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	counted();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
