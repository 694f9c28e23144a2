// A packet on its way through the loopback device, seen twice: queued (tracepoint) and sent (kprobe). The kprobe has
// only addresses as arguments; it reads the packet's device through one of them, which is the use of bpf_probe_read()
// that never failed in the log.
//
// Both run in the sender's own context. The receiving side (__netif_receive_skb_core) runs in a soft interrupt, whoever
// was on the CPU, and gcc renames it (.constprop.0).
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

struct packet {
	__u32 length;
	char device[16];
};

// Packets by address, between the two.
HASH(queued, __u64, struct packet, 64);

// events/net/net_dev_queue/format; the low half of `name` is where in the record the device's name stands.
struct net_dev_queue {
	__u64 common;
	__u64 skb;
	__u32 length;
	__u32 name;
};

SEC("tracepoint/net/net_dev_queue")
int packet_queued(struct net_dev_queue *ctx)
{
	struct packet packet = { .length = ctx->length };
	__u64 skb = ctx->skb;

	read_kernel_text(packet.device, sizeof(packet.device), (char *)ctx + (ctx->name & 0xffff));
	if (packet.device[0] != 'l' || packet.device[1] != 'o' || packet.device[2] != 0)
		return 0;
	bpf_map_update_elem(&queued, &skb, &packet, BPF_ANY);
	say("queued: %u bytes", packet.length);
	return 0;
}

// struct sk_buff begins with next, prev and dev, in every kernel from 4.15 to 6.12.
#define SKB_DEV 16

SEC("kprobe/loopback_xmit")
int packet_sent(struct pt_regs *ctx)
{
	__u64 skb = PT_REGS_PARM1(ctx), device = 0;
	struct packet *packet = bpf_map_lookup_elem(&queued, &skb);

	if (!packet) {
		say("sent: a packet that was never queued");
		return 0;
	}
	if (read_kernel(&device, sizeof(device), (void *)(skb + SKB_DEV)) || device != PT_REGS_PARM2(ctx))
		say("sent: a packet of another device, 0x%lx", device);
	else
		say("sent: the same %u bytes on %s", packet->length, packet->device);
	bpf_map_delete_elem(&queued, &skb);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
