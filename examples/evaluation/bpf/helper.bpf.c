// What one call of a helper takes, for a buffer of so many bytes: map `bytes`; `which` is 0 to read, 1 to write.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define MOST 256

ARRAY(target, __u32, 1);
ARRAY(bytes, __u32, 1);
ARRAY(which, __u32, 1);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	// From 1 to MOST, so that the verifier sees it.
	__u32 size = ((get(bytes, 0) - 1) & (MOST - 1)) + 1;
	char text[MOST] = {};
	__u64 begin, end;

	if (this_process() != get(target, 0))
		return 0;
	if (get(which, 0)) {
		begin = bpf_ktime_get_ns();
		bpf_probe_write_user((void *)COPYOUT_TO(ctx), text, size);
		end = bpf_ktime_get_ns();
	} else {
		begin = bpf_ktime_get_ns();
		read_kernel_text(text, size, COPYOUT_FROM(ctx));
		end = bpf_ktime_get_ns();
	}
	say("helper took %lu ns", end - begin);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
