// Follows each read of a file from the system call's function down to the page cache. `lab run hello` shows the lines.
//
// vmlinux.h has the types of the kernel that is booted. libbpf fits every access to the kernel that runs (CO-RE), so
// this source does for others too.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h" // comes with the tool: say() and read_kernel_text()

// vfs_read(struct file *file, char __user *buf, size_t count, loff_t *pos): every read() of every file system comes
// through here.
SEC("kprobe/vfs_read")
int hello_vfs(struct pt_regs *ctx)
{
	struct file *file = (void *)PT_REGS_PARM1(ctx);
	char name[16];

	read_kernel_text(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	say("vfs_read: %lu bytes of %s", PT_REGS_PARM3(ctx), name);
	return 0;
}

// ext4_file_read_iter(struct kiocb *iocb, struct iov_iter *to): the file system's own function.
SEC("kprobe/ext4_file_read_iter")
int hello_ext4(struct pt_regs *ctx)
{
	struct kiocb *iocb = (void *)PT_REGS_PARM1(ctx);

	say("ext4_file_read_iter: inode %lu", BPF_CORE_READ(iocb, ki_filp, f_inode, i_ino));
	return 0;
}

// filemap_read(struct kiocb *iocb, struct iov_iter *iter, ssize_t already_read): copies out of the page cache (since
// 5.12).
SEC("kprobe/filemap_read")
int hello_cache(struct pt_regs *ctx)
{
	struct kiocb *iocb = (void *)PT_REGS_PARM1(ctx);

	say("filemap_read: from byte %lld, %lu pages in the cache", BPF_CORE_READ(iocb, ki_pos),
	    BPF_CORE_READ(iocb, ki_filp, f_mapping, nrpages));
	return 0;
}

// The kernel lends the helpers of BPF to programs with a GPL-compatible license only.
char LICENSE[] SEC("license") = "GPL";
