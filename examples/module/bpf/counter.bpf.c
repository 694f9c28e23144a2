#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/counter_add")
int BPF_KPROBE(added, long by)
{
	say("added %ld", by);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
