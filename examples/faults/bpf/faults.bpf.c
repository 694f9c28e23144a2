// Every page fault in user space of the program that the workload starts: what is mapped there, and whether it read or
// wrote.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

struct fault {
	char mapping[32];
	char access[8];
};
EVENTS(faults, struct fault);

// The workload, filled by the lab; its child, once that has called exec().
__u32 target;
__u32 child;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(program_starts, struct task_struct *task)
{
	if (task->real_parent->tgid == target)
		child = task->tgid;
	return 0;
}

static __always_inline void name_of(char *name, __u32 size, struct vm_area_struct *area)
{
	struct mm_struct *memory = BPF_CORE_READ(area, vm_mm);
	unsigned long start = BPF_CORE_READ(area, vm_start), end = BPF_CORE_READ(area, vm_end);
	unsigned long stack = BPF_CORE_READ(memory, start_stack);
	struct file *file = BPF_CORE_READ(area, vm_file);

	if (file)
		read_kernel_text(name, size, BPF_CORE_READ(file, f_path.dentry, d_name.name));
	else if (start <= stack && stack < end)
		__builtin_memcpy(name, "[stack]", sizeof("[stack]"));
	else if (start <= BPF_CORE_READ(memory, brk) && BPF_CORE_READ(memory, start_brk) <= end)
		__builtin_memcpy(name, "[heap]", sizeof("[heap]"));
	else
		__builtin_memcpy(name, "[anonymous]", sizeof("[anonymous]"));
}

// handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags, struct pt_regs *regs)
SEC("kprobe/handle_mm_fault")
int fault(struct pt_regs *ctx)
{
	struct fault fault = { .access = "read" };
	unsigned int flags = PT_REGS_PARM3(ctx);

	if (this_process() != child || !(flags & FAULT_FLAG_USER))
		return 0;
	if (flags & FAULT_FLAG_WRITE)
		__builtin_memcpy(fault.access, "write", sizeof("write"));
	name_of(fault.mapping, sizeof(fault.mapping), (void *)PT_REGS_PARM1(ctx));
	emit(ctx, faults, fault);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
