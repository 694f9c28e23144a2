// The bytes that copyout() is about to copy, read from the page cache: what the log wanted on 22 January 2020 and never
// saw. The read itself always worked; %c in the message after it was what the kernel refused.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define SHOWN 16

ARRAY(seen_bytes, __u64, 2);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	void *from = COPYOUT_FROM(ctx);
	char text[SHOWN + 1] = {};
	__u64 bytes[2] = {};

	// As text it ends at a NUL or after 16 characters, as bytes never.
	if (read_kernel(bytes, sizeof(bytes), from) || read_kernel_text(text, sizeof(text), from) < 0) {
		say("copyout from an address that cannot be read");
		return 0;
	}
	put(seen_bytes, 0, bytes[0]);
	put(seen_bytes, 1, bytes[1]);
	say("copyout byte 0x%x", (__u8)bytes[0]);
	say("copyout text %s", text);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
