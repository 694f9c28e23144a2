// A histogram of how long requests of the workload take, from the driver's queue to their completion.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

// Filled by the lab before the workload starts.
__u32 target;

HASH(started, __u64, __u64, 1024);
HISTOGRAM(request_ns);

SEC("tp_btf/block_rq_issue")
int BPF_PROG(request_issued, struct request *request)
{
	__u64 key = (__u64)request, now = bpf_ktime_get_ns();

	if (this_process() == target)
		bpf_map_update_elem(&started, &key, &now, BPF_ANY);
	return 0;
}

// In an interrupt, whichever process it came upon.
SEC("tp_btf/block_rq_complete")
int BPF_PROG(request_done, struct request *request)
{
	__u64 key = (__u64)request, *begun = bpf_map_lookup_elem(&started, &key);

	if (begun) {
		count_log2(request_ns, bpf_ktime_get_ns() - *begun);
		bpf_map_delete_elem(&started, &key);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
