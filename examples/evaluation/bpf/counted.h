// Counts the calls of copyout() for the workload, or for the processes that it wrote into `users`: the work that the
// programs with and without an override share.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

ARRAY(target, __u32, 1);
ARRAY(seen_calls, __u64, 1);
HASH(users, __u32, __u32, 64);

/* Whether it is a call for the workload; then it is counted. */
static __always_inline int counted(void)
{
	__u32 process = this_process();

	if (process != get(target, 0) && !bpf_map_lookup_elem(&users, &process))
		return 0;
	put(seen_calls, 0, get(seen_calls, 0) + 1);
	return 1;
}
