/**
 * Probes of other loaders: the samples', the workload's own, those of somebody else in the guest. What is known of
 * them, and what is not.
 */
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import { COMM_LENGTH } from '../../trace/events/processes.ts'
import { of, type HolderLine } from '../guest/holder.ts'

export interface OtherProbe {
  readonly program: string
  readonly section: string
  readonly hits: number
  /** -1: nobody counts them. */
  readonly missed: number
}

export interface OtherProgram {
  readonly program: string
  /** Where it hangs; null where that was not seen, or where the kernel does not say. */
  readonly section: string | null
  /**
   * By the kernel's count, from the moment that the holder saw the program; null on a kernel that does not count
   * (before 5.1).
   */
  readonly runs: number | null
  readonly pid: number | null
  readonly comm: string | null
  readonly before: boolean
}

/** kprobe events of other loaders. */
export const otherProbes = (lines: readonly HolderLine[]): OtherProbe[] =>
  of(lines, 'other-hits').map(({ program, section, hits, missed }) => ({ program, section, hits, missed }))

/** BPF programs of other loaders. */
export const otherPrograms = (lines: readonly HolderLine[]): OtherProgram[] =>
  of(lines, 'other-program').map(({ program, section, runs, pid, comm, before }) => ({
    program,
    section: section === '' ? null : section,
    runs: runs < 0 ? null : runs,
    pid: pid ?? null,
    comm: comm ?? null,
    before: before !== 0,
  }))

const isKprobe = (section: string | null): boolean => /^k(ret)?probe\//.test(section ?? '')

/** @param isDeclared its loader is a probe of the lab file: who it is and when it came needs no word */
function sentenceOf(program: OtherProgram, events: readonly OtherProbe[], isDeclared: boolean): string {
  const place = program.section === null ? '' : ` (${printable(program.section, 120)})`
  const name = printable(program.comm ?? '', 32)
  const owner = program.comm === null ? 'another loader' : `${name}${isDeclared ? '' : ` (pid ${program.pid ?? '?'})`}`
  const when = isDeclared ? '' : program.before ? ' was there before the workload' : ' was loaded during the run'
  const ran =
    program.runs === null ? 'how often it ran is not known' : `it ran at least ${plural(program.runs, 'time')}`
  const isCounted = !isKprobe(program.section) || events.some(({ section }) => section === program.section)
  const uncounted = isCounted
    ? ''
    : '; the kernel counts no hits and no misses of a kprobe that is attached as a perf event'
  return `program ${printable(program.program, 32)}${place} of ${owner}${when}: ${ran}${uncounted}`
}

/**
 * Programs of a declared probe (a bpftrace script, a sample) are what the run is about: only their silence is a remark,
 * and that the kernel does not count the hits of their kprobes.
 */
function remarkOf(program: OtherProgram, events: readonly OtherProbe[], declared: ReadonlySet<string>): string[] {
  const { section, runs, comm, before } = program
  // What was loaded and never did anything is in probes.json only.
  if (section === null && runs === 0) return []
  const isDeclared = before && comm !== null && declared.has(comm)
  if (!isDeclared || runs === null || isKprobe(section)) return [sentenceOf(program, events, isDeclared)]
  const place = section === null ? '' : ` (${printable(section, 120)})`
  return runs === 0 ? [`program ${printable(program.program, 32)}${place} of ${printable(comm, 32)} never fired`] : []
}

/**
 * The comms of declared probes. A program can call itself like one of them: where more processes of a name hold
 * programs than there are probes of it, nobody can tell which is whose, and none of them counts as declared.
 */
function declaredLoaders(lines: readonly HolderLine[], programs: readonly OtherProgram[]): ReadonlySet<string> {
  const comms = of(lines, 'companion').map(({ name }) => name.slice(0, COMM_LENGTH))
  const pids = (comm: string) =>
    new Set(programs.filter((process) => process.before && process.comm === comm).map(({ pid }) => pid))
  return new Set(comms.filter((comm) => pids(comm).size <= comms.filter((other) => other === comm).length))
}

/** Sentences for the run's remarks. */
export function otherRemarks(lines: readonly HolderLine[]): string[] {
  const [events, programs] = [otherProbes(lines), otherPrograms(lines)]
  const declared = declaredLoaders(lines, programs)
  return [
    ...programs.flatMap((program) => remarkOf(program, events, declared)),
    ...of(lines, 'other-programs-unseen').map(
      ({ count }) =>
        `${plural(count, 'BPF program')} came and went between two looks of the holder: what they did is not known (libbpf loads some to try out the kernel)`,
    ),
    ...of(lines, 'other-kprobe').map(
      ({ section }) =>
        `${printable(section, 120)} was set by somebody else during the run (as a perf event, or by a kernel module): the kernel counts no hits and no misses of it`,
    ),
  ]
}
