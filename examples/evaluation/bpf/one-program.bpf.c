#include "head.h"

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	return this_process() == get(target, 0) ? sum_of_head(ctx) : 0;
}

char LICENSE[] SEC("license") = "GPL";
