// The buffer's address comes from the workload. Descriptors are small numbers that everybody has; an address and a
// process together are one read.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

ARRAY(target, __u32, 1);
ARRAY(wanted_buffer, __u64, 1);
ARRAY(seen_buffer, __u64, 1);
ARRAY(seen_byte, __u8, 1);
HASH(inside, __u32, __u64, 64);

SEC("tracepoint/syscalls/sys_enter_read")
int read_enter(struct sys_enter *ctx)
{
	__u64 buffer = ctx->args[1], wanted = get(wanted_buffer, 0);
	__u32 thread = this_thread();

	if (this_process() != get(target, 0))
		return 0;
	if (!wanted || buffer != wanted) {
		say("enter: another buffer, 0x%lx", buffer);
		return 0;
	}
	bpf_map_update_elem(&inside, &thread, &buffer, BPF_ANY);
	put(seen_buffer, 0, buffer);
	// All 64 bits: %x would print the lower half of the address only.
	say("enter: buffer 0x%lx, 0x%lx in the map", buffer, wanted);
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
	say("exit: %ld bytes, the first is 0x%x", ctx->result, byte);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
