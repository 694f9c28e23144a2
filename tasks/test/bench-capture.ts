/**
 * What a recording loses at the highest rate of events that the guest can produce, next to what a reader of trace_pipe
 * loses of the same events in the same run: `npm run bench:capture`. Two kprobe events on reads of 16 bytes; an
 * instance of tracefs with the kernel's own buffer size has the same events, and one process that reads its trace_pipe.
 * Needs a kernel in the cache (`lab run readiter` once before).
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const READS = 100_000

/** Reads and watches itself as somebody with `cat trace_pipe` would. */
const FLOOD = `
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define INSTANCE "/sys/kernel/tracing/instances/flood"

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* One process, as fast as it can: lines, and no work on them. */
static void reader(const char *from)
{
	static char buffer[1 << 16];
	int fd = open(from, O_RDONLY);
	long lines = 0;
	ssize_t got;

	signal(SIGTERM, SIG_DFL);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer; (at = memchr(at, '\\n', (size_t)(buffer + got - at))); at++)
			lines++;
		FILE *out = fopen("/run/flood", "w");
		fprintf(out, "%ld\\n", lines);
		fclose(out);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	char path[512], buffer[16], text[4096];
	struct dirent *entry;
	struct timespec t0, t1;
	long overrun = 0, lines = 0;

	mkdir(INSTANCE, 0700);
	DIR *events = opendir(INSTANCE "/events");
	while ((entry = readdir(events)))
		if (strstr(entry->d_name, "_trace") && strncmp(entry->d_name, "lab_", 4) == 0) {
			snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", entry->d_name);
			put(path, "1");
		}
	pid_t child = fork();
	if (child == 0)
		reader(INSTANCE "/trace_pipe");
	int fd = open(argv[1], O_RDONLY);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (long i = 0; i < atol(argv[2]); i++)
		if (pread(fd, buffer, sizeof(buffer), 0) != sizeof(buffer))
			return 1;
	clock_gettime(CLOCK_MONOTONIC, &t1);
	put(INSTANCE "/tracing_on", "0");
	sleep(3);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int cpu = 0; cpu < 64; cpu++) {
		snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%d/stats", cpu);
		FILE *stats = fopen(path, "r");
		while (stats && fgets(text, sizeof(text), stats)) {
			long one;
			if (sscanf(text, "overrun: %ld", &one) == 1)
				overrun += one;
		}
		if (stats)
			fclose(stats);
	}
	FILE *in = fopen("/run/flood", "r");
	if (in && fscanf(in, "%ld", &lines) == 1)
		fclose(in);
	snprintf(path, sizeof(path), INSTANCE "/events/enable");
	put(path, "0");
	rmdir(INSTANCE);
	double seconds = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	printf("seconds %.3f lines %ld overrun %ld\\n", seconds, lines, overrun);
	return 0;
}
`

const EXPERIMENT = `
  flood:
    probes: [readiter]
    matrix: { probe: [none] }
    workload: { source: flood.c, run: flood /data/f ${READS} }
    trace: { events: ['p:first copy_page_to_iter_giulia', 'p:last copyout_giulia'] }
  typed-flood:
    probes: [copied]
    workload: { source: bpf/workloads/readloop.c, run: readloop /data/f ${READS} }
`

const say = (text: string) => process.stdout.write(`${text}\n`)
const count = (number: number): string => number.toLocaleString('en')
const rig = new Rig()
try {
  rig.write('flood.c', FLOOD)
  rig.write('lab.yaml', rig.read('lab.yaml') + EXPERIMENT)
  const all = (await rig.answer(['run', 'flood', 'typed-flood'])) as { dir: string; manifest: Manifest }[]
  const [flood, typed] = all
  if (!flood || !typed) throw new Error('no result')
  const found = /seconds (\S+) lines (\d+) overrun (\d+)/.exec(readFileSync(join(flood.dir, 'stdout'), 'utf8')) ?? []
  const [seconds = 1, lines = 0, overrun = 0] = found.slice(1).map(Number)
  const { trace, kernel, guest } = flood.manifest
  const lost = Object.values(trace.losses).reduce((sum: number, one) => sum + (one ?? Number.NaN), 0)
  const dat = join(flood.dir, 'trace.dat')
  const report = spawnSync('trace-cmd', ['report', '-i', dat], { encoding: 'utf8', maxBuffer: 2 ** 30 }).stdout
  const kept = report.split('\n').filter((line) => / (first|last): /.test(line)).length
  say(`kernel ${kernel.release}, ${guest.accel.accel}: ${count(READS)} reads of 16 bytes, 2 kprobe events each`)
  say(`produced            ${count(Math.round((2 * READS) / seconds))} events/s`)
  say(
    `recorded            ${count(kept)} of ${count(2 * READS)}, ${count(lost)} lost, ${trace.completeness}   (0 lost)`,
  )
  say(
    `one trace_pipe      ${count(lines)} lines, ${count(overrun)} lost: ${((overrun / (2 * READS)) * 100).toFixed(0)} %, in the same run`,
  )
  const [channel] = typed.manifest.trace.typed ?? []
  say(
    `typed events        ${count(channel?.events ?? 0)} of ${count(channel?.sent ?? 0)}, ${count(channel?.lost ?? -1)} lost, ${typed.manifest.trace.completeness}   (0 lost)`,
  )
} finally {
  rig.remove()
}
