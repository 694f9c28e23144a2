/*
 * The kernel side of multi_user.c, as programs of samples/bpf were written up to 5.3: SEC("maps"), a perf event array,
 * a program array with a tail call.
 */
#include <linux/ptrace.h>
#include <linux/version.h>
#include <uapi/linux/bpf.h>
#include "bpf_helpers.h"

struct bpf_map_def SEC("maps") counts = {
	.type = BPF_MAP_TYPE_ARRAY, .key_size = sizeof(u32), .value_size = sizeof(u64), .max_entries = 2,
};
struct bpf_map_def SEC("maps") events = {
	.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = sizeof(int), .value_size = sizeof(u32), .max_entries = 2,
};
struct bpf_map_def SEC("maps") progs = {
	.type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = sizeof(u32), .value_size = sizeof(u32), .max_entries = 4,
};
static void count(u32 key)
{
	u64 *value = bpf_map_lookup_elem(&counts, &key);
	if (value)
		__sync_fetch_and_add(value, 1);
}
SEC("kprobe/vfs_read")
int on_read(struct pt_regs *ctx)
{
	char text[] = "vfs_read\n";
	count(0);
	bpf_trace_printk(text, sizeof(text));
	return 0;
}
SEC("kprobe/vfs_write")
int on_write(struct pt_regs *ctx)
{
	count(1);
	bpf_tail_call(ctx, &progs, 1);
	return 0;
}
SEC("kprobe/1")
int tail(struct pt_regs *ctx)
{
	char text[] = "tail of vfs_write\n";
	bpf_trace_printk(text, sizeof(text));
	return 0;
}
char _license[] SEC("license") = "GPL";
u32 _version SEC("version") = LINUX_VERSION_CODE;
