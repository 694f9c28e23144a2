// One page is read; for each copyout() of the workload, LOOPS times: a text of up to 256 bytes is read from the page
// cache and written to the buffer. The verifier follows a bounded loop (since 5.3) turn by turn, and a turn has 20
// instructions: 3000 turns are 60 k instructions, and 48000 are 960 k of the million that it looks at
// (BPF_COMPLEXITY_LIMIT_INSNS).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define TEXT 256

ARRAY(target, __u32, 1);
ARRAY(seen_sum, __u64, 1);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	const char *from = (const char *)COPYOUT_FROM(ctx);
	char *to = (char *)COPYOUT_TO(ctx);
	char text[TEXT];
	__u64 sum = 0;

	if (this_process() != get(target, 0))
		return 0;
#pragma clang loop unroll(disable)
	for (int turn = 0; turn < LOOPS; turn++) {
		read_kernel_text(text, TEXT, from);
		sum = (sum + 1) * 31 + (__u8)text[0];
		bpf_probe_write_user(to, text, TEXT);
	}
	put(seen_sum, 0, sum);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
