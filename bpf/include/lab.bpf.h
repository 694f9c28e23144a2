/* What every probe of the lab shares. */
#ifndef LAB_BPF_H
#define LAB_BPF_H

/* The suffix of the kernel's parallel path; the lab passes -DLAB_SUFFIX="giulia" from lab.yaml. */
#ifndef LAB_SUFFIX
#define LAB_SUFFIX "giulia"
#endif
#define CLONE(function) function "_" LAB_SUFFIX

/*
 * The last function before user space and its arguments: copyout(to, from, n), and since 6.7 (commit f1982740f5e7)
 * copy_to_user_iter(to, progress, n, from, unused).
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define COPYOUT CLONE("copy_to_user_iter")
#define COPYOUT_FROM(ctx) ((void *)(PT_REGS_PARM4(ctx) + PT_REGS_PARM2(ctx)))
#else
#define COPYOUT CLONE("copyout")
#define COPYOUT_FROM(ctx) ((void *)PT_REGS_PARM2(ctx))
#endif
#define COPYOUT_TO(ctx) PT_REGS_PARM1(ctx)
#define COPYOUT_LENGTH(ctx) PT_REGS_PARM3(ctx)

/* The symbol of a system call: since 4.17 the x86-64 entry takes a struct pt_regs and is called __x64_sys_NAME. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 17, 0)
#define SYSCALL(name) "__x64_sys_" name
#else
#define SYSCALL(name) "sys_" name
#endif

/* Names inside macros begin with lab_: an argument of the same name would silently mean the macro's own variable. */

/*
 * A line in the trace. Since 5.9 (commit ac5a72ea5c89) the kernel ends each record itself, and a newline of ours would add
 * an empty line; before that, records without one run together.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 9, 0)
#define LAB_NEWLINE ""
#else
#define LAB_NEWLINE "\n"
#endif

#define say(format, ...)                                                                       \
	({                                                                                     \
		char lab_format[] = format LAB_NEWLINE;                                        \
		bpf_trace_printk(lab_format, sizeof(lab_format), ##__VA_ARGS__);               \
	})

/*
 * Reading memory of the kernel and of the process. One helper did both until 5.5 (commit 6ae08ae3dea2) told them apart:
 * an address alone does not say on every machine which of the two it belongs to.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
#define read_kernel(to, size, from) bpf_probe_read_kernel(to, size, from)
#define read_kernel_text(to, size, from) bpf_probe_read_kernel_str(to, size, from)
#define read_user(to, size, from) bpf_probe_read_user(to, size, from)
#define read_user_text(to, size, from) bpf_probe_read_user_str(to, size, from)
#else
#define read_kernel(to, size, from) bpf_probe_read(to, size, from)
#define read_kernel_text(to, size, from) bpf_probe_read_str(to, size, from)
#define read_user(to, size, from) bpf_probe_read(to, size, from)
#define read_user_text(to, size, from) bpf_probe_read_str(to, size, from)
#endif

/* An array map: values by number. Workloads find it by this name, of which the kernel keeps 15 characters. */
#define ARRAY(map, value_type, entries)                                                        \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                              \
		__uint(max_entries, entries);                                                  \
		__type(key, __u32);                                                            \
		__type(value, value_type);                                                     \
	} map SEC(".maps")

/* A hash map: values by key. */
#define HASH(map, key_type, value_type, entries)                                               \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_HASH);                                               \
		__uint(max_entries, entries);                                                  \
		__type(key, key_type);                                                         \
		__type(value, value_type);                                                     \
	} map SEC(".maps")

/* The value at a key of an array, or 0 where the array has no such key. */
#define get(map, number)                                                                       \
	({                                                                                     \
		__u32 lab_key = (number);                                                      \
		typeof(*(map).value) *lab_found = bpf_map_lookup_elem(&(map), &lab_key);       \
		lab_found ? *lab_found : 0;                                                    \
	})

/* Sets a value of an array. */
#define put(map, number, content)                                                              \
	({                                                                                     \
		__u32 lab_key = (number);                                                      \
		typeof(*(map).value) lab_value = (content);                                    \
		bpf_map_update_elem(&(map), &lab_key, &lab_value, BPF_ANY);                    \
	})

/* The process (what ps calls pid) and the thread in it. */
#define this_process() ((__u32)(bpf_get_current_pid_tgid() >> 32))
#define this_thread() ((__u32)bpf_get_current_pid_tgid())

/* What a program of tracepoint/syscalls/sys_enter_NAME and sys_exit_NAME is given (events/syscalls/NAME/format). */
struct sys_enter {
	__u64 common;
	__s64 number;
	__u64 args[6];
};

struct sys_exit {
	__u64 common;
	__s64 number;
	__s64 result;
};

#endif
