// The sum of all bytes that copyout() copies for one process, to compare with the sum of the buffer in user space.
// Loops need 5.3: before that the verifier accepts none.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define PAGE 4096

ARRAY(target, __u32, 1);
ARRAY(seen_sum, __u64, 1);
ARRAY(seen_bytes, __u64, 1);

// A page is more than the stack of a program holds.
struct page {
	__u8 bytes[PAGE];
};
ARRAY(scratch, struct page, 1);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	__u32 zero = 0;
	__u64 length = COPYOUT_LENGTH(ctx), sum = 0;
	struct page *page = bpf_map_lookup_elem(&scratch, &zero);
	__u64 *total = bpf_map_lookup_elem(&seen_sum, &zero), *count = bpf_map_lookup_elem(&seen_bytes, &zero);

	if (this_process() != get(target, 0) || !page || !total || !count)
		return 0;
	// copyout() gets a page at most; the verifier wants to see it.
	if (length > PAGE) {
		say("copyout of more than a page: %lu", length);
		return 0;
	}
	if (read_kernel(page->bytes, length, COPYOUT_FROM(ctx))) {
		say("copyout from an address that cannot be read");
		return 0;
	}
	for (__u32 i = 0; i < PAGE; i++) {
		if (i >= length)
			break;
		sum += page->bytes[i];
	}
	*total += sum;
	*count += length;
	say("copyout of %lu bytes, their sum is %lu", length, sum);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
