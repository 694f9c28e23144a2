/** What an experiment runs, with every path absolute, and the names that its files have in the guest. */
import { basename } from 'node:path'
import type { Workload } from './schema/schema-workload.ts'

export interface ResolvedWorkload {
  /** A command with `${name}` in it: `argvOf` makes its argument list. */
  readonly run: string
  /** Absolute paths of C files, compiled to one program. */
  readonly sources: readonly string[]
  /** Built in the kernel's tree as one of its own samples/bpf. */
  readonly style?: 'samples'
  /** Built from the kernel's own selftests. */
  readonly kselftest?: Selftest
  readonly flags: readonly string[]
  /** As after -l. */
  readonly libraries: readonly string[]
  /** Absolute path of a program that is ready to run. */
  readonly program?: string
  /** Absolute paths of files that are put beside it. */
  readonly files: readonly string[]
  /** Directory of the guest where it starts. */
  readonly cwd?: string
  readonly env: Readonly<Record<string, string>>
  /** Its reads of trace_pipe find nothing and take nothing. */
  readonly hidesTracePipe: boolean
}

/** Tests of a kernel's tree. */
export interface Selftest {
  /** Below tools/testing/selftests: "bpf", "drivers/dma-buf". */
  readonly dir: string
  /** Undefined: all tests of the directory. */
  readonly program?: string
}

/** What runs all tests of a directory, as the kernel's own script for it is called. */
export const RUN_ALL = 'run_kselftest.sh'

/** "tools/testing/selftests/bpf:test_progs", or without the first three directories. */
export function selftestOf(text: string): Selftest {
  const [path = '', program] = text.split(':')
  const dir = path.replace(/^tools\/testing\/selftests\//, '')
  return { dir, ...(program !== undefined && { program }) }
}

/** "bpf:test_progs", as run_kselftest.sh says it. */
export const selftestTitle = ({ dir, program }: Selftest): string => [dir, program].filter(Boolean).join(':')

/** The command of a workload: that of a selftest may be left out. */
export const commandOf = ({ run, kselftest }: Pick<Workload, 'run' | 'kselftest'>): string =>
  run ?? (kselftest === undefined ? '' : (selftestOf(kselftest).program ?? RUN_ALL))

export const sourcesOf = ({ source }: Pick<Workload, 'source'>): string[] =>
  source === undefined ? [] : [source].flat()

/** @param absolute of a path in the lab file */
export function resolveWorkload(workload: Workload, absolute: (path: string) => string): ResolvedWorkload {
  const { style, kselftest, flags = [], libraries = [], program, files = [], cwd, env = {}, tracePipe } = workload
  return {
    run: commandOf(workload),
    sources: sourcesOf(workload).map(absolute),
    ...(style && { style }),
    ...(kselftest !== undefined && { kselftest: selftestOf(kselftest) }),
    flags,
    libraries,
    ...(program !== undefined && { program: absolute(program) }),
    files: files.map(absolute),
    ...(cwd !== undefined && { cwd }),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
    hidesTracePipe: (tracePipe ?? (style === 'samples' ? 'ours' : 'theirs')) === 'ours',
  }
}

/** Name of a sample: of `giulia_user.c` it is `giulia`. */
export const sampleName = (sources: readonly string[]): string | undefined =>
  sources.map((file) => /^(.+)_user\.c$/.exec(basename(file))?.[1]).find((name) => name !== undefined)

/** What the program is called in the guest; undefined for a command of the image. */
export function programName({
  sources,
  style,
  program,
  kselftest,
}: {
  readonly sources: readonly string[]
  readonly style?: 'samples' | undefined
  readonly program?: string | undefined
  readonly kselftest?: Selftest | undefined
}): string | undefined {
  if (kselftest !== undefined) return kselftest.program ?? RUN_ALL
  if (program !== undefined) return basename(program)
  if (style === 'samples') return sampleName(sources)
  const own = sources.find((source) => !isBpfSource(source))
  return own === undefined ? undefined : basename(own).replace(/\.c$/, '')
}

/** Sources for the kernel's side: compiled to objects that lie beside the program, NAME.bpf.c to NAME.bpf.o. */
export const isBpfSource = (source: string): boolean => source.endsWith('.bpf.c')

/** Every file of the host that a workload names. */
export const filesOf = ({ sources, program, files }: ResolvedWorkload): string[] => [
  ...sources,
  ...(program === undefined ? [] : [program]),
  ...files,
]
