// Counts management datagrams that a process sends and receives through InfiniBand, by direction. The events belong to
// the driver ib_umad and exist only with it.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"

enum { RECEIVED, SENT };

ARRAY(datagrams, __u64, 2);

static __always_inline int count(__u32 direction)
{
	__u64 *value = bpf_map_lookup_elem(&datagrams, &direction);

	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}

SEC("tracepoint/ib_umad/ib_umad_read_recv")
int received(void *ctx)
{
	return count(RECEIVED);
}

SEC("tracepoint/ib_umad/ib_umad_write")
int sent(void *ctx)
{
	return count(SENT);
}

char LICENSE[] SEC("license") = "GPL";
