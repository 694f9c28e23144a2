// Filter and reduce where the data is: of each page that copyout() would copy, the records of three digits and a space
// are parsed, those from 500 on are added up, and nothing is copied.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define PAGE 4096
#define RECORD 4

ARRAY(target, __u32, 1);
ARRAY(seen_sum, __u64, 1);

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

	if (this_process() != get(target, 0) || !page || length > PAGE)
		return 0;
	if (read_kernel(page->bytes, length, COPYOUT_FROM(ctx)))
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < PAGE; at += RECORD) {
		__u32 value;

		if (at >= length)
			break;
		value = (page->bytes[at] - '0') * 100 + (page->bytes[at + 1] - '0') * 10 + (page->bytes[at + 2] - '0');
		if (value >= 500)
			sum += value;
	}
	put(seen_sum, 0, get(seen_sum, 0) + sum);
	bpf_override_return(ctx, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
