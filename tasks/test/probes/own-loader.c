/*
 * A workload that brings its own probe, attached as libbpf does it: a kprobe that is a perf event, and no event of
 * tracefs. It calls what it probes only when the lab's holder has seen the program, and ends only when the holder has
 * looked once more.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>

static int load(const char *name)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_KPROBE,
		.insns = (uintptr_t)nothing,
		.insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};

	strcpy(attr.prog_name, name);
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = 0;
	return length > 0;
}

static uint32_t kprobe_type(void)
{
	char text[32];

	return read_text("/sys/bus/event_source/devices/kprobe/type", text, sizeof(text)) ? (uint32_t)atol(text) : 0;
}

/* Waits until our parent, the holder, has the program open, too. */
static void wait_until_seen(pid_t holder, int program)
{
	char path[320], text[512];
	union bpf_attr attr = { .info.bpf_fd = (uint32_t)program };
	struct bpf_prog_info info = { 0 };
	bool is_seen = false;

	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
	while (!is_seen) {
		DIR *files;
		struct dirent *entry;

		usleep(1000);
		snprintf(path, sizeof(path), "/proc/%d/fdinfo", holder);
		files = opendir(path);
		while (files && (entry = readdir(files))) {
			const char *id;

			snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", holder, entry->d_name);
			if (read_text(path, text, sizeof(text)) && (id = strstr(text, "prog_id:")) && (uint32_t)atol(id + 8) == info.id)
				is_seen = true;
		}
		if (files)
			closedir(files);
	}
}

int main(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = kprobe_type(),
		.config1 = (uintptr_t)"__x64_sys_getppid",
	};
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	pid_t holder = getppid(); /* now: it is what is probed */
	int event, program;

	setrlimit(RLIMIT_MEMLOCK, &all); /* kernels before 5.11 charge BPF memory to it */
	/* As libbpf tries out what a kernel can: most are gone before anybody sees them. */
	for (int i = 0; i < 200; i++)
		close(load("trial"));
	program = load("own_probe");
	event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (program < 0 || event < 0 || ioctl(event, PERF_EVENT_IOC_SET_BPF, program) || ioctl(event, PERF_EVENT_IOC_ENABLE, 0)) {
		perror("own-loader");
		return 1;
	}
	wait_until_seen(holder, program);
	for (int i = 0; i < 5; i++)
		syscall(SYS_getppid);
	/* A look that sees the first may be at its end; the second is seen by a whole one after it. */
	wait_until_seen(holder, load("own_last"));
	wait_until_seen(holder, load("own_end"));
	return 0;
}
