#include "head.h"

SEC("kprobe")
int second(struct pt_regs *ctx)
{
	return sum_of_head(ctx);
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct pt_regs *));
} programs SEC(".maps") = { .values = { [0] = &second } };

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	if (this_process() == get(target, 0))
		bpf_tail_call(ctx, &programs, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
