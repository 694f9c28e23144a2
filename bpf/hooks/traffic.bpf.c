// tc: packets of an interface in both directions, with all that the kernel knows of them. It needs NET_SCH_INGRESS and
// NET_CLS_BPF, which Debian's kernels have as modules: `modules: [sch_ingress, cls_bpf]` of the experiment loads them.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

SEC("tc/ingress")
int arrives_at(struct __sk_buff *packet)
{
	say("tc: %d bytes arrive", packet->len);
	return 0; /* TC_ACT_OK */
}

SEC("tc/egress")
int leaves_by(struct __sk_buff *packet)
{
	say("tc: %d bytes leave", packet->len);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
