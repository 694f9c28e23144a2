/*
 * kprobe events that an experiment declares beside its probes (`trace: { events: ["p:entered copyout to=%di"] }`): the
 * kernel's own language (Documentation/trace/kprobetrace.rst), without the group. They are recorded like any other
 * event of the kernel.
 */
#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "p:NAME FUNCTION ARGS" */
struct declared {
	bool is_return;
	char name[64];
	char function[128];
	const char *rest; /* from the function on */
};

static bool parse(const char *text, struct declared *d)
{
	int at = 0;

	d->is_return = text[0] == 'r';
	if (sscanf(text + 1, ":%63[A-Za-z0-9_] %n%127s", d->name, &at, d->function) != 2)
		return false;
	d->rest = text + 1 + at;
	return true;
}

/*
 * Not the group of the probes: these are removed after the recording, since the kernel then empties the ring buffers
 * (5.14).
 */
const char *declared_group(void)
{
	static char name[48];

	if (!name[0])
		snprintf(name, sizeof(name), "%s_trace", group());
	return name;
}

static void said(const char *event, const struct declared *d)
{
	char section[160];

	snprintf(section, sizeof(section), "%s/%s", d->is_return ? "kretprobe" : "kprobe", d->function);
	json_begin(event);
	json_text("program", d->name);
	json_text("section", section);
}

static bool is_program(struct bpf_object **objects, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (bpf_object__find_program_by_name(objects[i], name))
			return true;
	return false;
}

static int define(const struct options *options, struct bpf_object **objects, const char *text)
{
	char line[4096], from[256], to[512]; /* a line of kprobe_events at most: WRITE_BUFSIZE in kernel/trace/trace.c */
	struct declared d;
	int error;

	if (!parse(text, &d))
		return -EINVAL;
	int length = snprintf(line, sizeof(line), "%s:%s/%s %s\n", d.is_return ? "r" INSTANCES : "p", declared_group(), d.name, d.rest);
	/* kprobe_profile tells events apart by their names only. */
	if (is_program(objects, options->object_count, d.name))
		error = -EEXIST;
	else
		error = length >= (int)sizeof(line) ? -E2BIG : write_file(TRACEFS "/kprobe_events", line, true);
	if (error) {
		said("attach-failed", &d);
		json_number("optional", 0);
		json_number("errno", -error);
		json_text("text", error == -EEXIST ? "a program or another event has this name" : strerror(-error));
		json_end();
		kmsg_report();
		return error;
	}
	snprintf(from, sizeof(from), TRACEFS "/events/%s/%s/format", declared_group(), d.name);
	snprintf(to, sizeof(to), "%s/format.%s", options->dir, d.name);
	if ((error = copy_file(from, to)))
		return error;
	said("attached", &d);
	json_text("how", "trace event");
	json_number("prints", 0);
	json_end();
	return 0;
}

/* Defines all; nothing is recorded yet. 0 or -errno (said on stdout). */
int declared_define(const struct options *options, struct bpf_object **objects)
{
	kmsg_mark();
	for (int i = 0; i < options->kprobe_count; i++) {
		int error = define(options, objects, options->kprobes[i]);

		if (error)
			return error;
	}
	return 0;
}

/* "1": records them; "0": no longer. */
int declared_enable(const struct options *options, const char *value)
{
	char path[256];

	if (options->kprobe_count == 0)
		return 0;
	snprintf(path, sizeof(path), TRACEFS "/events/%s/enable", declared_group());
	return write_file(path, value, false);
}

void declared_report(const struct options *options)
{
	for (int i = 0; i < options->kprobe_count; i++) {
		long long hits = -1, missed = -1;
		struct declared d;

		if (!parse(options->kprobes[i], &d))
			continue;
		profile_find(d.name, &hits, &missed);
		said("hits", &d);
		json_number("hits", hits);
		json_number("missed", missed);
		json_number("skipped", 0);
		json_end();
	}
}

void declared_remove(const struct options *options)
{
	if (options->kprobe_count > 0)
		remove_group(declared_group());
}
