// tc: packets in both directions, with all that the kernel knows of them (since 4.1, with the options NET_CLS_BPF and NET_SCH_INGRESS).
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

SEC("tc")
int ingress(struct __sk_buff *packet)
{
	say("tc: %d bytes", packet->len);
	return 0; /* TC_ACT_OK */
}

char LICENSE[] SEC("license") = "GPL";
