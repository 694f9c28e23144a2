/*
 * The guest as an experiment wants it before each run: kernel settings, file systems mounted again, the workload's
 * CPUs.
 */
#include "holder.h"

#include <errno.h>
#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int set(const char *setting)
{
	const char *value = strchr(setting, '=');
	char path[256];

	if (!value)
		return -EINVAL;
	snprintf(path, sizeof(path), "%.*s", (int)(value - setting), setting);
	/* It keeps what is dirty. A sync takes 1 to 20 ms, and no other setting needs one. */
	if (strcmp(path, "/proc/sys/vm/drop_caches") == 0)
		sync();
	return write_file(path, value + 1, false);
}

/* Options of /proc/mounts that mount(2) takes as flags; all others are the file system's own. */
static const struct {
	const char *name;
	unsigned long flag;
} mount_flags[] = {
	{ "rw", 0 },
	{ "ro", MS_RDONLY },
	{ "nosuid", MS_NOSUID },
	{ "nodev", MS_NODEV },
	{ "noexec", MS_NOEXEC },
	{ "sync", MS_SYNCHRONOUS },
	{ "noatime", MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME },
	{ "relatime", MS_RELATIME },
};

static unsigned long take_flag(const char *option)
{
	for (size_t i = 0; i < sizeof(mount_flags) / sizeof(mount_flags[0]); i++)
		if (strcmp(option, mount_flags[i].name) == 0)
			return mount_flags[i].flag;
	return ~0UL;
}

/*
 * Unmounts and mounts: nothing that the kernel knew of the file system is left. "mount -o remount" would keep its
 * caches.
 */
static int remount(const char *dir)
{
	char source[256] = "", type[64] = "", options[512] = "", own[512] = "", *rest = options, *option;
	unsigned long flags = 0, flag;
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;

	while (mounts && (entry = getmntent(mounts)))
		if (strcmp(entry->mnt_dir, dir) == 0) {
			snprintf(source, sizeof(source), "%s", entry->mnt_fsname);
			snprintf(type, sizeof(type), "%s", entry->mnt_type);
			snprintf(options, sizeof(options), "%s", entry->mnt_opts);
		}
	if (mounts)
		endmntent(mounts);
	if (source[0] == '\0')
		return -ENOENT;
	while ((option = strsep(&rest, ","))) {
		flag = take_flag(option);
		if (flag != ~0UL)
			flags |= flag;
		else
			snprintf(own + strlen(own), sizeof(own) - strlen(own), "%s%s", own[0] ? "," : "", option);
	}
	if (umount2(dir, 0) != 0)
		return -errno;
	return mount(source, dir, type, flags, own[0] ? own : NULL) == 0 ? 0 : -errno;
}

/* In their order, up to the first that fails. 0 or -errno (on stdout, followed by what the kernel logged about it). */
int apply_steps(const struct options *options)
{
	for (int i = 0; i < options->step_count; i++) {
		const struct step *step = &options->steps[i];
		int error;

		kmsg_mark();
		error = step->remount ? remount(step->text) : set(step->text);
		if (!error)
			continue;
		error = fail(step->remount ? "remount" : "set before the run", step->text, error);
		kmsg_report();
		return error;
	}
	return 0;
}

/* Keeps a process, and whatever it will start, on these CPUs. 0 or -errno (said on stdout). */
int pin(pid_t pid, const char *cpus)
{
	cpu_set_t set;
	char *end = (char *)cpus;

	CPU_ZERO(&set);
	for (const char *at = cpus; *at; at = *end == ',' ? end + 1 : end) {
		long cpu = strtol(at, &end, 10);

		if (end == at || cpu < 0 || cpu >= CPU_SETSIZE)
			return fail("pin to CPUs", cpus, -EINVAL);
		CPU_SET(cpu, &set);
	}
	return sched_setaffinity(pid, sizeof(set), &set) == 0 ? 0 : fail("pin to CPUs", cpus, -errno);
}
