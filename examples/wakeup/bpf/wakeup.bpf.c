// Times how long the sleeper is runnable before it runs: from its wake-up to the switch to it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

struct wakeup {
	__u64 ns;
};
EVENTS(wakeups, struct wakeup);

// Filled by the lab before the workload starts.
__u32 target;

__u64 woken;
__u64 waited;

SEC("tp_btf/sched_wakeup")
int BPF_PROG(is_woken, struct task_struct *task)
{
	if (task->pid == target)
		woken = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(gets_the_cpu, bool preempted, struct task_struct *before, struct task_struct *next)
{
	if (next->pid == target && woken != 0) {
		waited = bpf_ktime_get_ns() - woken;
		woken = 0;
	}
	return 0;
}

// At the switch the thread is still the one before. The event is sent when the sleeper runs, so that it is an event of
// the workload.
SEC("tracepoint/syscalls/sys_exit_read")
int wakes_up(void *ctx)
{
	if (this_thread() == target && waited != 0) {
		struct wakeup done = { .ns = waited };

		waited = 0;
		emit(ctx, wakeups, done);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
