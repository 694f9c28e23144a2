/* What every probe of the lab shares. */
#ifndef LAB_BPF_H
#define LAB_BPF_H

/* The suffix of the kernel's parallel path; the lab passes -DLAB_SUFFIX="giulia" from lab.yaml. */
#ifndef LAB_SUFFIX
#define LAB_SUFFIX "giulia"
#endif
#define CLONE(function) function "_" LAB_SUFFIX

/* Names inside macros begin with lab_: an argument of the same name would silently mean the macro's own variable. */

/*
 * A probe with "vmlinux.h" may run on other kernels than the one whose types that has (CO-RE). So nothing here is
 * decided by the version that it is compiled for: what differs is asked of the kernel when the probe is loaded, and
 * names of functions are the probe's own affair (COPYOUT and SYSCALL are not there).
 */
#ifdef __VMLINUX_H__

extern int LINUX_KERNEL_VERSION __kconfig;

/* As below, with a newline before 5.9 only; one size or the other, both within the text. */
#define say(format, ...)                                                                       \
	({                                                                                     \
		char lab_format[] = format "\n";                                               \
		__u32 lab_size = sizeof(lab_format);                                           \
		if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 9, 0))                           \
			lab_format[--lab_size - 1] = 0;                                        \
		bpf_trace_printk(lab_format, lab_size, ##__VA_ARGS__);                         \
	})

/* libbpf itself takes the older helper where the kernel has not these. */
#define read_kernel(to, size, from) bpf_probe_read_kernel(to, size, from)
#define read_kernel_text(to, size, from) bpf_probe_read_kernel_str(to, size, from)
#define read_user(to, size, from) bpf_probe_read_user(to, size, from)
#define read_user_text(to, size, from) bpf_probe_read_user_str(to, size, from)

#else

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

/*
 * A line in the trace. Since 5.9 (commit ac5a72ea5c89) the kernel ends each record itself, and a newline of ours would
 * add an empty line; before that, records without one run together.
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

#endif /* __VMLINUX_H__ */

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

/*
 * A histogram in powers of two: slot n counts the values from 2^n to 2^(n+1) - 1, and slot 0 those of 0 and 1.
 * `lab maps` and `lab report` draw it. A name that ends in _ns, _us, _ms or _bytes says what is counted.
 * HISTOGRAM(request_ns); count_log2(request_ns, duration);
 */
struct lab_log2 {
	__u64 slots[64];
};
#define HISTOGRAM(map) ARRAY(map, struct lab_log2, 1)

static __always_inline __u32 lab_log2(__u64 value)
{
	__u32 slot = 0;

	for (__u32 step = 32; step > 0; step >>= 1)
		if (value >> step) {
			value >>= step;
			slot += step;
		}
	return slot;
}

/* Counts a value in its slot. */
#define count_log2(map, value)                                                                 \
	({                                                                                     \
		__u32 lab_key = 0;                                                             \
		struct lab_log2 *lab_found = bpf_map_lookup_elem(&(map), &lab_key);            \
		if (lab_found)                                                                 \
			__sync_fetch_and_add(&lab_found->slots[lab_log2(value) & 63], 1);      \
	})

/* The process (what ps calls pid) and the thread in it. */
#define this_process() ((__u32)(bpf_get_current_pid_tgid() >> 32))
#define this_thread() ((__u32)bpf_get_current_pid_tgid())

/*
 * Stacks that are counted: STACKS(allocations, 4096) declares a count for each process and stack, and the maps of the
 * stacks themselves; `lab trace --stacks` and `lab report` show them. A name that ends in _ns, _us, _ms or _bytes says
 * what is added up.
 * count_stack(ctx, allocations); add_stack(ctx, slept_ns, STACK_KERNEL | STACK_USER, duration);
 *
 * The kernel puts a stack into a bucket by its hash and keeps one in each, so that a few hundred stacks in 4096 buckets
 * find another one in theirs (-EEXIST). Those go to a second map, NAME_more. What finds both taken is counted without
 * its stack, and the run is incomplete: more entries help. NAME_lost is what found no room among the counts.
 */
struct lab_stack {
	__u32 pid;
	/*
	 * Numbers of stacks, from LAB_MORE on those of NAME_more. LAB_NO_STACK: not asked for. Another negative one is
	 * the error of bpf_get_stackid(): -EFAULT where there is no such stack, as that of a program that has ended.
	 */
	__s32 kernel_stack;
	__s32 user_stack;
	char comm[16];
};
#define LAB_NO_STACK (-1)
#define LAB_MORE (1 << 24)
/* As many as the kernel walks (kernel.perf_event_max_stack). */
#define LAB_FRAMES 127
#define LAB_EEXIST 17
#define STACK_KERNEL 1
#define STACK_USER 2

#define LAB_STACK_MAP(map, entries)                                                            \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE);                                        \
		__uint(max_entries, entries);                                                  \
		__uint(key_size, sizeof(__u32));                                               \
		__uint(value_size, LAB_FRAMES * sizeof(__u64));                                \
	} map SEC(".maps")
#define STACKS(map, entries)                                                                   \
	LAB_STACK_MAP(map##_stacks, entries);                                                  \
	LAB_STACK_MAP(map##_more, entries);                                                    \
	HASH(map, struct lab_stack, __u64, entries);                                           \
	ARRAY(map##_lost, __u64, 1)

static __always_inline __s32 lab_stack_number(void *ctx, void *stacks, void *more, __u64 flags)
{
	__s64 number = bpf_get_stackid(ctx, stacks, flags);

	if (number == -LAB_EEXIST) {
		number = bpf_get_stackid(ctx, more, flags);
		if (number >= 0)
			number += LAB_MORE;
	}
	return (__s32)number;
}

static __always_inline void lab_add_stack(void *counts, void *lost, struct lab_stack *key, __u64 weight)
{
	__u64 *count = bpf_map_lookup_elem(counts, key);
	__u32 first = 0;

	if (!count) {
		if (bpf_map_update_elem(counts, key, &weight, BPF_NOEXIST) == 0)
			return;
		/* Another CPU was faster, or there is no room. */
		count = bpf_map_lookup_elem(counts, key);
		weight = count ? weight : 1;
		count = count ? count : bpf_map_lookup_elem(lost, &first);
	}
	if (count)
		__sync_fetch_and_add(count, weight);
}

#define lab_stack_of(ctx, map, flags) lab_stack_number(ctx, &map##_stacks, &map##_more, flags)
#define add_stack(ctx, map, what, weight)                                                      \
	({                                                                                     \
		struct lab_stack lab_key = { .pid = this_process() };                          \
		lab_key.kernel_stack =                                                         \
			(what) & STACK_KERNEL ? lab_stack_of(ctx, map, 0) : LAB_NO_STACK;      \
		lab_key.user_stack = (what) & STACK_USER ?                                     \
					     lab_stack_of(ctx, map, BPF_F_USER_STACK) :        \
					     LAB_NO_STACK;                                     \
		bpf_get_current_comm(lab_key.comm, sizeof(lab_key.comm));                      \
		lab_add_stack(&(map), &map##_lost, &lab_key, weight);                          \
	})

/* Counts a stack of the kernel. */
#define count_stack(ctx, map) add_stack(ctx, map, STACK_KERNEL, 1)

/*
 * Typed events: EVENTS(opened, struct opened) declares a channel, emit(ctx, opened, (struct opened){ ... }) sends one
 * struct through it. The struct is the only declaration: the host finds it in the types of the object (BTF) and makes
 * columns of its fields.
 *
 * A ring buffer shared by all CPUs since 5.8, a perf event array before. Their size is that of the trace's buffers. Two
 * members of the definition are not what they seem: libbpf takes the flags of a map from the length of an array, and
 * only its length, so the elements can carry the type. Each channel has counters, by CPU: what was sent, and what found
 * the buffer full.
 */
#define EVENTS(map, event_type)                                                                \
	struct {                                                                               \
		LAB_CHANNEL                                                                    \
		event_type(*map_flags)[0];                                                     \
	} map SEC(".maps");                                                                    \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                       \
		__uint(max_entries, 2);                                                        \
		__type(key, __u32);                                                            \
		__type(value, __u64);                                                          \
	} lab_count_##map SEC(".maps")

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 8, 0)
#define LAB_CHANNEL                                                                            \
	__uint(type, BPF_MAP_TYPE_RINGBUF);                                                    \
	__uint(max_entries, 4096);
/* Nobody is woken: the reader looks by itself, and a wake-up is an interrupt in the middle of what is measured. */
#define LAB_SEND(ctx, map, record) bpf_ringbuf_output(&(map), &(record), sizeof(record), BPF_RB_NO_WAKEUP)
#else
#define LAB_CHANNEL                                                                            \
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);                                           \
	__uint(key_size, sizeof(__u32));                                                       \
	__uint(value_size, sizeof(__u32));
#define LAB_SEND(ctx, map, record)                                                             \
	bpf_perf_event_output(ctx, &(map), BPF_F_CURRENT_CPU, &(record), sizeof(record))
#endif

static __always_inline long lab_counted(void *counters, long error)
{
	__u32 key = error != 0;
	__u64 *count = bpf_map_lookup_elem(counters, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	return error;
}

/*
 * Sends a struct, with the time of the trace's clock (mono), thread, CPU and comm. 0, or a negative error when it was
 * lost (and counted as such). A struct with holes between its fields begins with = {}, because the kernel takes no byte
 * that was never written.
 */
#define emit(ctx, map, ...)                                                                    \
	({                                                                                     \
		struct {                                                                       \
			__u64 time;                                                            \
			__u32 thread;                                                          \
			__u32 cpu;                                                             \
			char comm[16];                                                         \
			typeof((*(map).map_flags)[0]) event;                                   \
		} lab_record = {                                                               \
			.time = bpf_ktime_get_ns(),                                            \
			.thread = this_thread(),                                               \
			.cpu = bpf_get_smp_processor_id(),                                     \
			.event = __VA_ARGS__,                                                  \
		};                                                                             \
		bpf_get_current_comm(lab_record.comm, sizeof(lab_record.comm));                \
		lab_counted(&lab_count_##map, LAB_SEND(ctx, map, lab_record));                 \
	})

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
