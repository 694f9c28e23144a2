// A kprobe within a function: behind the five bytes of the call of __fentry__, which every traced function begins with.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

SEC("kprobe/vfs_read+5")
int behind_fentry(struct pt_regs *ctx)
{
	say("vfs_read+5");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
