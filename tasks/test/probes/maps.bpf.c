// Every kind of map and type that the lab decodes.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

enum state { IDLE, BUSY = 7 };

struct seen {
	__u32 pid;
	char comm[16];
	__u64 buffer;
	void *from;
	enum state state;
	__s16 delta;
	_Bool first;
	struct { __u32 major, minor; } dev;
	__u32 low : 3, high : 5;
};

struct wanted { __u32 pid; __u32 bytes; char name[8]; };

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct wanted); } target SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } numbers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct seen); } by_pid SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } per_cpu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 64); __type(key, char[8]); __type(value, __u32); } names SEC(".maps");

HISTOGRAM(sizes);

__u64 copies;
__s32 target_pid = -1;

SEC("kprobe/" CLONE("copyout"))
int copyout(struct pt_regs *ctx)
{
	__u32 zero = 0, pid = bpf_get_current_pid_tgid() >> 32;
	struct wanted *wanted = bpf_map_lookup_elem(&target, &zero);
	struct seen seen = {};
	__u32 *count = bpf_map_lookup_elem(&per_cpu, &zero);

	if (count)
		(*count)++;
	if (!wanted || wanted->pid != pid)
		return 0;
	copies++;
	count_log2(sizes, wanted->bytes);
	seen.pid = pid;
	seen.buffer = PT_REGS_PARM1(ctx);
	seen.from = (void *)PT_REGS_PARM2(ctx);
	seen.state = BUSY;
	seen.delta = -2;
	seen.first = copies == 1;
	seen.dev.major = 8;
	seen.dev.minor = 1;
	seen.low = 5;
	seen.high = 17;
	bpf_get_current_comm(seen.comm, sizeof(seen.comm));
	bpf_map_update_elem(&by_pid, &pid, &seen, BPF_ANY);
	say("copy of pid %d, wanted %d bytes %lu", wanted->pid, wanted->bytes, PT_REGS_PARM3(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
