// Packets that arrive at an interface (`interface:` of the probe, lo by default), before the kernel looks at them.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

SEC("xdp")
int arrives(struct xdp_md *ctx)
{
	say("xdp: %d bytes", (int)(ctx->data_end - ctx->data));
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
