/*
 * Writes the types of a BTF file as C: a kernel's vmlinux.h. `bpftool btf dump file FILE format c` does it by the same
 * library; it is a package of its own, and on Ubuntu a wrapper that works only for the kernel that the host runs.
 *
 *	vmlinux-h FILE.btf > vmlinux.h
 */
#define _GNU_SOURCE /* open_memstream */
#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(void *context, const char *format, va_list args)
{
	vfprintf(context, format, args);
}

/*
 * Flags of helpers and maps (include/uapi/linux/bpf.h). They were macros before 5.7 (commit 1aae4bdd7879), and no type
 * information has those. Their values never change. An enum as in newer kernels: a probe that brings a #define of its
 * own, as those for older kernels do, still compiles.
 */
static const struct {
	const char *name, *value;
} FLAGS[] = {
	{ "BPF_ANY", "0" },
	{ "BPF_NOEXIST", "1" },
	{ "BPF_EXIST", "2" },
	{ "BPF_F_LOCK", "4" },
	{ "BPF_F_NO_PREALLOC", "1U << 0" },
	{ "BPF_F_NO_COMMON_LRU", "1U << 1" },
	{ "BPF_F_NUMA_NODE", "1U << 2" },
	{ "BPF_F_RDONLY", "1U << 3" },
	{ "BPF_F_WRONLY", "1U << 4" },
	{ "BPF_F_STACK_BUILD_ID", "1U << 5" },
	{ "BPF_F_ZERO_SEED", "1U << 6" },
	{ "BPF_F_RDONLY_PROG", "1U << 7" },
	{ "BPF_F_WRONLY_PROG", "1U << 8" },
	{ "BPF_F_SKIP_FIELD_MASK", "0xffULL" },
	{ "BPF_F_USER_STACK", "1ULL << 8" },
	{ "BPF_F_FAST_STACK_CMP", "1ULL << 9" },
	{ "BPF_F_REUSE_STACKID", "1ULL << 10" },
	{ "BPF_F_USER_BUILD_ID", "1ULL << 11" },
	{ "BPF_F_INDEX_MASK", "0xffffffffULL" },
	{ "BPF_F_CURRENT_CPU", "0xffffffffULL" },
	{ "BPF_F_CTXLEN_MASK", "0xfffffULL << 32" },
};

/*
 * Those that `types` does not have as a constant. libbpf writes no enum that only a variable has, so the text decides
 * and not the BTF.
 */
static void print_missing_flags(const char *types)
{
	int missing = 0;

	for (size_t i = 0; i < sizeof(FLAGS) / sizeof(*FLAGS); i++) {
		char constant[64];

		snprintf(constant, sizeof(constant), "\t%s = ", FLAGS[i].name);
		if (strstr(types, constant))
			continue;
		if (missing++ == 0)
			puts("/* Macros of this kernel's linux/bpf.h. */\nenum {");
		printf("%s%s,\n", constant, FLAGS[i].value);
	}
	if (missing > 0)
		puts("};\n");
}

static int fail(const char *doing)
{
	fprintf(stderr, "vmlinux-h: cannot %s: %s\n", doing, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct btf_dump *dump;
	struct btf *btf;
	char *types;
	size_t size;
	FILE *text;

	if (argc != 2) {
		fprintf(stderr, "usage: vmlinux-h FILE.btf > vmlinux.h\n");
		return 2;
	}
	if (!(btf = btf__parse_raw(argv[1])))
		return fail("read the BTF");
	if (!(text = open_memstream(&types, &size)))
		return fail("keep its types");
	if (!(dump = btf_dump__new(btf, print, text, NULL)))
		return fail("prepare the C");
	/*
	 * bpf_tracing.h and lab.bpf.h go by the guard's name; the attribute makes every access to a struct relocatable
	 * (CO-RE).
	 */
	puts("#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n");
	puts("#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n");
	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		if (btf_dump__dump_type(dump, id))
			return fail("write a type");
	if (fclose(text) != 0)
		return fail("keep its types");
	fputs(types, stdout);
	print_missing_flags(types);
	puts("#pragma clang attribute pop\n\n#endif");
	free(types);
	btf_dump__free(dump);
	btf__free(btf);
	return fflush(stdout) || ferror(stdout) ? fail("write") : 0;
}
