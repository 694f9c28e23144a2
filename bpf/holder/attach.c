#include "holder.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#define LOG_SIZE (1 << 20)

static char *logs[MAX_PROGRAMS];
static struct bpf_program *logged[MAX_PROGRAMS];
static int log_count;
static char libbpf_said[65536];
static size_t libbpf_length;

/*
 * libbpf's own words, kept for the case that a load fails before the kernel is asked (unknown section, bad map, BTF).
 */
static int on_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_DEBUG || libbpf_length >= sizeof(libbpf_said) - 1)
		return 0;
	int wrote = vsnprintf(libbpf_said + libbpf_length, sizeof(libbpf_said) - libbpf_length, format, args);
	if (wrote > 0)
		libbpf_length += (size_t)wrote;
	if (libbpf_length > sizeof(libbpf_said) - 1)
		libbpf_length = sizeof(libbpf_said) - 1;
	return 0;
}

static bool is_optional(const struct options *options, const char *name)
{
	for (int i = 0; i < options->optional_count; i++)
		if (strcmp(options->optional[i], name) == 0)
			return true;
	return false;
}

static void report_load_failure(const char *path, int error)
{
	json_begin("load-failed");
	json_text("object", path);
	json_number("errno", -error);
	json_text("text", strerror(-error));
	for (int i = 0; i < log_count; i++)
		if (logs[i][0]) {
			json_text("program", bpf_program__name(logged[i]));
			json_text("section", bpf_program__section_name(logged[i]));
			json_text("log", logs[i]);
			break;
		}
	json_text("libbpf", libbpf_said);
	json_end();
}

/* Opens and loads every object; the first failure is reported with the verifier's log and ends it. 0 or -errno. */
int load_objects(const struct options *options, struct bpf_object **objects)
{
	/* Read only for objects whose accesses are to be relocated (CO-RE). */
	LIBBPF_OPTS(bpf_object_open_opts, open, .btf_custom_path = options->btf);
	struct bpf_program *program;

	libbpf_set_print(on_libbpf);
	for (int i = 0; i < options->object_count; i++) {
		libbpf_length = 0;
		libbpf_said[0] = 0;
		objects[i] = bpf_object__open_file(options->objects[i], &open);
		if (!objects[i]) {
			int error = -errno;
			report_load_failure(options->objects[i], error);
			return error;
		}
		events_size(options, objects[i]);
		bpf_object__for_each_program(program, objects[i]) {
			if (log_count >= MAX_PROGRAMS)
				break;
			logs[log_count] = calloc(1, LOG_SIZE);
			if (!logs[log_count]) /* without it the verifier's words are not known; the load may well succeed */
				break;
			logged[log_count] = program;
			/* Filled only when the load fails: libbpf loads without a log first. */
			bpf_program__set_log_buf(program, logs[log_count], LOG_SIZE);
			log_count++;
		}
		int error = bpf_object__load(objects[i]);
		if (error) {
			report_load_failure(options->objects[i], error);
			return error;
		}
	}
	return 0;
}

/* The group of this process's kprobe events. The pid tells a later holder whether their owner still lives. */
const char *group(void)
{
	static char name[32];

	if (!name[0])
		snprintf(name, sizeof(name), "lab_%d", getpid());
	return name;
}

/*
 * Programs of several objects may have one name. Two kprobe events of one name would be one event at two places since
 * 5.4 (append_trace_kprobe() in kernel/trace/trace_kprobe.c), and each program would run at both.
 */
static void name_event(struct attachment *attachments, int index)
{
	struct attachment *a = &attachments[index];
	const char *program = bpf_program__name(a->program);
	int same = 1;

	for (int i = 0; i < index; i++)
		if (strcmp(bpf_program__name(attachments[i].program), program) == 0)
			same++;
	if (same == 1)
		snprintf(a->event, sizeof(a->event), "%.60s", program);
	else
		snprintf(a->event, sizeof(a->event), "%.50s__%d", program, same);
}

/* @where: the function's name, or its address. 0 or -errno. */
static int add_kprobe(const struct attachment *a, const char *section, const char *where)
{
	const char *kind = strncmp(section, "kretprobe/", 10) == 0 ? "r" INSTANCES : "p";
	char line[256];

	snprintf(line, sizeof(line), "%s:%s/%s %s\n", kind, group(), a->event, where);
	return write_file(TRACEFS "/kprobe_events", line, true);
}

/*
 * A kprobe through tracefs and not through the perf PMU: only the former has a line in kprobe_profile (hits and
 * misses), and its refusals are explained in dmesg and error_log.
 */
static struct bpf_link *attach_kprobe(struct attachment *attachments, int index, const char *section)
{
	struct attachment *a = &attachments[index];
	const char *function = strchr(section, '/') + 1, *address = address_of(function);
	int error;

	name_event(attachments, index);
	error = add_kprobe(a, section, address ? address : function);
	/* By its name once more, so that the kernel says what it refuses in words that name it. */
	if (error && address) {
		kmsg_mark();
		error = add_kprobe(a, section, function);
	}
	if (error) {
		a->event[0] = 0;
		errno = -error;
		return NULL;
	}
	return bpf_program__attach_tracepoint(a->program, group(), a->event);
}

static bool is_kprobe(const char *section)
{
	return strncmp(section, "kprobe/", 7) == 0 || strncmp(section, "kretprobe/", 10) == 0;
}

/* The link of a program that has one. False with errno if it could not be attached. */
static bool attach_one(const struct options *options, struct attachment *attachments, int index, int object,
		       pid_t workload)
{
	struct attachment *a = &attachments[index];
	const char *section = bpf_program__section_name(a->program);

	if (is_kprobe(section)) {
		a->link = attach_kprobe(attachments, index, section);
		return a->link != NULL;
	}
	count_runs();
	if (is_network(section))
		return network_attach(options, a, object, workload);
	if (is_in_workload(section))
		a->link = user_attach(options, a->program);
	else if (bpf_program__type(a->program) == BPF_PROG_TYPE_PERF_EVENT)
		a->link = sample_attach(a->program);
	else
		a->link = bpf_program__attach(a->program);
	return a->link != NULL;
}

static const char *how(const struct attachment *a)
{
	if (a->event[0])
		return "kprobe event";
	return bpf_program__type(a->program) == BPF_PROG_TYPE_PERF_EVENT ? "clock of each CPU" : "libbpf";
}

/* Whether a program calls bpf_trace_printk at all: one that does not is not silent, it has nothing to say. */
static bool prints(const struct bpf_program *program)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	size_t count = bpf_program__insn_cnt(program);

	for (size_t i = 0; i < count; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == 0 && insns[i].imm == BPF_FUNC_trace_printk)
			return true;
	return false;
}

static void report_attach_failure(const struct attachment *a, int error, bool optional)
{
	json_begin("attach-failed");
	json_text("program", bpf_program__name(a->program));
	json_text("section", bpf_program__section_name(a->program));
	json_number("optional", optional);
	json_number("errno", error);
	json_text("text", strerror(error));
	json_text("libbpf", libbpf_said);
	json_end();
	kmsg_report();
}

/* A section without a target: a program that others call (bpf_tail_call), and that hangs nowhere itself. */
static bool is_called_only(const char *section)
{
	return strcmp(section, "kprobe") == 0;
}

/* Attaches every program of every object. Number of attachments, or -errno if a required one was refused. */
int attach_all(const struct options *options, struct bpf_object **objects, struct attachment *attachments, pid_t workload)
{
	struct bpf_program *program;
	int count = 0, failed = 0;

	kmsg_mark();
	if (options->count_runs)
		count_runs();
	for (int i = 0; i < options->object_count; i++)
		bpf_object__for_each_program(program, objects[i]) {
			if (count >= MAX_PROGRAMS)
				return -E2BIG;
			struct attachment *a = &attachments[count];
			const char *section = bpf_program__section_name(program);

			if (is_called_only(section))
				continue;
			memset(a, 0, sizeof(*a));
			a->program = program;
			errno = 0;
			libbpf_length = 0;
			libbpf_said[0] = 0;
			if (!attach_one(options, attachments, count, i, workload)) {
				int error = errno ? errno : EINVAL;
				bool optional = is_optional(options, bpf_program__name(program));

				report_attach_failure(a, error, optional);
				if (!optional)
					failed = -error;
			} else {
				a->attached = true;
				json_begin("attached");
				json_text("program", bpf_program__name(program));
				json_text("section", section);
				json_text("how", how(a));
				json_number("prints", prints(program));
				json_end();
			}
			count++;
		}
	return failed ? failed : count;
}

/* Events that are enabled cannot be removed. */
void remove_group(const char *name)
{
	char path[128], line[512];
	struct dirent *entry;
	DIR *events;

	snprintf(path, sizeof(path), TRACEFS "/events/%s/enable", name);
	write_file(path, "0", false);
	snprintf(path, sizeof(path), TRACEFS "/events/%s", name);
	events = opendir(path);
	while (events && (entry = readdir(events)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			snprintf(line, sizeof(line), "-:%s/%s\n", name, entry->d_name);
			write_file(TRACEFS "/kprobe_events", line, true);
		}
	if (events)
		closedir(events);
}

/* From here on no program runs any more; the counters of its kprobe event stay as they are. */
void stop_all(struct attachment *attachments, int count)
{
	for (int i = 0; i < count; i++) {
		bpf_link__destroy(attachments[i].link);
		attachments[i].link = NULL;
	}
	sample_detach();
	network_detach();
}

/* Takes every kprobe event away again, and with it its counters. */
void detach_all(void)
{
	remove_group(group());
	count_runs_end();
}

/* A holder that was killed leaves its kprobe events registered: remove those whose owner is gone. */
void sweep_dead_groups(void)
{
	struct dirent *entry;
	DIR *events = opendir(TRACEFS "/events");

	while (events && (entry = readdir(events))) {
		int pid;

		if (sscanf(entry->d_name, "lab_%d", &pid) == 1 && kill(pid, 0) != 0 && errno == ESRCH)
			remove_group(entry->d_name);
	}
	if (events)
		closedir(events);
}
