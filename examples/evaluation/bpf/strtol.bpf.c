// What bpf_strtol() takes for a number of so many digits (map `digits`). Needs `helpers: [strtol]` of the kernel.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define MOST 8

ARRAY(target, __u32, 1);
ARRAY(digits, __u32, 1);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	// From 1 to MOST, so that the verifier sees it.
	__u32 size = ((get(digits, 0) - 1) & (MOST - 1)) + 1;
	char text[MOST] = "12345678";
	__u64 begin, end;
	long number = 0;

	if (this_process() != get(target, 0))
		return 0;
	begin = bpf_ktime_get_ns();
	bpf_strtol(text, size, 10, &number);
	end = bpf_ktime_get_ns();
	say("helper took %lu ns, number %ld", end - begin, number);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
