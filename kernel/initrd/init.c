/*
 * The first program of a guest whose kernel has its disk drivers as modules (a distribution's kernel): loads the
 * modules of /modules in the order of /modules/order, mounts the root disk and becomes the init that the kernel's
 * command line names (init=).
 *
 * It is the whole initramfs, so it is static and uses no other program. What it says goes to the console, in the words
 * that the guest's own init uses: "lab-init: phase NAME", "lab-init: failed: ...". It ends only where it cannot go on;
 * the kernel then panics, and QEMU ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROOT_DISK "/dev/vda"
/*
 * Tenths of a second in which the root disk must be there; its driver makes it before init_module returns, but need
 * not.
 */
#define PATIENCE 100

static int failed(const char *what, const char *name)
{
	printf("lab-init: failed: %s %s: %s\n", what, name, strerror(errno));
	fflush(stdout);
	return 1;
}

static int load(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/modules/%s", name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return failed("module", name);
	int result = syscall(SYS_finit_module, file, "", 0);
	close(file);
	return result != 0 && errno != EEXIST ? failed("module", name) : 0;
}

static int load_all(void)
{
	char name[200];
	FILE *order = fopen("/modules/order", "r");

	if (order == NULL)
		return failed("list of modules", "/modules/order");
	while (fgets(name, sizeof(name), order)) {
		name[strcspn(name, "\n")] = '\0';
		if (load(name) != 0)
			return 1;
	}
	fclose(order);
	return 0;
}

/* The value of init= on the command line; the last one counts, as for the kernel. */
static const char *init_of(char *line)
{
	const char *init = "/sbin/init";

	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
		if (strncmp(word, "init=", 5) == 0)
			init = word + 5;
	return init;
}

static int wait_for(const char *disk)
{
	const struct timespec tenth = { .tv_nsec = 100 * 1000 * 1000 };

	for (int tries = 0; tries < PATIENCE; tries++) {
		if (access(disk, F_OK) == 0)
			return 0;
		nanosleep(&tenth, NULL);
	}
	return failed("root disk", disk);
}

int main(void)
{
	static char line[4096];

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/root", 0755);
	if (mount("dev", "/dev", "devtmpfs", MS_NOSUID, NULL) != 0 && errno != EBUSY)
		return failed("mount", "/dev");
	printf("lab-init: phase modules\n");
	fflush(stdout);
	if (load_all() != 0 || wait_for(ROOT_DISK) != 0)
		return 1;
	if (mount("proc", "/proc", "proc", 0, NULL) != 0)
		return failed("mount", "/proc");
	int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (file < 0 || read(file, line, sizeof(line) - 1) < 0)
		return failed("read", "/proc/cmdline");
	umount("/proc");
	const char *init = init_of(line);
	if (mount(ROOT_DISK, "/root", "ext4", 0, NULL) != 0)
		return failed("mount", ROOT_DISK);
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) != 0)
		return failed("move", "/dev");
	if (chdir("/root") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0)
		return failed("change to", "the root disk");
	execl(init, init, (char *)NULL);
	return failed("start", init);
}
