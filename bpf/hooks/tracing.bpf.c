// fentry and fexit: arguments and return value with their types, through ftrace instead of a breakpoint (since 5.5,
// with BTF).
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("fentry/vfs_read")
int BPF_PROG(entered, struct file *file, char *buffer, size_t count)
{
	say("read of %d bytes", (int)count);
	return 0;
}

SEC("fexit/vfs_read")
int BPF_PROG(returned, struct file *file, char *buffer, size_t count, loff_t *position, ssize_t result)
{
	say("%d bytes read", (int)result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
