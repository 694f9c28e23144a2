// Packets and sockets of the workload alone: lab puts it into a control group of its own for such programs.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

SEC("cgroup_skb/egress")
int leaves(struct __sk_buff *packet)
{
	say("cgroup: %d bytes leave", packet->len);
	return 1;
}

SEC("sockops")
int operates(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB)
		say("sockops: connected");
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
