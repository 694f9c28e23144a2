// A USDT probe of the workload: a place that its author named for tracers (bpf/workloads/usdt.h).
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include "lab.bpf.h"

SEC("usdt/${workload}:hooks:asked")
int BPF_USDT(asked, long question)
{
	say("asked %d", (int)question);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
