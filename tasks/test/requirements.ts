/**
 * What the activity log asks for, by day (R-DDMM-N, 5 January to 8 February 2020), and the tests that show it. Tests
 * carry the ids in their names; `node tasks/test/requirements.ts` writes the table, and a test says when it is old.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const TASKS = join(import.meta.dirname, '..')
export const TABLE = join(TASKS, 'requirements.md')

/** Day by day, as the log goes on. */
const REQUIREMENTS: Readonly<Record<string, string>> = {
  'R-0501-1': 'One file makes kernel, VM and probes; a second `lab up` has nothing to do.',
  'R-0501-2': 'The parallel read path is declared, not a fork; what does not fit is told with file and place.',
  'R-0501-3': 'Reads of files only: pipes, proc and tmpfs do not hit the probe.',
  'R-0601-1': 'Probes are compiled against the headers of the kernel that was built.',
  'R-0601-2': 'A trace event as a C struct, with its holes.',
  'R-0601-3': 'Numbers of trace events come from the guest.',
  'R-0601-4': 'A program that does not load has a cause.',
  'R-0701-1': 'A section name that no loader knows is found before loading.',
  'R-0701-2': 'What the verifier rejects is explained: missing NULL check, access wider than the value.',
  'R-0701-3': 'A verifier log that is there twice is reported once.',
  'R-0801-1': 'Maps of a run, decoded.',
  'R-0801-2': "Samples of the kernel's own tree as probes, or why they cannot run.",
  'R-1101-1': "The workload's output is next to trace and maps of the same run.",
  'R-1101-2': 'Values of user side and kernel side are compared.',
  'R-1101-3': 'A value that is the low byte of an address is recognised.',
  'R-1201-1': 'Map slots are filled and read back before the workload starts.',
  'R-1201-2': 'A key outside of its map is reported.',
  'R-1301-1': 'Who else came through the probe, and who would satisfy its filter.',
  'R-1301-2': 'The collector itself does not satisfy the filter.',
  'R-1301-3': 'Why the descriptor is always 3.',
  'R-1401-1': 'Which file each include resolved to.',
  'R-1401-2': 'Hashed pointers are recognised, and compared with nothing.',
  'R-1501-1': 'The messages of one program out of a trace.',
  'R-1501-2': '%p for an address is reported before it runs.',
  'R-1601-1': 'Two runs side by side.',
  'R-1601-2': '32 bits printed of 64 are reported.',
  'R-1601-3': 'Conversions that the target kernel does not print are reported.',
  'R-1601-4': 'Deleting from an array is reported.',
  'R-1701-1': 'Helpers by kernel and program type.',
  'R-1701-2': 'A probe that fired and printed nothing is a result.',
  'R-1801-1': 'Hits of each probe, zero too.',
  'R-1801-2': 'Messages in the order that is expected, within one read.',
  'R-1901-1': 'Symbols: there, renamed by the compiler, exported, inlined.',
  'R-1901-2': 'Symbols are checked after the build and before the boot.',
  'R-1901-3': 'Clones stay out of line, and their callers call them.',
  'R-2201-1': 'A number used as a pointer is explained.',
  'R-2201-2': 'Offsets of a kprobe’s context have names.',
  'R-2501-1': 'Tools and their versions are checked before they are needed.',
  'R-2501-2': 'What new compilers need of old headers is added by itself.',
  'R-2501-3': 'Helpers by program type, as R-1701-1.',
  'R-2601-1': 'A call graph of the workload, and what cannot be in it.',
  'R-2601-2': 'A trace says where it comes from.',
  'R-2601-3': 'The same declaration fits other kernels, or says what does not fit.',
  'R-2701-1': 'HAVE_ATTR_TEST=0 for what includes perf-sys.h.',
  'R-2701-2': 'User programs are linked with the libbpf of the same tree.',
  'R-3001-1': 'One page about the runs since a day.',
  'R-0202-1': "Compiler flags come from the kernel's tree.",
  'R-0202-2': 'Exported headers are a product of the build.',
  'R-0502-1': 'The version in an object is compared with the kernel where the kernel does so.',
  'R-0502-2': 'A refused probe has the reason that dmesg has.',
  'R-0502-3': 'The refusal is predicted.',
  'R-0502-4': 'System calls have their prefix.',
  'R-0502-5': 'strace of loader and workload.',
  'R-0702-1': 'Names of processes that the kernel forgot.',
  'R-0702-2': 'Messages are grouped by read; the first group may be partial.',
  'R-0702-3': 'Why the kernel address is always the same.',
  'R-0702-4': 'One function more costs seconds, not a whole build.',
  'R-0802-1': 'Six messages for each read, in order.',
  'R-0802-2': 'A kernel that does not build says where, and by which change.',
  'R-0802-3': 'The trace for a slide.',
}

/** Files of tests, relative to tasks/. */
const testFiles = (): string[] =>
  readdirSync(TASKS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && name !== 'test/requirements.test.ts')
    .toSorted()

/** Ids at the beginning of a test's name, or of a row of its table: 'R-0601-2, R-0601-3: the struct ...'. */
const NAMES = /['"`]((?:R-\d{4}-\d(?:, )?)+)[: ]/g

/** Which tests name which id. */
function testsOf(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const file of testFiles())
    for (const [, names = ''] of readFileSync(join(TASKS, file), 'utf8').matchAll(NAMES))
      for (const [id] of names.matchAll(/R-\d{4}-\d/g)) {
        const files = found.get(id) ?? []
        if (!files.includes(file)) found.set(id, [...files, file])
      }
  return found
}

/** Where a test runs: no kernel, the kernels that it names, or the one that the lab's VM gets. */
function kernelsOf(file: string): string {
  if (!file.endsWith('.vm.test.ts')) return 'none'
  const named = new Set(
    Array.from(readFileSync(join(TASKS, file), 'utf8').matchAll(/\bv(\d\.\d+)\b/g), ([, v]) => v ?? ''),
  )
  return named.size > 0 ? [...named].toSorted().join(', ') : 'default'
}

/** The table, as Markdown. */
export function requirementsTable(): string {
  const tests = testsOf()
  const unknown = [...tests.keys()].filter((id) => !(id in REQUIREMENTS))
  if (unknown.length > 0) throw new Error(`tests name requirements that are not listed: ${unknown.join(', ')}`)
  const rows = Object.entries(REQUIREMENTS).map(([id, text]) => {
    const files = tests.get(id) ?? []
    const links = files.map((file) => `[${file}](${relative(TASKS, join(TASKS, file))})`)
    const kernels = [...new Set(files.map(kernelsOf))].toSorted()
    return `| ${id} | ${text} | ${links.join(' ') || 'no test names it'} | ${kernels.join('; ')} |`
  })
  return [
    '# What the log asks for, and the tests that show it',
    '',
    'Written by `node tasks/test/requirements.ts` from the names of the tests. R-DDMM-N is the day of the activity log. Kernel: `none` is',
    'text alone; `default` is the kernel of the VM in [lab.yaml](../lab.yaml): 5.4, or 5.10 where its source cannot be had.',
    '',
    '| id | what | tests | kernel |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

if (import.meta.main) writeFileSync(TABLE, requirementsTable())
