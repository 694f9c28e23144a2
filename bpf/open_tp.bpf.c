// Which file a process opens, and as which descriptor: the name is known when the call begins, the descriptor when it
// ends.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

ARRAY(target, __u32, 1);
HASH(opening, __u32, __u64, 64); // thread -> address of the name

static __always_inline int enter(__u64 name)
{
	__u32 thread = this_thread();

	if (this_process() == get(target, 0))
		bpf_map_update_elem(&opening, &thread, &name, BPF_ANY);
	return 0;
}

static __always_inline int leave(long result)
{
	__u32 thread = this_thread();
	__u64 *name = bpf_map_lookup_elem(&opening, &thread);
	char text[64] = {};

	if (!name)
		return 0;
	// Now and not at the beginning: the kernel has read the name meanwhile, so its page is in memory.
	long length = read_user_text(text, sizeof(text), (void *)*name);

	bpf_map_delete_elem(&opening, &thread);
	if (length < 0)
		say("open of a name that cannot be read: %ld", result);
	else
		say("open %s = %ld", text, result);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_open")
int open_enter(struct sys_enter *ctx)
{
	return enter(ctx->args[0]);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int openat_enter(struct sys_enter *ctx)
{
	return enter(ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_open")
int open_exit(struct sys_exit *ctx)
{
	return leave(ctx->result);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int openat_exit(struct sys_exit *ctx)
{
	return leave(ctx->result);
}

char LICENSE[] SEC("license") = "GPL";
