// Follows one read() of a file from ext4 down to copyout, the function that copies to user space.
//
// The clones (name_SUFFIX) exist only in a kernel with the lab's parallel path: reads of files take them, reads of
// pipes, terminals and sockets keep the originals, so a probe on a clone sees file reads and nothing else.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/ext4_file_read_iter")
int ext4_read(struct pt_regs *ctx)
{
	say("ext4 file read");
	return 0;
}

SEC("kprobe/generic_file_read_iter")
int generic_read(struct pt_regs *ctx)
{
	say("generic file read");
	return 0;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
// The page cache counts in folios since 5.16, and copy_page_to_iter_iovec() went away with it: 6.1 has
// filemap_read -> copy_folio_to_iter -> copy_page_to_iter -> _copy_to_iter -> copyout.
SEC("kprobe/" CLONE("copy_folio_to_iter"))
int folio_to_iter(struct pt_regs *ctx)
{
	say("copy_folio_to_iter");
	return 0;
}
#endif

SEC("kprobe/" CLONE("copy_page_to_iter"))
int page_to_iter(struct pt_regs *ctx)
{
	say("copy_page_to_iter");
	return 0;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
SEC("kprobe/" CLONE("_copy_to_iter"))
int copy_to_iter(struct pt_regs *ctx)
{
	say("_copy_to_iter");
	return 0;
}
#else
SEC("kprobe/" CLONE("copy_page_to_iter_iovec"))
int page_to_iter_iovec(struct pt_regs *ctx)
{
	say("copy_page_to_iter_iovec");
	return 0;
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
// copyout() is gone since 6.7; _copy_to_iter() gives this function to a generic loop over the user's buffers.
SEC("kprobe/" CLONE("copy_to_user_iter"))
int to_user_iter(struct pt_regs *ctx)
{
	unsigned long to = PT_REGS_PARM1(ctx), progress = PT_REGS_PARM2(ctx), len = PT_REGS_PARM3(ctx);
	unsigned long from = PT_REGS_PARM4(ctx) + progress;

	say("entering copy_to_user_iter");
	say("copy_to_user_iter to 0x%lx from 0x%lx len %lu", to, from, len);
	return 0;
}
#else
SEC("kprobe/" CLONE("copyout"))
int copyout(struct pt_regs *ctx)
{
	unsigned long to = PT_REGS_PARM1(ctx), from = PT_REGS_PARM2(ctx), len = PT_REGS_PARM3(ctx);

	say("entering copyout");
	// %lx and not %p: since 4.15 the latter prints a hash, which cannot be compared with anything.
	say("copyout to 0x%lx from 0x%lx len %lu", to, from, len);
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";
