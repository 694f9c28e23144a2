// A packet on its way through the loopback device, seen twice: queued (tracepoint) and sent (kprobe). The kprobe has only
// addresses as arguments; it reads the device's name through one of them, which is the use of bpf_probe_read() that never
// failed in the log.
//
// Both run in the sender's own context. The receiving side (__netif_receive_skb_core) runs in a soft interrupt, whoever
// was on the CPU, and gcc renames it (.constprop.0).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

// The packet that was queued last; the kprobe finds its own packet in it, or says that it is another one.
HASH(queued, __u64, __u32, 64);

// events/net/net_dev_queue/format
struct net_dev_queue {
	__u64 common;
	__u64 skb;
	__u32 length;
	__u32 name;
};

SEC("tracepoint/net/net_dev_queue")
int packet_queued(struct net_dev_queue *ctx)
{
	__u64 skb = ctx->skb;
	__u32 length = ctx->length;

	bpf_map_update_elem(&queued, &skb, &length, BPF_ANY);
	say("queued: %u bytes", length);
	return 0;
}

SEC("kprobe/loopback_xmit")
int packet_sent(struct pt_regs *ctx)
{
	__u64 skb = PT_REGS_PARM1(ctx);
	__u32 *length = bpf_map_lookup_elem(&queued, &skb);
	// A network device begins with its name: struct net_device, name[IFNAMSIZ], at offset 0 up to 6.8.
	char name[16] = {};

	if (!length) {
		say("sent: a packet that was never queued");
		return 0;
	}
	read_kernel_text(name, sizeof(name), (void *)PT_REGS_PARM2(ctx));
	say("sent: the same %u bytes on %s", *length, name);
	bpf_map_delete_elem(&queued, &skb);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
