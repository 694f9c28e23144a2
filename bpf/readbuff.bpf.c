// The file descriptor comes from the workload; the probe finds the buffer of its read() and, when the read is done, the
// byte in it. The byte is read through the address: the address's own lowest byte is what the log mistook for it.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

ARRAY(target, __u32, 1);
ARRAY(wanted_fd, __u32, 1);
ARRAY(seen_buffer, __u64, 1);
ARRAY(seen_byte, __u8, 1);

// Threads that are inside a read() of ours, and its buffer: sys_exit has the result and no arguments.
HASH(inside, __u32, __u64, 64);

SEC("tracepoint/syscalls/sys_enter_read")
int read_enter(struct sys_enter *ctx)
{
	__u32 zero = 0, thread = this_thread(), fd = (__u32)ctx->args[0], *wanted;
	__u64 buffer = ctx->args[1];

	wanted = bpf_map_lookup_elem(&wanted_fd, &zero);
	if (this_process() != get(target, 0) || !wanted || fd != *wanted)
		return 0;
	bpf_map_update_elem(&inside, &thread, &buffer, BPF_ANY);
	put(seen_buffer, 0, buffer);
	say("enter: fd %u buffer 0x%lx", fd, buffer);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_read")
int read_exit(struct sys_exit *ctx)
{
	__u32 thread = this_thread();
	__u64 *buffer = bpf_map_lookup_elem(&inside, &thread);
	__u8 byte = 0;

	if (!buffer)
		return 0;
	long error = read_user(&byte, sizeof(byte), (void *)*buffer);

	bpf_map_delete_elem(&inside, &thread);
	if (error) {
		say("exit: the buffer cannot be read: %ld", error);
		return 0;
	}
	put(seen_byte, 0, byte);
	// A number and not %c, which kernels before 5.15 refuse.
	say("exit: %ld bytes, the first is 0x%x", ctx->result, byte);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
