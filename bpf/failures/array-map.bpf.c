// WRONG ON PURPOSE: entries of an array cannot be deleted, and keys end with max_entries. Both calls return an error
// that nobody looks at; this program says what it is: -22 is EINVAL, -7 is E2BIG.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

ARRAY(one_entry, __u32, 1);

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	__u32 zero = 0, one = 1, value = 31;

	say("delete of entry 0: %d", (int)bpf_map_delete_elem(&one_entry, &zero));
	if (!bpf_map_lookup_elem(&one_entry, &one))
		say("lookup of entry 1: not there");
	say("update of entry 1: %d", (int)bpf_map_update_elem(&one_entry, &one, &value, BPF_ANY));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
