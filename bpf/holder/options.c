/* The command line of the holder, as rows of a table. */
#include "holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { SWITCH, TEXT, NUMBER, LIST, STEP_SET, STEP_REMOUNT };

#define AT(member) offsetof(struct options, member)
#define MANY(name, list, count) { name, LIST, AT(list), AT(count), sizeof(((struct options *)0)->list) / sizeof(char *) }

static const struct row {
	const char *flag;
	enum kind kind;
	size_t at; /* of its value in struct options */
	size_t count; /* of a list: where its length is, and how long it can get */
	size_t most;
} rows[] = {
	{ "--follow", SWITCH, AT(follow), 0, 0 },
	{ "--hide-trace-pipe", SWITCH, AT(hide_trace_pipe), 0, 0 },
	{ "--mappings", SWITCH, AT(mappings), 0, 0 },
	{ "--no-symbols", SWITCH, AT(no_symbols), 0, 0 },
	{ "--facts", SWITCH, AT(facts), 0, 0 },
	{ "--count-runs", SWITCH, AT(count_runs), 0, 0 },
	{ "--dir", TEXT, AT(dir), 0, 0 },
	{ "--meta", TEXT, AT(meta), 0, 0 },
	{ "--wake", TEXT, AT(wake), 0, 0 },
	{ "--seed", TEXT, AT(seed), 0, 0 },
	{ "--clock", TEXT, AT(clock), 0, 0 },
	{ "--buffer-kb", TEXT, AT(buffer_kb), 0, 0 },
	{ "--overwrite", TEXT, AT(overwrite), 0, 0 },
	{ "--cwd", TEXT, AT(cwd), 0, 0 },
	{ "--btf", TEXT, AT(btf), 0, 0 },
	{ "--pin", TEXT, AT(pin), 0, 0 },
	{ "--graph-depth", TEXT, AT(graph_depth), 0, 0 },
	{ "--deadline-ms", NUMBER, AT(deadline_ms), 0, 0 },
	MANY("--object", objects, object_count),
	MANY("--env", env, env_count),
	MANY("--event", events, event_count),
	MANY("--kprobe", kprobes, kprobe_count),
	MANY("--optional", optional, optional_count),
	MANY("--graph", graph, graph_count),
	MANY("--interface", interfaces, interface_count),
	MANY("--slot", slots, slot_count),
	MANY("--companion", companions, companion_count),
	MANY("--module", modules, module_count),
	{ "--set", STEP_SET, 0, 0, 0 },
	{ "--remount", STEP_REMOUNT, 0, 0, 0 },
};

/* Says what is wrong with the command line, and what it can be. Always 2. */
int usage(const char *why, const char *what)
{
	fprintf(stderr,
		"lab-holder: %s%s\n"
		"usage: lab-holder --serve\n"
		"       lab-holder --facts\n"
		"       lab-holder --wake SECONDS.MILLISECONDS --seed HEX\n"
		"       lab-holder --meta DIR [--no-symbols] [--event SYSTEM:EVENT]...\n"
		"       lab-holder --dir DIR [--object FILE]... [--btf FILE] [--event SYSTEM:EVENT]... [--optional PROGRAM]...\n"
		"                  [--interface OBJECT:INTERFACE]...\n"
		"                  [--kprobe \"p:NAME FUNCTION ARGS\"]... [--follow]\n"
		"                  [--module \"[?]FILE [PARAMETER=VALUE]...\"]... [--companion PROGRAM]... [--slot OBJECT:MAP:KEY:OFFSET:VALUE]...\n"
		"                  [--set PATH=VALUE | --remount DIR]... [--pin CPU[,CPU]...]\n"
		"                  [--clock CLOCK] [--buffer-kb N] [--overwrite 0|1] [--count-runs] [--graph FUNCTION]... [--graph-depth N]\n"
		"                  [--deadline-ms N] [--cwd DIR] [--env NAME=VALUE]... [--hide-trace-pipe] [--mappings] -- WORKLOAD...\n",
		why, what);
	return 2;
}

static const struct row *row_of(const char *flag)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].flag, flag) == 0)
			return &rows[i];
	return NULL;
}

/* False where the list is full. */
static bool append(struct options *options, const struct row *row, const char *value)
{
	const char **list = (const char **)((char *)options + row->at);
	int *count = (int *)((char *)options + row->count);

	if ((size_t)*count >= row->most)
		return false;
	list[(*count)++] = value;
	return true;
}

/* Sets what a flag stands for. False where there are too many of it. */
static bool set(struct options *options, const struct row *row, const char *value)
{
	void *at = (char *)options + row->at;

	switch (row->kind) {
	case SWITCH:
		*(bool *)at = true;
		return true;
	case TEXT:
		*(const char **)at = value;
		return true;
	case NUMBER:
		*(long *)at = atol(value);
		return true;
	case LIST:
		return append(options, row, value);
	case STEP_SET:
	case STEP_REMOUNT:
		if (options->step_count >= MAX_NAMES)
			return false;
		options->steps[options->step_count++] = (struct step){ row->kind == STEP_REMOUNT, value };
		return true;
	}
	return false;
}

/*
 * Strings of argv go into the options. 0, or 2 for a command line that is none; what is wrong with it goes to stderr.
 */
int parse_options(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i++) {
		const struct row *row = row_of(argv[i]);

		if (strcmp(argv[i], "--") == 0) {
			options->workload = &argv[i + 1];
			return argv[i + 1] ? 0 : usage("no workload", "");
		}
		if (!row)
			return usage("unknown: ", argv[i]);
		if (row->kind != SWITCH && i + 1 == argc)
			return usage("no value for ", row->flag);
		if (!set(options, row, row->kind == SWITCH ? NULL : argv[++i]))
			return usage("too often: ", row->flag);
	}
	return options->meta || options->wake || options->facts ? 0 : usage("no workload", "");
}
