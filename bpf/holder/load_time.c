/*
 * What loading a program took. libbpf loads the programs of an object one after the other and tells nobody how long
 * each of them was with the kernel, so the one function through which it asks the kernel, syscall(), is ours: the
 * dynamic linker takes the executable's before libc's. Everything but BPF_PROG_LOAD goes on as it came.
 */
#include "holder.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <linux/bpf.h>

/*
 * Statistics alone, without the walk through the instructions: BPF_LOG_STATS of linux/bpf_verifier.h, since 5.2
 * (06ee7115b0d1).
 */
#define LOG_STATS 4
/* Highest descriptor of a program that is remembered. */
#define MAX_FD 1024

static struct load_cost costs[MAX_FD];

static long pass_on(long number, const long *args)
{
	static long (*real)(long, ...);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	return real(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* Before 5.2 the bit has no meaning of its own, and the verifier would write its whole walk. */
static bool has_stats(void)
{
	static int known = -1;
	struct utsname name;
	int major, minor;

	if (known < 0)
		known = uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
			(major > 5 || (major == 5 && minor >= 2));
	return known == 1;
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long timed(long number, const long *args, long long *ns)
{
	long long begin = now_ns();
	long fd = pass_on(number, args);
	int error = errno;

	*ns = now_ns() - begin;
	errno = error;
	return fd;
}

/* Where libbpf asked for no log, the kernel is asked for its statistics: "processed 187 insns (limit 1000000) ...". */
static long load(long number, const long *args)
{
	/* The guest's libbpf may know a longer one than the headers that this was compiled with. */
	union {
		union bpf_attr attr;
		char bytes[512];
	} mine = {};
	char log[4096] = "";
	const char *count;
	long changed[6];
	struct load_cost cost = { .verified = -1 };
	long fd = -1;

	if ((size_t)args[2] <= sizeof(mine))
		memcpy(&mine, (const void *)args[1], (size_t)args[2]);
	if ((size_t)args[2] <= sizeof(mine) && mine.attr.log_level == 0 && has_stats()) {
		mine.attr.log_level = LOG_STATS;
		mine.attr.log_buf = (unsigned long)log;
		mine.attr.log_size = sizeof(log);
		memcpy(changed, args, sizeof(changed));
		changed[1] = (long)&mine;
		fd = timed(number, changed, &cost.ns);
	}
	/* Refused, be it for the log: as libbpf asked for it, and with the error that it expects. */
	if (fd < 0)
		fd = timed(number, args, &cost.ns);
	else if ((count = strstr(log, "processed ")))
		cost.verified = atoll(count + strlen("processed "));
	if (fd >= 0 && fd < MAX_FD)
		costs[fd] = cost;
	return fd;
}

long syscall(long number, ...)
{
	long args[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	return number == SYS_bpf && args[0] == BPF_PROG_LOAD ? load(number, args) : pass_on(number, args);
}

/* Of the program that this descriptor stands for; `ns` is 0 where its load was not seen. */
struct load_cost load_cost(int fd)
{
	struct load_cost none = { .verified = -1 };

	return fd >= 0 && fd < MAX_FD && costs[fd].ns > 0 ? costs[fd] : none;
}
