// What copyout copies, as typed events: the host makes columns of the fields of struct copied.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

struct copied {
	void *to;
	const void *from;
	__u64 length;
	// The first bytes of it, as they stand in the page cache.
	char text[16];
};
EVENTS(copied, struct copied);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	struct copied one = {
		.to = (void *)COPYOUT_TO(ctx),
		.from = COPYOUT_FROM(ctx),
		.length = COPYOUT_LENGTH(ctx),
	};

	read_kernel(one.text, sizeof(one.text) - 1, one.from);
	emit(ctx, copied, one);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
