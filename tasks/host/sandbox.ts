/**
 * Programs in C that parse what a guest or a stranger wrote (trace-cmd, librsvg) run confined: they see one file and
 * their own libraries, and neither the network, nor the home directory, nor anything that can be written; memory, time
 * and output are bounded. Whatever becomes of such a program is a fact about its input, not a failure of the lab.
 */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { experimentError, failedBy, type Failure } from '../engine/error.ts'
import { saysConfinementFailed } from '../engine/outside-words.ts'
import { endInWords, missing, ProgramFailure, run, type ProgramEnd, type RunResult } from './sh.ts'
import { which } from './which.ts'
import { inNamespaces } from './with-parent.ts'

/** The ways of confining, from the strongest to the weakest. */
export type Confinement = 'bubblewrap' | 'namespaces' | 'limits'

/** What each one keeps from a program, for `lab doctor`. */
export const CONFINES: Readonly<Record<Confinement, string>> = {
  bubblewrap: 'no network, no home directory, nothing to write; memory, time and output are bounded (bubblewrap)',
  namespaces: 'no network, nothing to write; memory, time and output are bounded (unshare, prlimit)',
  limits: 'nothing to write, no new privileges; memory, time and output are bounded (setpriv, prlimit)',
}

/** The name of the file inside of bubblewrap. */
const INPUT = '/input'
/** What programs of Debian need to start and to find fonts (usr-merged or not). */
const SHARED = ['/usr', '/bin', '/lib', '/lib64', '/etc/ld.so.cache', '/etc/fonts', '/var/cache/fontconfig']

function bubblewrap(program: string, file: string | undefined): string[] {
  const shared = [...SHARED, ...(program.startsWith('/usr/') ? [] : [program])]
  return [
    'bwrap',
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--clearenv',
    '--setenv',
    'PATH',
    '/usr/bin:/bin',
    '--setenv',
    'LC_ALL',
    'C.UTF-8',
    ...shared.flatMap((path) => ['--ro-bind-try', path, path]),
    '--dev-bind',
    '/dev/null',
    '/dev/null',
    ...(file === undefined ? [] : ['--ro-bind', file, INPUT]),
    '--remount-ro',
    '/',
    '--chdir',
    '/',
    '--',
  ]
}

interface Way {
  readonly words: (program: string, file: string | undefined) => string[]
  /** The file by the name that the program knows. */
  readonly input: (file: string) => string
}

const same = (file: string): string => file
const NO_PRIVILEGES = ['setpriv', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--']
const WAYS: Readonly<Record<Confinement, Way>> = {
  bubblewrap: { words: bubblewrap, input: () => INPUT },
  namespaces: {
    words: () => [...inNamespaces({ options: ['--map-root-user', '--net', '--ipc'] }), ...NO_PRIVILEGES],
    input: same,
  },
  // Without the right to take capabilities away (setpriv then says so and ends), no-new-privs is what is left.
  limits: { words: () => ['setpriv', '--no-new-privs', '--'], input: same },
}

const ANY = Array.from({ length: 256 }, (_, status) => status)
let known: Promise<Confinement> | undefined

async function works(way: Confinement): Promise<boolean> {
  const words = WAYS[way].words('/usr/bin/true', undefined)
  if (which(words[0] ?? '') === undefined) return false
  return (await run([...words, 'true'], { accept: ANY, timeout: 20_000 })).status === 0
}

async function strongest(): Promise<Confinement> {
  for (const way of ['bubblewrap', 'namespaces'] as const) if (await works(way).catch(() => false)) return way
  return 'limits'
}

/** The strongest confinement that works on this host; tried once per process. */
export const confinement = (): Promise<Confinement> => (known ??= strongest())

/** What a program may take. */
export interface Bounds {
  /** Milliseconds, of the clock and of the CPU. */
  readonly timeout: number
  /** Bytes of what it writes, to a pipe or a file. */
  readonly output: number
  /** Bytes of memory of its own; mapped files do not count. */
  readonly memory: number
}

/**
 * For a file of this size. trace-cmd prints less than 32 bytes of text for each byte of a recording, and does more than
 * a megabyte a second.
 */
export const boundsFor = (size: number): Bounds => ({
  timeout: 300_000 + Math.ceil(size / 1024),
  output: 64 * 2 ** 20 + 32 * size,
  memory: 2 * 2 ** 30,
})

export interface ConfinedOptions {
  readonly signal: AbortSignal
  /** The one file that it may read. */
  readonly file?: string
  readonly input?: string
  /** stdout goes to this file. */
  readonly stdoutFile?: string
  readonly bounds: Bounds
  readonly place: string
  /** Statuses that are no failure; default [0]. */
  readonly accept?: readonly number[]
  /** The program that a shell of ours starts: messages are about it, and its file is among those that can be read. */
  readonly starts?: string
}

/** Whether a failure is that of a confined program: its input is damaged, and the lab is well. */
export const isDamaged = (error: unknown): error is Failure => failedBy(error, 'damaged-input')

/** A program's end by a signal, behind bubblewrap or unshare, is a status above 128 (bash(1), EXIT STATUS). */
const SIGNALS: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  24: 'SIGXCPU (it took too much time)',
  25: 'SIGXFSZ (it wrote too much)',
  31: 'SIGSYS',
}

/** The end of the program itself, of which its wrapper reports a status. */
function endInside(end: ProgramEnd): ProgramEnd {
  const signal = end.reason === 'exit-status' ? SIGNALS[end.status - 128] : undefined
  return signal === undefined ? end : { reason: 'signal', signal }
}

const damaged = (program: string, failure: ProgramFailure): Failure =>
  experimentError(
    { ...failure.parts, reason: 'damaged-input', fact: `${program} ${endInWords(endInside(failure.end))}` },
    failure,
  )

/** Whether it is the confinement that failed: then nothing is known of the input. */
const isOurs = ({ parts }: Failure): boolean => parts.lines?.some(saysConfinementFailed) === true

/**
 * Runs a program confined, with the strongest means of this host.
 * @param argv its words, given the name by which it sees `file`
 * @throws Failure (experiment, `isDamaged`) where it failed, died, or would not end; (lab) where it is not installed or
 * cannot be started
 */
export async function runConfined(
  argv: (file: string) => readonly [program: string, ...words: string[]],
  options: ConfinedOptions,
): Promise<RunResult> {
  const { file, input, stdoutFile, bounds, signal, place } = options
  const way = WAYS[await confinement()]
  const [program, ...words] = argv(file === undefined ? '' : way.input(file))
  const named = options.starts ?? program
  const [found, started] = [which(program), which(named)]
  if (found === undefined || started === undefined) throw missing(named, place)
  const size = file === undefined || !existsSync(file) ? 0 : (await stat(file)).size
  const limits = [
    '--core=0',
    '--nofile=256',
    // Nothing can be written to any file but the one that is its stdout.
    `--fsize=${stdoutFile === undefined ? 0 : bounds.output}`,
    `--data=${bounds.memory}`,
    `--as=${bounds.memory * 2 + 4 * size}`,
    `--cpu=${Math.ceil(bounds.timeout / 1000)}`,
  ]
  try {
    return await run(['prlimit', ...limits, ...way.words(started, file), found, ...words], {
      signal,
      timeout: bounds.timeout,
      outputLimit: bounds.output,
      place,
      ...(input === undefined ? {} : { input }),
      ...(stdoutFile === undefined ? {} : { stdoutFile }),
      ...(options.accept === undefined ? {} : { accept: options.accept }),
    })
  } catch (error) {
    if (!(error instanceof ProgramFailure) || isOurs(error)) throw error
    throw damaged(named, error)
  }
}
