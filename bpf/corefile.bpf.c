// Which file a read() is about, and who reads, by fields of the kernel's own structs. They lie elsewhere from kernel to
// kernel (those of task_struct in nearly every one); libbpf corrects each access when it loads the object, by the types
// of the kernel that runs (CO-RE). So one object does for all kernels.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("kprobe/ext4_file_read_iter")
int read_iter(struct pt_regs *ctx)
{
	struct kiocb *iocb = (void *)PT_REGS_PARM1(ctx);
	struct file *file = BPF_CORE_READ(iocb, ki_filp);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct task_struct *task = (void *)bpf_get_current_task();
	char name[16];

	read_kernel_text(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	say("read of %s, inode %lu, %lu bytes", name, BPF_CORE_READ(inode, i_ino), (__u64)BPF_CORE_READ(inode, i_size));
	say("by process %d, child of %d", BPF_CORE_READ(task, tgid), BPF_CORE_READ(task, real_parent, tgid));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
