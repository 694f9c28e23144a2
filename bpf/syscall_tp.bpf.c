// Counts opens of each process. open() and openat() are two system calls, and which of them a program uses is its C
// library's choice (glibc: openat since 2.26), so both are counted.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

HASH(enter_count, __u32, __u64, 1024);
HASH(exit_count, __u32, __u64, 1024);

static __always_inline void count(void *map)
{
	__u32 process = this_process();
	__u64 one = 1, *value = bpf_map_lookup_elem(map, &process);

	if (value)
		__sync_fetch_and_add(value, 1);
	else
		bpf_map_update_elem(map, &process, &one, BPF_ANY);
}

SEC("tracepoint/syscalls/sys_enter_open")
int open_enter(struct sys_enter *ctx)
{
	count(&enter_count);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int openat_enter(struct sys_enter *ctx)
{
	count(&enter_count);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_open")
int open_exit(struct sys_exit *ctx)
{
	count(&exit_count);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_openat")
int openat_exit(struct sys_exit *ctx)
{
	count(&exit_count);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
