/*
 * Programs on functions of user space: uprobe, uretprobe and usdt sections. The file in a section may be ${workload},
 * the program that the run starts, since only the guest knows where it is. Other files are libbpf's to find
 * (libc.so.6).
 */
#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKLOAD "${workload}:"

/* The file that execvp() takes for the workload's name. False if there is none. */
static bool find_program(const struct options *options, char *path, size_t size)
{
	const char *name = options->workload[0], *dirs = getenv("PATH");
	const char *cwd = options->cwd ? options->cwd : "/";
	size_t length;

	if (name[0] == '/')
		return (size_t)snprintf(path, size, "%s", name) < size && access(path, X_OK) == 0;
	if (strchr(name, '/'))
		return (size_t)snprintf(path, size, "%s/%s", cwd, name) < size && access(path, X_OK) == 0;
	for (dirs = dirs ? dirs : "/usr/bin:/bin"; *dirs; dirs += length + (dirs[length] == ':')) {
		length = strcspn(dirs, ":");
		if ((size_t)snprintf(path, size, "%.*s/%s", (int)length, dirs, name) < size && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* What follows "uprobe/${workload}:"; NULL for a section that is not about the workload. */
static const char *target_in_workload(const char *section)
{
	static const char *const kinds[] = { "uprobe", "uretprobe", "uprobe.s", "uretprobe.s", "usdt", "usdt.s" };
	const char *slash = strchr(section, '/');

	if (!slash || strncmp(slash + 1, WORKLOAD, strlen(WORKLOAD)) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i]) == (size_t)(slash - section) && strncmp(section, kinds[i], slash - section) == 0)
			return slash + 1 + strlen(WORKLOAD);
	return NULL;
}

static struct bpf_link *attach_usdt(const struct bpf_program *program, const char *path, char *provider)
{
	char *name = strchr(provider, ':');

	if (!name) {
		errno = EINVAL;
		return NULL;
	}
	*name++ = 0;
	return bpf_program__attach_usdt(program, -1, path, provider, name, NULL);
}

static struct bpf_link *attach_function(const struct bpf_program *program, bool is_return, const char *path, char *function)
{
	char *plus = strchr(function, '+');
	size_t offset = plus ? strtoul(plus + 1, NULL, 0) : 0;
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = is_return, .func_name = function);

	if (plus)
		*plus = 0;
	return bpf_program__attach_uprobe_opts(program, -1, path, offset, &opts);
}

bool is_in_workload(const char *section)
{
	return target_in_workload(section) != NULL;
}

/* Attaches a program to a function or a USDT probe of the workload. NULL with errno if that fails. */
struct bpf_link *user_attach(const struct options *options, const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	char path[512], target[256];

	if ((size_t)snprintf(target, sizeof(target), "%s", target_in_workload(section)) >= sizeof(target)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (!find_program(options, path, sizeof(path))) {
		errno = ENOENT;
		return NULL;
	}
	if (strncmp(section, "usdt", 4) == 0)
		return attach_usdt(program, path, target);
	return attach_function(program, strncmp(section, "uret", 4) == 0, path, target);
}
