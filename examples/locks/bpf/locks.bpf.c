// Every wait for a mutex or an rw_semaphore: how long, who waited, who held the lock at the beginning, and which
// function wanted it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

// include/trace/events/lock.h: what kind of lock it is. The others (spin locks, per-CPU and plain semaphores) have no
// owner that could be asked.
#define LCB_F_SPIN 1
#define LCB_F_READ 2
#define LCB_F_WRITE 4
#define LCB_F_MUTEX 32
// With LCB_F_READ or LCB_F_WRITE: LCB_F_SPIN is an rwlock, 8 (LCB_F_RT) a lock of a real-time kernel, 16 (LCB_F_PERCPU)
// a per-CPU semaphore.
#define IS_RWSEM(flags) ((flags) == LCB_F_READ || (flags) == LCB_F_WRITE)
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

// Threads that wait, for which lock, and since when.
struct waiter {
	__u64 lock;
	struct wait wait;
};
HASH(waiting, __u32, struct waiter, 1024);

static __always_inline struct task_struct *owner_of(void *lock, unsigned int flags)
{
	if (flags & LCB_F_MUTEX)
		return OWNER(BPF_CORE_READ((struct mutex *)lock, owner.counter));
	return OWNER(BPF_CORE_READ((struct rw_semaphore *)lock, owner.counter));
}

SEC("tp_btf/contention_begin")
int BPF_PROG(wait_begins, void *lock, unsigned int flags)
{
	struct waiter begun = { .lock = (__u64)lock, .wait.ns = bpf_ktime_get_ns() };
	__u32 thread = this_thread();
	struct waiter *before = bpf_map_lookup_elem(&waiting, &thread);
	__u64 caller = 0;

	if (!(flags & LCB_F_MUTEX) && !IS_RWSEM(flags))
		return 0;
	// One wait for a mutex begins several times: first it spins, then it sleeps.
	if (before && before->lock == begun.lock)
		return 0;
	bpf_get_current_comm(begun.wait.waiter, sizeof(begun.wait.waiter));
	read_kernel_text(begun.wait.holder, sizeof(begun.wait.holder), owner_of(lock, flags)->comm);
	bpf_get_stack(ctx, &caller, sizeof(caller), OWN_FRAMES);
	BPF_SNPRINTF(begun.wait.taken_in, sizeof(begun.wait.taken_in), "%ps", (void *)caller);
	bpf_map_update_elem(&waiting, &thread, &begun, BPF_ANY);
	return 0;
}

SEC("tp_btf/contention_end")
int BPF_PROG(wait_ends, void *lock)
{
	__u32 thread = this_thread();
	struct waiter *begun = bpf_map_lookup_elem(&waiting, &thread);

	// While it waits for this lock it may wait for others, such as the spin lock of the queue.
	if (begun && begun->lock == (__u64)lock) {
		struct wait wait = begun->wait;

		wait.ns = bpf_ktime_get_ns() - wait.ns;
		bpf_map_delete_elem(&waiting, &thread);
		emit(ctx, waits, wait);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
