/*
 * Writes the types of a BTF file as C: a kernel's vmlinux.h. `bpftool btf dump file FILE format c` does it by the same library; it is a
 * package of its own, and on Ubuntu a wrapper that works only for the kernel that the host runs.
 *
 *	vmlinux-h FILE.btf > vmlinux.h
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print(void *context, const char *format, va_list args)
{
	(void)context;
	vprintf(format, args);
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

	if (argc != 2) {
		fprintf(stderr, "usage: vmlinux-h FILE.btf > vmlinux.h\n");
		return 2;
	}
	if (!(btf = btf__parse_raw(argv[1])))
		return fail("read the BTF");
	if (!(dump = btf_dump__new(btf, print, NULL, NULL)))
		return fail("prepare the C");
	/* bpf_tracing.h and lab.bpf.h go by the guard's name; the attribute makes every access to a struct relocatable (CO-RE). */
	puts("#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n");
	puts("#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n");
	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		if (btf_dump__dump_type(dump, id))
			return fail("write a type");
	puts("#pragma clang attribute pop\n\n#endif");
	btf_dump__free(dump);
	btf__free(btf);
	return fflush(stdout) || ferror(stdout) ? fail("write") : 0;
}
