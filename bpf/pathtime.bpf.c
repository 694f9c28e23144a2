// How long each function on the way of a read takes, from its entry to its return. Each includes those that it calls,
// and the probes inside it.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

#define FUNCTIONS 8

// Entry time by thread and function.
struct entry {
	__u32 thread;
	__u32 function;
};
HASH(entered, struct entry, __u64, 1024);

// The last duration of each function, outermost first.
ARRAY(took_ns, __u64, FUNCTIONS);

static __always_inline int enter(__u32 function)
{
	struct entry key = { this_thread(), function };
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&entered, &key, &now, BPF_ANY);
	return 0;
}

#define LEAVE(function, name)                                                                  \
	({                                                                                     \
		struct entry key = { this_thread(), function };                                \
		__u64 *since = bpf_map_lookup_elem(&entered, &key);                            \
                                                                                               \
		if (since) {                                                                   \
			__u64 ns = bpf_ktime_get_ns() - *since;                                \
                                                                                               \
			bpf_map_delete_elem(&entered, &key);                                   \
			put(took_ns, function, ns);                                            \
			say(name " took %lu ns", ns);                                          \
		}                                                                              \
		0;                                                                             \
	})

#define TIMED(number, program, function, name)                                                 \
	SEC("kprobe/" function) int program##_enter(struct pt_regs *ctx)                       \
	{                                                                                      \
		return enter(number);                                                          \
	}                                                                                      \
	SEC("kretprobe/" function) int program##_leave(struct pt_regs *ctx)                    \
	{                                                                                      \
		return LEAVE(number, name);                                                    \
	}

TIMED(0, ext4, "ext4_file_read_iter", "ext4_file_read_iter")
TIMED(1, generic, "generic_file_read_iter", "generic_file_read_iter")
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
TIMED(2, folio, CLONE("copy_folio_to_iter"), "copy_folio_to_iter")
TIMED(3, page, CLONE("copy_page_to_iter"), "copy_page_to_iter")
TIMED(4, iter, CLONE("_copy_to_iter"), "_copy_to_iter")
TIMED(5, copyout, COPYOUT, "copyout")
#else
TIMED(2, page, CLONE("copy_page_to_iter"), "copy_page_to_iter")
TIMED(3, iovec, CLONE("copy_page_to_iter_iovec"), "copy_page_to_iter_iovec")
TIMED(4, copyout, COPYOUT, "copyout")
#endif

char LICENSE[] SEC("license") = "GPL";
