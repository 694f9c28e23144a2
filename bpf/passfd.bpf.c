// A number from user space to a probe and back: the workload puts its file descriptor into one map, the probe
// recognises the read() of that descriptor and puts what it saw into another.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

// Process to look at; the lab fills it in before the workload starts. A descriptor alone identifies nothing: fd 3 is
// the first file that any process opens. 0 is any process.
ARRAY(target, __u32, 1);
ARRAY(wanted_fd, __u32, 1);
ARRAY(seen_fd, __u32, 1);

SEC("tracepoint/syscalls/sys_enter_read")
int read_enter(struct sys_enter *ctx)
{
	__u32 fd = (__u32)ctx->args[0], process = get(target, 0);

	// Not `get`: a descriptor may be 0, and so "nothing there yet" must be told from it.
	__u32 zero = 0, *wanted = bpf_map_lookup_elem(&wanted_fd, &zero);

	if ((process && process != this_process()) || !wanted || fd != *wanted)
		return 0;
	put(seen_fd, 0, fd);
	say("read of fd %u, as in the map", fd);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
