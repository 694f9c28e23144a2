// Follows what the maps say and nothing else: one process, one file (by its descriptor in that process), one buffer. A
// filter that is 0 lets everything through.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

ARRAY(target, __u32, 1);
ARRAY(only_fd, __u32, 1);
ARRAY(only_buffer, __u64, 1);

// The descriptor that a thread is reading from: copyout() knows addresses and not files.
HASH(reading, __u32, __u32, 64);

SEC("tracepoint/syscalls/sys_enter_read")
int read_enter(struct sys_enter *ctx)
{
	__u32 thread = this_thread(), fd = (__u32)ctx->args[0];

	bpf_map_update_elem(&reading, &thread, &fd, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_read")
int read_exit(struct sys_exit *ctx)
{
	__u32 thread = this_thread();

	bpf_map_delete_elem(&reading, &thread);
	return 0;
}

SEC("kprobe/" COPYOUT)
int copyout(struct pt_regs *ctx)
{
	__u32 process = get(target, 0), only = get(only_fd, 0), thread = this_thread();
	__u64 to = COPYOUT_TO(ctx), buffer = get(only_buffer, 0);
	__u32 *fd = bpf_map_lookup_elem(&reading, &thread);

	if (process && process != this_process())
		return 0;
	if (only && (!fd || *fd != only))
		return 0;
	if (buffer && buffer != to)
		return 0;
	say("copyout for fd %d to 0x%lx", fd ? (int)*fd : -1, to);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
