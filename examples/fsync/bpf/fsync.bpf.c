// Times each fsync() of a file on ext4 and counts what is written to its disk meanwhile, by any thread: with a journal,
// most of it is written by the journal's thread and not by the one that waits.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define REQ_OP_MASK 0xff

struct fsync {
	__u64 ns;
	__u64 bytes;
	__u64 requests;
};
EVENTS(fsyncs, struct fsync);

// The fsync() that is under way; one process of this workload calls it.
__u32 device;
__u64 started;
struct fsync written;

SEC("kprobe/ext4_sync_file")
int fsync_begins(struct pt_regs *ctx)
{
	struct file *file = (void *)PT_REGS_PARM1(ctx);

	written = (struct fsync){};
	device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	started = bpf_ktime_get_ns();
	return 0;
}

// A request goes to the driver of the disk.
SEC("tp_btf/block_rq_issue")
int BPF_PROG(request_issued, struct request *request)
{
	if (started == 0 || BPF_CORE_READ(request, part, bd_dev) != device)
		return 0;
	if ((request->cmd_flags & REQ_OP_MASK) == REQ_OP_WRITE) {
		written.bytes += request->__data_len;
		written.requests++;
	}
	return 0;
}

SEC("kretprobe/ext4_sync_file")
int fsync_ends(struct pt_regs *ctx)
{
	struct fsync done = written;

	done.ns = bpf_ktime_get_ns() - started;
	started = 0;
	emit(ctx, fsyncs, done);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
