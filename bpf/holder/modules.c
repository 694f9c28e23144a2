/* Kernel modules of an experiment: loaded before its probes, in their order, and taken away after them. */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A kprobe that was just removed may still hold a reference for a moment (kernel/kprobes.c, delayed optimizer). */
#define UNLOAD_MS 5000
#define LOOK_MS 20

/* By number of the request: whether this run has loaded it. */
static bool loaded[MAX_MODULES];

/*
 * A request is "FILE" or "FILE PARAMETERS"; the file is called after its module, as lsmod shows it. "?FILE" is a module
 * that others need: where it is there already, it stays as it is.
 */
struct module {
	char path[512];
	char name[64];
	bool may_be_there;
	const char *parameters;
};

static struct module module_of(const char *request)
{
	const char *space = strchr(request, ' ');
	struct module module = { .parameters = space ? space + 1 : "", .may_be_there = request[0] == '?' };
	const char *slash;

	request += module.may_be_there;
	snprintf(module.path, sizeof(module.path), "%.*s", space ? (int)(space - request) : (int)strlen(request), request);
	slash = strrchr(module.path, '/');
	snprintf(module.name, sizeof(module.name), "%.63s", slash ? slash + 1 : module.path);
	module.name[strcspn(module.name, ".")] = 0;
	return module;
}

static int finit(const struct module *module)
{
	int fd = open(module->path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = syscall(SYS_finit_module, fd, module->parameters, 0) == 0 ? 0 : -errno;
	close(fd);
	return error;
}

/* 0 or -errno: -ENOENT where it is not loaded, -EBUSY where it has no exit function or other modules use it. */
static int unload(const char *name)
{
	int error;

	for (int waited = 0;; waited += LOOK_MS) {
		error = syscall(SYS_delete_module, name, O_NONBLOCK) == 0 ? 0 : -errno;
		if (error != -EAGAIN || waited >= UNLOAD_MS)
			return error;
		usleep(LOOK_MS * 1000);
	}
}

static void report_failure(const struct module *module, int error)
{
	json_begin("module-failed");
	json_text("module", module->name);
	json_number("errno", -error);
	json_text("text", strerror(-error));
	json_end();
	kmsg_report();
}

/*
 * Loads all of them; one that is already there, from a run that was killed, is taken away first, so that each run
 * begins with a module that has seen nothing. 0 or -errno; the kernel's own words about a refusal follow the line.
 */
int modules_load(const struct options *options)
{
	for (int i = 0; i < options->module_count; i++) {
		struct module module = module_of(options->modules[i]);
		int error;

		kmsg_mark();
		error = finit(&module);
		if (error == -EEXIST && module.may_be_there)
			continue;
		if (error == -EEXIST && unload(module.name) == 0)
			error = finit(&module);
		if (error)
			return report_failure(&module, error), error;
		loaded[i] = true;
		json_begin("module");
		json_text("module", module.name);
		json_text("parameters", module.parameters);
		json_end();
	}
	return 0;
}

/* Takes away what this run has loaded, the last first, and says which of them stays. */
void modules_unload(const struct options *options)
{
	for (int i = options->module_count - 1; i >= 0; i--) {
		struct module module = module_of(options->modules[i]);
		int error = loaded[i] ? unload(module.name) : 0;

		loaded[i] = false;
		if (!error)
			continue;
		json_begin("module-left");
		json_text("module", module.name);
		json_number("errno", -error);
		json_text("text", strerror(-error));
		json_end();
	}
}
