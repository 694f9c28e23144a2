/*
 * BPF programs of other loaders: those of the kernel's samples, of a workload that brings its own probes, of somebody
 * in another terminal. libbpf since 2018 attaches a kprobe as a perf event of its own, which stands neither in
 * kprobe_events nor in kprobe_profile: nobody counts its hits and its misses. What the kernel has is the program
 * (BPF_PROG_GET_NEXT_ID, since 4.13), the place that it hangs on (BPF_TASK_FD_QUERY, since 4.18) and how often it ran
 * (bpf_stats, since 5.1). Each is held open from the moment it is seen, so that the counter of one that ended can still
 * be read.
 */
#include "holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#define MOST 64
#define MOST_LOOKS 100

static struct program {
	__u32 id;
	int fd;
	char name[BPF_OBJ_NAME_LEN + 1];
	char hook[160]; /* "" until it is known */
	__u32 type;
	bool before; /* it was there before the workload */
	pid_t pid;
	char comm[64];
	long long runs_before;
	int looks;
} programs[MOST];
static int program_count, too_many;
/* The highest number that was seen; the kernel gives them in order. */
static __u32 last_id;
/* Those of the run lie above this one; so many of them were seen. */
static __u32 first_id;
static long new_count;
static __u32 own_ids[MAX_PROGRAMS];
static int own_count;

static bool info_of(int fd, struct bpf_prog_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &size) == 0;
}

static bool is_own(__u32 id)
{
	for (int i = 0; i < own_count; i++)
		if (own_ids[i] == id)
			return true;
	return false;
}

static void note_own(struct bpf_object **objects, int count)
{
	struct bpf_program *program;
	struct bpf_prog_info info;

	for (int i = 0; i < count; i++)
		bpf_object__for_each_program(program, objects[i])
			if (own_count < MAX_PROGRAMS && info_of(bpf_program__fd(program), &info))
				own_ids[own_count++] = info.id;
}

/* One more program, and with it the counting of runs: those that it did before are not known. */
static void add(__u32 id, bool before)
{
	struct bpf_prog_info info;
	struct program *program;
	int fd;

	if (is_own(id))
		return;
	/* First: whoever sees that we have it open may rely on being counted. */
	count_runs_of_others();
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0) /* gone again */
		return;
	if (program_count == MOST || !info_of(fd, &info)) {
		too_many++;
		close(fd);
		return;
	}
	program = &programs[program_count++];
	*program = (struct program){ .id = id, .fd = fd, .type = info.type, .before = before };
	snprintf(program->name, sizeof(program->name), "%s", info.name);
	if (before)
		program->runs_before = (long long)info.run_cnt;
}

static void find_new(bool before)
{
	for (__u32 id = last_id; bpf_prog_get_next_id(id, &id) == 0; last_id = id) {
		add(id, before);
		new_count++;
	}
}

/* BPF_FD_TYPE_* of <linux/bpf.h> as sections are called. */
static const char *const places[] = { "raw_tracepoint", "tracepoint", "kprobe", "kretprobe", "uprobe", "uretprobe" };

static struct program *find(__u32 id)
{
	for (int i = 0; i < program_count; i++)
		if (programs[i].id == id)
			return &programs[i];
	return NULL;
}

static void note_hook(const char *unused, pid_t pid, const char *comm, int fd)
{
	char name[128] = "";
	__u32 length = sizeof(name), id = 0, type = 0;
	__u64 offset = 0, address = 0;
	struct program *program;

	(void)unused;
	if (bpf_task_fd_query(pid, fd, 0, name, &length, &id, &type, &offset, &address) != 0 ||
	    type >= sizeof(places) / sizeof(places[0]))
		return;
	program = find(id);
	if (!program || program->hook[0])
		return;
	if (name[0])
		snprintf(program->hook, sizeof(program->hook), "%s/%s", places[type], name);
	else
		snprintf(program->hook, sizeof(program->hook), "%s/0x%llx", places[type], (unsigned long long)address);
	program->pid = pid;
	snprintf(program->comm, sizeof(program->comm), "%s", comm);
}

/* "anon_inode:[perf_event]", "anon_inode:bpf_link", "anon_inode:bpf-raw-tracepoint" */
static bool holds_programs(const char *name)
{
	return strncmp(name, "anon_inode:", 11) == 0 && (strstr(name, "perf_event") || strstr(name, "bpf"));
}

/* Whether the kernel can be asked where a program of this type hangs. */
static bool has_hook(const struct program *program)
{
	return program->type == BPF_PROG_TYPE_KPROBE || program->type == BPF_PROG_TYPE_TRACEPOINT ||
	       program->type == BPF_PROG_TYPE_RAW_TRACEPOINT;
}

/* Whether there is one of which it is not known yet. */
bool programs_lack_hooks(void)
{
	for (int i = 0; i < program_count; i++)
		if (!programs[i].hook[0] && has_hook(&programs[i]) && programs[i].looks < MOST_LOOKS)
			return true;
	return false;
}

/*
 * Looks through the descriptors of all processes, for a program's first looks only: one that is never attached would
 * make each look dear.
 */
static void find_hooks(void)
{
	bool is_sought = false;

	for (int i = 0; i < program_count; i++)
		if (!programs[i].hook[0] && has_hook(&programs[i]) && programs[i].looks++ < MOST_LOOKS)
			is_sought = true;
	if (is_sought)
		each_descriptor(holds_programs, note_hook);
}

/*
 * The number that the kernel gives to a program now: those that came and went between two looks have numbers too. 0
 * where none can be loaded.
 */
static __u32 number_now(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_prog_info info;
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "lab_number", "GPL", nothing, 2, NULL);
	__u32 id = fd >= 0 && info_of(fd, &info) ? info.id : 0;

	if (fd >= 0)
		close(fd);
	return id;
}

void programs_start(const struct options *options, struct bpf_object **objects)
{
	note_own(objects, options->object_count);
	find_new(true);
	find_hooks();
	first_id = number_now();
	if (first_id > last_id)
		last_id = first_id;
	new_count = 0;
}

void programs_look(void)
{
	find_new(false);
	find_hooks();
}

/* Whether a program of another loader hangs on a function ("kprobe/vfs_read"). */
bool programs_have_hook(const char *hook)
{
	for (int i = 0; i < program_count; i++)
		if (strcmp(programs[i].hook, hook) == 0)
			return true;
	return false;
}

static void report(struct program *program)
{
	struct bpf_prog_info info;
	bool is_counted = runs_of_others_counted() && info_of(program->fd, &info);

	json_begin("other-program");
	json_text("program", program->name);
	json_text("section", program->hook);
	json_number("type", program->type);
	json_number("before", program->before);
	json_number("runs", is_counted ? (long long)info.run_cnt - program->runs_before : -1);
	if (program->pid > 0) {
		json_number("pid", program->pid);
		json_text("comm", program->comm);
	}
	json_end();
	close(program->fd);
}

/* After everything of the workload has ended. */
void programs_report(void)
{
	__u32 now;
	long unseen;

	find_new(false);
	now = number_now();
	for (int i = 0; i < program_count; i++)
		report(&programs[i]);
	unseen = first_id > 0 && now > first_id ? (long)(now - first_id - 1) - new_count + too_many : too_many;
	if (unseen > 0) {
		json_begin("other-programs-unseen");
		json_number("count", unseen);
		json_end();
	}
}
