/*
 * The function_graph tracer, limited to the workload: the call tree of what it does in the kernel, with durations. Its
 * records go to the same ring buffer as everything else.
 */
#include "holder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TF(name) TRACEFS "/" name

/* What EINVAL means of these files. */
static int refused(const char *what, const char *value, int error)
{
	return error == -EINVAL ? fail_saying(what, value, error, "no such function can be traced (available_filter_functions has those that can)")
				: fail(what, value, error);
}

/*
 * One name. The line's end matters: without it the kernel looks the name up when the file is closed, and tells nobody.
 */
static int add_name(const char *path, const char *name, bool append)
{
	char line[256];

	snprintf(line, sizeof(line), "%s\n", name);
	return write_file(path, line, append);
}

/* Of the wanted functions those that this kernel has; names differ between kernels, so one is enough. */
static int set_functions(const struct options *options)
{
	int taken = 0, error = 0;

	write_file(TF("set_graph_function"), "", false);
	for (int i = 0; i < options->graph_count; i++) {
		error = add_name(TF("set_graph_function"), options->graph[i], taken > 0);
		if (error)
			continue;
		taken++;
		json_begin("graph-function");
		json_text("function", options->graph[i]);
		json_end();
	}
	return taken > 0 ? 0 : refused("set set_graph_function", options->graph[0], error);
}

/* How the kernel gets from a hook to a program: a kprobe on ftrace, on a breakpoint or a jump, a tracepoint. */
static const char *const probes_own[] = {
	"kprobe_ftrace_handler", "kprobe_int3_handler",	     "optimized_callback",
	"kprobe_dispatcher",	 "kretprobe_dispatcher",     "perf_trace_run_bpf_submit",
	"trace_call_bpf",	 "perf_ftrace_function_call",
};

/* Before events are kept. The workload is held, so nothing of it is missed. 0 or -errno (said on stdout). */
int graph_start(const struct options *options, pid_t pid)
{
	char number[32], path[512];
	int error;

	if (options->graph_count == 0)
		return 0;
	snprintf(number, sizeof(number), "%d", pid);
	if ((error = write_file(TF("set_ftrace_pid"), number, false)))
		return refused("set set_ftrace_pid", number, error);
	if ((error = set_functions(options)))
		return error;
	/*
	 * What probes do is no call of the workload's. The names are not in every kernel; without them the tree is
	 * longer.
	 */
	for (size_t i = 0; i < sizeof(probes_own) / sizeof(probes_own[0]); i++)
		add_name(TF("set_graph_notrace"), probes_own[i], i > 0);
	/* The workload's children too; interrupts that happen to come are not its calls. */
	write_file(TF("options/function-fork"), "1", false);
	write_file(TF("options/funcgraph-irqs"), "0", false);
	write_file(TF("max_graph_depth"), options->graph_depth ? options->graph_depth : "0", false);
	if ((error = write_file(TF("current_tracer"), "function_graph", false)))
		return refused("set current_tracer", "function_graph", error);
	snprintf(path, sizeof(path), "%s/available_filter_functions", options->dir);
	return copy_file(TF("available_filter_functions"), path);
}

void graph_stop(const struct options *options)
{
	if (options->graph_count == 0)
		return;
	write_file(TF("current_tracer"), "nop", false);
	write_file(TF("set_ftrace_pid"), "", false);
	write_file(TF("set_graph_function"), "", false);
	write_file(TF("set_graph_notrace"), "", false);
	write_file(TF("max_graph_depth"), "0", false);
	write_file(TF("options/function-fork"), "0", false);
	write_file(TF("options/funcgraph-irqs"), "1", false);
}
