// What each read() of a pipe returns.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

struct pipe_read {
	__s64 bytes;
};
EVENTS(pipe_reads, struct pipe_read);

SEC("kretprobe/pipe_read")
int pipe_was_read(struct pt_regs *ctx)
{
	struct pipe_read done = { .bytes = (__s64)PT_REGS_RC(ctx) };

	emit(ctx, pipe_reads, done);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
