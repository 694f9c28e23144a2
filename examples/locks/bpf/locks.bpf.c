// Every wait for a mutex or an rw_semaphore: how long, who waited, who held the lock at the beginning, and which function wanted it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

// include/trace/events/lock.h: what kind of lock it is. Spin locks have no owner that could be asked.
#define LCB_F_SPIN 1
#define LCB_F_MUTEX 32
// The lowest bits of the owner's address are flags (kernel/locking/mutex.h, rwsem.c).
#define OWNER(word) ((struct task_struct *)((word) & ~7UL))
// Frames of the stack that are not the caller's: this program, its trampoline, the lock's own function.
#define OWN_FRAMES 3

struct wait {
	__u64 ns;
	char waiter[16];
	char holder[16];
	char taken_in[32];
};
EVENTS(waits, struct wait);

// Threads that wait, with the time at which they began to.
HASH(waiting, __u32, struct wait, 1024);

static __always_inline struct task_struct *owner_of(void *lock, unsigned int flags)
{
	if (flags & LCB_F_MUTEX)
		return OWNER(BPF_CORE_READ((struct mutex *)lock, owner.counter));
	return OWNER(BPF_CORE_READ((struct rw_semaphore *)lock, owner.counter));
}

SEC("tp_btf/contention_begin")
int BPF_PROG(wait_begins, void *lock, unsigned int flags)
{
	struct wait wait = { .ns = bpf_ktime_get_ns() };
	__u32 thread = this_thread();
	__u64 caller = 0;

	if (flags & LCB_F_SPIN && !(flags & LCB_F_MUTEX))
		return 0;
	bpf_get_current_comm(wait.waiter, sizeof(wait.waiter));
	read_kernel_text(wait.holder, sizeof(wait.holder), owner_of(lock, flags)->comm);
	bpf_get_stack(ctx, &caller, sizeof(caller), OWN_FRAMES);
	BPF_SNPRINTF(wait.taken_in, sizeof(wait.taken_in), "%ps", (void *)caller);
	bpf_map_update_elem(&waiting, &thread, &wait, BPF_ANY);
	return 0;
}

SEC("tp_btf/contention_end")
int BPF_PROG(wait_ends)
{
	__u32 thread = this_thread();
	struct wait *begun = bpf_map_lookup_elem(&waiting, &thread);

	if (begun) {
		struct wait wait = *begun;

		wait.ns = bpf_ktime_get_ns() - wait.ns;
		bpf_map_delete_elem(&waiting, &thread);
		emit(ctx, waits, wait);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
