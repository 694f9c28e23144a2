/*
 * The holder: the lab's loader inside the guest. It loads BPF objects, attaches them, records the ring buffer, runs the
 * workload as its child, and takes everything away again. It exists because a 5.4 kernel has no BPF links to pin:
 * somebody must hold the perf events open while the workload runs.
 *
 * It speaks one JSON object per line on stdout; artefacts go to files in one directory, which follow the lines as a tar
 * archive.
 */
#ifndef LAB_HOLDER_H
#define LAB_HOLDER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* splice, pipe2, prctl: this program is for Linux only */
#endif

#include <bpf/libbpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define MAX_OBJECTS 16
#define MAX_PROGRAMS 64
#define MAX_NAMES 64
#define MAX_SLOTS 256
#define MAX_COMPANIONS 4
#define MAX_MODULES 64 /* `modules:` of the lab file, and what those need */
#define MAX_CPUS 64 /* as `cpus:` of the lab file */
#define MAX_FILES MAX_CPUS /* CPUs, channels */
#define TRACEFS "/sys/kernel/tracing"

/*
 * So many calls of a function can be between entry and return at the same time before a kretprobe misses one. The
 * kernel's own number is that of the CPUs, or twice it with preemption: two readers that sleep are enough to lose the
 * third. 5.4.0 does not count these misses in kprobe_profile (trace_kprobe.c, probes_profile_seq_show; 5.10.223 and 6.1
 * do), so there must be none.
 */
#define INSTANCES "1024"

/* What an experiment wants of the guest before each run. */
struct step {
	bool remount;
	const char *text; /* PATH=VALUE for a file of /proc/sys, or the directory where a file system is mounted */
};

/* What the command line asks for. Strings point into argv. */
struct options {
	const char *dir;
	bool count_runs; /* the kernel counts runs and time of the programs */
	bool no_symbols; /* with meta: the host has them already */
	const char *meta; /* only save what is the same for all runs of this boot */
	bool facts; /* only: what this guest is */
	const char *wake; /* only: the time, for a guest that was restored */
	const char *seed; /* with wake: randomness, in hexadecimal */
	const char *clock;
	const char *buffer_kb;
	long deadline_ms;
	const char *objects[MAX_OBJECTS];
	int object_count;
	const char *btf; /* types of the kernel, where it does not carry them; NULL: it does, or no object asks */
	const char *events[MAX_NAMES]; /* system:event */
	int event_count;
	const char *kprobes[MAX_NAMES]; /* kprobe events, see declared.c */
	int kprobe_count;
	bool follow; /* send what is recorded while it is recorded */
	const char *optional[MAX_NAMES];
	int optional_count;
	const char *interfaces[MAX_NAMES]; /* OBJECT:INTERFACE, see network.c */
	int interface_count;
	const char *slots[MAX_SLOTS]; /* OBJECT:MAP:KEY:OFFSET:VALUE, see maps.c */
	int slot_count;
	const char *graph[MAX_NAMES]; /* functions whose call trees are traced */
	int graph_count;
	const char *graph_depth; /* NULL: all of it */
	const char *overwrite; /* "1": the oldest events make room; "0": the newest are dropped */
	struct step steps[MAX_NAMES]; /* before the run, in this order */
	int step_count;
	const char *pin; /* CPUs of the workload: "1" or "0,2" */
	const char *companions[MAX_COMPANIONS]; /* programs with a loader of their own */
	int companion_count;
	const char *modules[MAX_MODULES]; /* "[?]FILE [PARAMETERS]", see modules.c */
	int module_count;
	const char *cwd; /* where the workload starts; NULL: / */
	const char *env[MAX_NAMES]; /* NAME=VALUE, for the workload */
	int env_count;
	bool mappings; /* keep where its programs have their code, see mappings.c */
	bool hide_trace_pipe; /* from the workload, see trace_pipe.c */
	char **workload;
};

/* One attached program. */
struct attachment {
	struct bpf_program *program;
	struct bpf_link *link;
	bool attached;
	char event[64]; /* name of its kprobe event in group(), or "" */
	long long hits_before, runs_before, recursions_before; /* counts.c */
};

/* options.c */
int usage(const char *why, const char *what);
int parse_options(int argc, char **argv, struct options *options);

/*
 * json.c: one object per line; begin, fields, end. Strings are escaped; anything that is not UTF-8 text becomes \u00XX.
 */
void json_begin(const char *event);
/* The same for a line that is only part of a view (--follow), and not counted. */
void json_begin_view(const char *event);
/* Lines that were begun so far, without those of a view. */
long json_lines(void);
void json_text(const char *key, const char *value);
void json_number(const char *key, long long value);
void json_hex(const char *key, const void *bytes, size_t size);
void json_end(void);
/* Says what could not be done; `error` is -errno, and what is returned. */
int fail(const char *doing, const char *value, int error);
int fail_saying(const char *doing, const char *value, int error, const char *text);
/* False when nobody reads us any more (the ssh connection is gone). */
bool json_alive(void);

/* files.c */
int write_file(const char *path, const char *text, bool append);
int make_file(const char *path);
long read_file(const char *path, char *buffer, size_t size);
int copy_file(const char *from, const char *to);
/* Splits SYSTEM:EVENT: the event, and the system into `system`. NULL where there is no colon. */
const char *event_parts(const char *text, char *system, size_t size);

/* settings.c */
void settings_reset(const struct options *options);
void settings_switch_on(void);
void find_switch(char *where, size_t size);
void each_setting(void (*visit)(const char *path));
void each_event(const struct options *options, void (*visit)(const char *dir, void *data), void *data);
const char *setting_name(const char *path);
bool setting_read(const char *path, char *text, size_t size);

/* openers.c */
/* Files that are looked for, and who is told which process has one open: once a process. */
struct sought {
	bool (*is_meant)(const char *name, const struct stat *file);
	void (*visit)(const char *name, pid_t pid, const char *comm);
};
void each_opener(const struct sought *sought, int count);

void each_descriptor(bool (*is_meant)(const char *name), void (*visit)(const char *name, pid_t pid, const char *comm, int fd));

/* result_files.c */
void result_begin(void);
bool result_is_whole(void);
int result_create(const char *path);
long result_read(const char *path, char *buffer, size_t size);
const char *result_known(const struct stat *file);
void result_adopt(const char *path);
void result_check(void);
const char *result_file(int index, int *fd);

/* result_watch.c */
bool result_is_ours_alone(const char *name);
struct sought result_watch_start(void);
void result_watch_look(void);

/* addresses.c */
void addresses_share(void);
const char *address_of(const char *function);
void addresses_learn(const struct attachment *attachments, int count, const char *list);

/* watch.c */
void watch_start(const struct options *options);
void watch_look(void);
void watch_stop(void);

/* attach.c */
int load_objects(const struct options *options, struct bpf_object **objects);
int attach_all(const struct options *options, struct bpf_object **objects, struct attachment *attachments, pid_t workload);
void remove_group(const char *name);
void stop_all(struct attachment *attachments, int count);
void detach_all(void);
void sweep_dead_groups(void);
const char *group(void);

/* counts.c */
void count_runs_sweep(void);
void count_runs(void);
void count_runs_of_others(void);
bool runs_of_others_counted(void);
void count_runs_end(void);
bool profile_find(const char *event, long long *hits, long long *missed);
void counts_begin(struct attachment *attachments, int count);

/*
 * What loading a program took: nanoseconds in the kernel, and instructions that the verifier looked at (-1: not known).
 */
struct load_cost {
	long long ns;
	long long verified;
};
struct load_cost load_cost(int fd);
void report_hits(const struct options *options, const struct attachment *attachments, int count);

/* programs.c */
void programs_start(const struct options *options, struct bpf_object **objects);
void programs_look(void);
bool programs_have_hook(const char *hook);
bool programs_lack_hooks(void);
void programs_report(void);

/* foreign.c */
void foreign_start(const struct options *options, struct bpf_object **objects, const struct attachment *attachments,
		   int count);
void foreign_expect(void);
void foreign_look(void);
void foreign_stop(void);
void foreign_report(void);

/* user.c */
bool is_in_workload(const char *section);
struct bpf_link *user_attach(const struct options *options, const struct bpf_program *program);

/* network.c */
bool is_network(const char *section);
bool network_attach(const struct options *options, struct attachment *a, int object, pid_t workload);
void network_detach(void);

/* iter.c */
bool is_iter(const char *section);
int iter_read(const struct options *options, const struct attachment *attachments, int count);

/* mappings.c */
void mappings_start(const struct options *options);
void mappings_look(void);
void mappings_stop(const struct options *options);

/* elf_symbols.c */
int elf_symbols(const char *path, unsigned long long inode, const char *name);

/* sample.c */
struct bpf_link *sample_attach(const struct bpf_program *program);
void sample_detach(void);

/* capture.c */
int capture_prepare(const struct options *options, pid_t pid);
int capture_start(void);
int capture_stop(const struct options *options);
void capture_restore(const struct options *options);

/* What the recorder has written so far, and where. */
int capture_cpus(void);
off_t capture_written(int cpu);
int capture_fd(int cpu);

/* declared.c */
const char *declared_group(void);
int declared_define(const struct options *options, struct bpf_object **objects);
int declared_enable(const struct options *options, const char *value);
void declared_report(const struct options *options);
void declared_remove(const struct options *options);

/* follow.c */
void follow_look(const struct options *options);
void follow_end(const struct options *options);

/* events.c */
void events_size(const struct options *options, struct bpf_object *object);
int events_open(const struct options *options, struct bpf_object **objects);
void events_drain(void);
void events_flush(void);
void events_stop(void);
int events_channels(void);
off_t events_written(int index);
int events_fd(int index);
int events_object(int index);
const char *events_map(int index);

/* graph.c */
int graph_start(const struct options *options, pid_t pid);
void graph_stop(const struct options *options);

/* meta.c */
int save_meta(const struct options *options);

/* prepare.c */
int apply_steps(const struct options *options);
int pin(pid_t pid, const char *cpus);

/* modules.c */
int modules_load(const struct options *options);
void modules_unload(const struct options *options);

/* wake.c */
int facts(void);
int wake(const char *now, const char *seed);

/* alone.c */
int alone(void);

/* serve.c */
int serve(int (*work)(int argc, char **argv));

/* send.c */
int send_files(const char *dir);

/* child.c */
pid_t child_prepare(const struct options *options);
int child_release(void);
int child_wait(const struct options *options, pid_t pid);
void child_end(const struct options *options, pid_t pid);
void child_survivors(void);
bool is_our_child(const char *name);
extern volatile sig_atomic_t stop_requested;

/* trace_pipe.c */
int trace_pipe_hide(const char *fifo);
bool trace_pipe_reached(const char *fifo, pid_t workload);
void trace_pipe_forget(const char *fifo);

/* output.c */
int outputs_open(const char *dir);
void outputs_take(void);
void outputs_leave(void);
void outputs_drain(void);
void outputs_end(void);

/* companion.c */
int companions_start(const struct options *options);
void companions_stop(const struct options *options);

/* maps.c */
int fill_slots(const struct options *options, struct bpf_object **objects, pid_t pid);
void dump_maps(const struct options *options, struct bpf_object **objects);

/* kmsg.c: lines that the kernel logged since mark(). */
void kmsg_mark(void);
void kmsg_report(void);
/* The log of a run: where it begins, and all of it in a file. */
void kmsg_begin(void);
int kmsg_save(const char *path);

#endif
