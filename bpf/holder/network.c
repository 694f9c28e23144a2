/*
 * Programs on packets and sockets. XDP and tc programs go to a network interface (`interface:` of the probe). Programs
 * of control groups (cgroup, cgroup_skb, sockops) go to one that is made for the run, and that the workload is put
 * into.
 */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>

#define HIERARCHY "/run/lab-cgroup"
#define GROUP HIERARCHY "/workload"

/* What has no link that would detach it: XDP before 5.9, and tc. */
static struct {
	int interface;
	bool is_tc;
} manual[MAX_PROGRAMS];
static int manual_count;
static int group_fd = -1;

static bool begins(const char *section, const char *kind)
{
	size_t length = strlen(kind);

	return strncmp(section, kind, length) == 0 && (!section[length] || strchr("./_", section[length]));
}

static bool is_tc(const char *section)
{
	return begins(section, "tc") || begins(section, "classifier") || begins(section, "action");
}

static bool is_cgroup(const char *section)
{
	return begins(section, "cgroup") || begins(section, "sockops");
}

bool is_network(const char *section)
{
	return begins(section, "xdp") || is_tc(section) || is_cgroup(section);
}

/* The interface of an object's programs: "INDEX:NAME" of --interface, else lo. 0 with errno if the guest has none. */
static int interface_of(const struct options *options, int object)
{
	const char *name = "lo";

	for (int i = 0; i < options->interface_count; i++) {
		const char *colon = strchr(options->interfaces[i], ':');

		if (colon && atoi(options->interfaces[i]) == object)
			name = colon + 1;
	}
	return (int)if_nametoindex(name);
}

static bool remember(int interface, bool tc)
{
	if (manual_count >= MAX_PROGRAMS) {
		errno = E2BIG;
		return false;
	}
	manual[manual_count].interface = interface;
	manual[manual_count++].is_tc = tc;
	return true;
}

/* libbpf returns -errno from the functions that return numbers. */
static bool ok(int error)
{
	if (error < 0)
		errno = -error;
	return error >= 0;
}

static bool attach_xdp(struct attachment *a, int interface)
{
	a->link = bpf_program__attach_xdp(a->program, interface);
	if (a->link)
		return true;
	if (errno != EINVAL) /* links of XDP exist since 5.9 (aa8d3a716b59) */
		return false;
	return ok(bpf_xdp_attach(interface, bpf_program__fd(a->program), 0, NULL)) && remember(interface, false);
}

static bool attach_tc(struct attachment *a, const char *section, int interface)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface,
		    .attach_point = strstr(section, "egress") ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(a->program));
	int error = bpf_tc_hook_create(&hook);

	if (error && error != -EEXIST)
		return ok(error);
	return ok(bpf_tc_attach(&hook, &opts)) && remember(interface, true);
}

/* Makes the control group of this run and moves the workload there. A descriptor, or -1 with errno. */
static int group_of(pid_t workload)
{
	char pid[16];
	int error;

	if (group_fd >= 0)
		return group_fd;
	if ((mkdir(HIERARCHY, 0700) != 0 && errno != EEXIST) ||
	    (mount("none", HIERARCHY, "cgroup2", 0, NULL) != 0 && errno != EBUSY) ||
	    (mkdir(GROUP, 0700) != 0 && errno != EEXIST))
		return -1;
	snprintf(pid, sizeof(pid), "%d", workload);
	error = write_file(GROUP "/cgroup.procs", pid, false);
	if (error) {
		errno = -error;
		return -1;
	}
	group_fd = open(GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return group_fd;
}

static bool attach_cgroup(struct attachment *a, pid_t workload)
{
	int group = group_of(workload);

	if (group < 0)
		return false;
	a->link = bpf_program__attach_cgroup(a->program, group);
	if (a->link)
		return true;
	if (errno != EINVAL) /* links of control groups exist since 5.7 (af6eea57437a) */
		return false;
	/* Ends with the group. */
	return ok(bpf_prog_attach(bpf_program__fd(a->program), group, bpf_program__expected_attach_type(a->program), 0));
}

/* Attaches a program, with or without a link. False with errno. */
bool network_attach(const struct options *options, struct attachment *a, int object, pid_t workload)
{
	const char *section = bpf_program__section_name(a->program);
	int interface;

	if (is_cgroup(section))
		return attach_cgroup(a, workload);
	interface = interface_of(options, object);
	if (!interface)
		return false;
	return is_tc(section) ? attach_tc(a, section, interface) : attach_xdp(a, interface);
}

/* Takes away what no link takes away, and the control group. The workload has ended. */
void network_detach(void)
{
	while (manual_count > 0) {
		int interface = manual[--manual_count].interface;
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

		if (manual[manual_count].is_tc)
			bpf_tc_hook_destroy(&hook);
		else
			bpf_xdp_detach(interface, 0, NULL);
	}
	if (group_fd < 0)
		return;
	close(group_fd);
	group_fd = -1;
	/* The kernel may take a moment to let go of the last process. */
	for (int i = 0; i < 50 && rmdir(GROUP) != 0 && errno == EBUSY; i++)
		usleep(10000);
	umount2(HIERARCHY, MNT_DETACH);
	rmdir(HIERARCHY);
}
