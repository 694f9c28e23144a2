/**
 * What somebody else did to a recording, by the holder's words (bpf/holder/settings.c, watch.c), as sentences for the
 * ledger.
 */
import { printable } from '../../engine/printable.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { of, type HolderLine } from './holder.ts'

export interface Interference {
  /** What can have cost events: a run with one of these is incomplete. */
  readonly losses: readonly string[]
  /** Why nobody can tell whether there was any. */
  readonly doubts: readonly string[]
  /** What was put right before the run, and cost nothing. */
  readonly notes: readonly string[]
}

/** What it does to a recording when a file of tracefs is read or written, by the end of its path. */
const EFFECTS: readonly (readonly [file: RegExp, effect: string])[] = [
  [/(^|\/)trace_pipe(_raw)?$/, 'whoever reads it takes events away from the recording'],
  [/^tracing_on$/, 'it switches the recording off and on'],
  [/(^|\/)(trace|snapshot|free_buffer)$/, 'it empties or replaces the ring buffer, or stops it while it is read'],
  [/buffer_size_kb$|buffer_subbuf_size_kb$/, 'a new size empties the ring buffer'],
  [/^(set_event_(notrace_)?pid|set_ftrace_(notrace_)?pid)$/, 'it leaves out processes'],
  [/^tracing_cpumask$/, 'it leaves out CPUs'],
  [/^set_ftrace_(filter|notrace)$/, 'it leaves out functions, and its commands switch tracing off'],
  [/(^|\/)(filter|trigger)$/, 'it leaves out events'],
  [/(^|\/)enable$|^set_event$/, 'it switches events off and on'],
  [/kprobes\/enabled$/, 'it disarms every kprobe'],
]
/** Files of the run itself, below the holder's directory. */
const OF_RUN = /^\/run\/lab\//
const EFFECT = 'it decides what is recorded'

const effectOf = (file: string): string =>
  OF_RUN.test(file)
    ? 'what the run recorded is in it'
    : (EFFECTS.find(([pattern]) => pattern.test(file))?.[1] ?? EFFECT)

type Touched = Extract<HolderLine, { event: 'touched' }>

const short = (text: string): string => `"${printable(text.trim().split('\n').join(', '), 120)}"`

/** "cat (pid 57)", as far as it is known. */
function whoOf({ pid, comm = '', by }: Touched): string {
  if (by !== undefined)
    return by.startsWith('events/') ? ` by the trigger of ${printable(by, 160)}` : ` by ${printable(by, 160)}`
  return pid === undefined ? ', by whom is not known' : ` by ${printable(comm, 32)} (pid ${pid})`
}

function sentenceOf(touched: Touched): string {
  const { file: path, how, was = '', now = '' } = touched
  const file = printable(path, 120)
  const effect = effectOf(path)
  switch (how) {
    case 'open':
      return `${file} was open${touched.pid === undefined ? '' : ` in ${printable(touched.comm ?? '', 32)} (pid ${touched.pid})`} during the run: ${effect}`
    case 'too often':
      return `tracefs was used so often during the run that the holder could not follow`
    case 'changed':
      return `${file} was changed from ${short(was)} to ${short(now)} during the run${whoOf(touched)}: ${effect}`
    default:
      return `${file} was ${how} during the run${whoOf(touched)}: ${effect}`
  }
}

/** A file that was written and is not what it was: one fact, with whoever wrote it. */
function merged(all: readonly Touched[]): Touched[] {
  const changed = all.filter(({ how }) => how === 'changed')
  const rest = all.filter((change) => !changed.some(({ file }) => file === change.file))
  return [
    ...rest,
    ...changed.map((change) => ({
      ...all.find(({ file, how }) => file === change.file && how === 'written'),
      ...change,
    })),
  ]
}

/** What the holder says once at most in a run. */
const ONCE = ['started', 'exited', 'captured', 'log', 'done'] as const

/** Facts that cannot all be the holder's: every process of root in the guest can write into its output. */
function contradictions(lines: readonly HolderLine[]): string[] {
  const last = of(lines, 'done')[0]
  const places = ONCE.map((event) => lines.findIndex((line) => line.event === event)).filter((place) => place >= 0)
  const twice = ONCE.filter((event) => of(lines, event).length > 1)
  return [
    ...twice.map(
      (event) =>
        `the holder's line "${event}" came ${of(lines, event).length} times: somebody else wrote into its output`,
    ),
    ...(places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0))
      ? []
      : ["the holder's lines are not in the order of a run: somebody else wrote into its output"]),
    ...(last?.lines === undefined || last.lines === lines.length
      ? []
      : [`the holder said ${last.lines} lines, and ${lines.length} came: somebody else wrote into its output`]),
  ]
}

/** @param lines of one run */
export function interferenceOf(lines: readonly HolderLine[]): Interference {
  const resets = of(lines, 'reset')
  const named = ({ setting, was }: (typeof resets)[number]) => `${printable(setting, 120)} was ${short(was)}`
  return {
    losses: [
      ...merged(of(lines, 'touched')).map(sentenceOf),
      ...resets
        .filter(({ worked }) => worked === 0)
        .map((reset) => `${named(reset)} and could not be reset: ${effectOf(reset.setting)}`),
      ...of(lines, 'replaced').map(
        ({ file }) =>
          `somebody put another file in the place of ${printable(file, 80)} of this run: what is kept is the holder's own`,
      ),
      ...contradictions(lines),
    ],
    doubts:
      of(lines, 'unwatched').length > 0
        ? ['nobody watched tracefs during the run: the kernel has no inotify (INOTIFY_USER), or no memory for it']
        : [],
    notes: resets.filter(({ worked }) => worked !== 0).map((reset) => `${named(reset)}: it was reset before the run`),
  }
}

/** execve() did not happen: the shell's word for a command that cannot be run. */
const NOT_STARTED = 127

/**
 * The two events that every recording has: the workload is held until the recording is on, and ends before it is off.
 * @param events those that went through the ring buffers
 */
export function absentEnds(events: readonly TraceEvent[], lines: readonly HolderLine[]): string[] {
  const [started] = of(lines, 'started')
  const [exited] = of(lines, 'exited')
  if (started === undefined) return []
  const has = (name: string) => events.some(({ event, pid }) => event === name && pid === started.pid)
  const missing = (what: string, name: string) =>
    `the ${what} of the workload (${name} of process ${started.pid}) is not in the trace: the ring buffer was cleared, or did not record all the time`
  return [
    ...(exited?.status === NOT_STARTED || has('sched_process_exec') ? [] : [missing('start', 'sched_process_exec')]),
    ...(has('sched_process_exit') ? [] : [missing('end', 'sched_process_exit')]),
  ]
}
