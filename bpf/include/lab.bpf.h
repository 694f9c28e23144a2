/* What every probe of the lab shares. */
#ifndef LAB_BPF_H
#define LAB_BPF_H

/* The suffix of the kernel's parallel path; the lab passes -DLAB_SUFFIX="giulia" from lab.yaml. */
#ifndef LAB_SUFFIX
#define LAB_SUFFIX "giulia"
#endif
#define CLONE(function) function "_" LAB_SUFFIX

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
		char text[] = format LAB_NEWLINE;                                              \
		bpf_trace_printk(text, sizeof(text), ##__VA_ARGS__);                           \
	})

#endif
