/**
 * What the holder makes of the kernel's counters (bpf/holder/counts.c), which say the same of a kernel that is made up
 * here, number by number.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { compileProgram } from '../../host/compile.ts'
import { run } from '../../host/sh.ts'
import { tempDir } from '../../test/temp-dir.ts'

const signal = new AbortController().signal

/**
 * The kernel and the holder's other files: kprobe_profile, bpf_stats_enabled, the info of one program, and JSON of its
 * numbers.
 */
const AROUND = `
#include "holder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
static long long hits, missed, runs, recursions;
int bpf_program__fd(const struct bpf_program *p) { return 3; }
const char *bpf_program__name(const struct bpf_program *p) { return "p"; }
const char *bpf_program__section_name(const struct bpf_program *p) { return "kprobe/f"; }
int bpf_obj_get_info_by_fd(int fd, void *to, __u32 *size)
{
	struct bpf_prog_info *info = to;
	info->run_cnt = runs;
	info->recursion_misses = recursions;
	return recursions < 0;
}
long read_file(const char *path, char *to, size_t size)
{
	return strstr(path, "kprobe_profile") ? snprintf(to, size, "  e %lld %lld\\n", hits, missed) : snprintf(to, size, "0\\n");
}
int write_file(const char *path, const char *text, bool append) { return 0; }
int make_file(const char *path) { return 0; }
void json_begin(const char *event) { printf("{"); }
void json_text(const char *key, const char *value) { }
void json_number(const char *key, long long value) { printf("\\"%s\\":%lld,", key, value); }
struct load_cost load_cost(int fd) { return (struct load_cost){ .verified = -1 }; }
void json_end(void) { printf("\\"\\":0}"); }
static void counters(char **argv)
{
	hits = atoll(argv[0]), missed = atoll(argv[1]), runs = atoll(argv[2]), recursions = atoll(argv[3]);
}
int main(int argc, char **argv)
{
	static struct attachment a = { .event = "e" };
	struct options options = { 0 };
	a.attached = true;
	count_runs();
	counters(argv + 1);
	counts_begin(&a, 1);
	counters(argv + 5);
	report_hits(&options, &a, 1);
	return 0;
}
`

type Counters = readonly [hits: number, missed: number, runs: number, recursions: number]

/** What the holder reports of each case: hits skipped, and how often the program ran at least and at most. */
async function reported(cases: readonly (readonly [Counters, Counters])[]): Promise<(readonly number[])[]> {
  const dir = tempDir()
  const [around, program] = [join(dir, 'around.c'), join(dir, 'counts')]
  writeFileSync(around, AROUND)
  await compileProgram({
    sources: [around, join(TOOL_ROOT, 'bpf/holder/counts.c')],
    program,
    libraries: [],
    place: 'counts',
    signal,
    flags: [`-I${join(TOOL_ROOT, 'bpf/holder')}`],
  })
  const found: (readonly number[])[] = []
  for (const [before, after] of cases) {
    const { stdout } = await run([program, ...before.map(String), ...after.map(String)], { signal })
    const { skipped, firedLeast, firedMost } = JSON.parse(stdout) as Readonly<Record<string, number>>
    found.push([skipped ?? NaN, firedLeast ?? NaN, firedMost ?? NaN])
  }
  return found
}

test('hits for which a program did not run are those of the run, whichever counter tells of them', async () => {
  expect(
    await reported([
      // What the run itself lost, by hits without a run, or by the kernel's own count since 6.7.
      [
        [0, 0, 0, 0],
        [10, 0, 7, 0],
      ],
      [
        [0, 0, 0, 0],
        [10, 0, 10, 3],
      ],
      // What was lost before the workload began is no loss of the run.
      [
        [5, 0, 2, 0],
        [15, 0, 12, 0],
      ],
      [
        [5, 0, 5, 4],
        [15, 0, 15, 4],
      ],
      [
        [5, 0, 5, 4],
        [15, 0, 15, 6],
      ],
      // The kernel does not answer.
      [
        [0, 0, 0, -1],
        [0, 0, 0, -1],
      ],
    ]),
  ).toEqual([
    [3, 7, 10],
    [3, 10, 10],
    [0, 10, 15],
    [0, 10, 15],
    [2, 10, 15],
    [0, 0, 0],
  ])
})
