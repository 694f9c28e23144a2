/**
 * The only place that starts programs (through zx). Arguments are lists, never shell strings. Each program runs in a
 * process group of its own, and the group is ended when the signal is aborted: zx's own `signal` ends the shell only
 * and leaves its children running (zx 8.8, seen on Node 20 and 24), and its `kill()` prints a deprecation warning into
 * the live view.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { ProcessPromise } from 'zx/core'
import { makeDirectory } from '../engine/directory.ts'
import { Failure, interrupted, labError, type FailureParts } from '../engine/error.ts'
import { lendTerminal, undoAtForcedEnd } from '../engine/interruption.ts'
import { diskFull, isRoomGone } from '../engine/disk.ts'
import { saysNoSpace } from '../engine/outside-words.ts'
import { printable } from '../engine/printable.ts'
import { later } from '../engine/later.ts'
import { programStarted } from '../engine/programs.ts'
import { OwnTime } from './busy.ts'
import { which } from './which.ts'
import { withParent } from './with-parent.ts'

export interface RunOptions {
  readonly cwd?: string
  /** Added to ours; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  readonly input?: string | Buffer
  /**
   * Milliseconds that it may run or wait for something other than a CPU; the group is ended after them and the failure
   * says so.
   */
  readonly timeout?: number
  /**
   * Bytes that it may write to stdout and stderr together, where they are pipes; it is ended after them and the failure
   * says so.
   */
  readonly outputLimit?: number
  /** All output goes to this file as well; failures name it. */
  readonly log?: string
  /** Called with each whole line of stdout and stderr. */
  readonly onLine?: (line: string) => void
  /** stdout goes to this file and nowhere else: a gigabyte must not be in memory. */
  readonly stdoutFile?: string
  /** Statuses that are no failure; default [0]. */
  readonly accept?: readonly number[]
  /** What a failure is about: "kernel v5.10". */
  readonly place?: string
  readonly wayOut?: string
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  readonly status: number
}

/** A process that took too long and was asked to end has this long before it is killed. Milliseconds. */
const GRACE = 3000
/**
 * The same for one that is ended because the command was interrupted: the clean-up after it needs time too
 * (engine/interruption).
 */
const GRACE_INTERRUPTED = 1200
/** Lines of output that a failure shows. */
const TAIL = 20

const zx = later<typeof import('zx/core')>('zx/core')

const QUIET = { verbose: false, quiet: true, nothrow: true, shell: '/bin/bash', prefix: '' } as const

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Already gone.
  }
}

/** Splits one stream of chunks into whole lines; a chunk may end within a character or between CR and LF. */
function lineReader(onLine: (line: string) => void): { push: (chunk: Buffer) => void; end: () => void } {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return {
    push(chunk) {
      const lines = (rest + decoder.write(chunk)).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    },
    end() {
      rest = (rest + decoder.end()).replace(/\r$/, '')
      if (rest !== '') onLine(rest)
    },
  }
}

/**
 * The environment of every program: ours in the C locale, so that messages and numbers are the same on every host.
 * LANGUAGE would count for more than the locale (gettext(3)).
 */
const environment = (added: RunOptions['env'] = {}) => ({
  ...process.env,
  LC_ALL: 'C',
  LANGUAGE: undefined,
  ...added,
})

/** The failure of a program that this host lacks. */
export const missing = (program: string, place?: string): Failure =>
  labError({
    place,
    reason: 'not-installed',
    fact: `${program} is not installed`,
    wayOut: '`lab doctor` lists what is missing and the command that installs it',
  })

/** How a program ended that did not do its work. */
export type ProgramEnd =
  | { readonly reason: 'exit-status'; readonly status: number }
  | { readonly reason: 'signal'; readonly signal: string }
  | { readonly reason: 'timeout'; readonly seconds: number }
  | { readonly reason: 'output-limit'; readonly bytes: number }

/** The same in words, behind the program's name. */
export function endInWords(end: ProgramEnd): string {
  switch (end.reason) {
    case 'exit-status':
      return `ended with status ${end.status}`
    case 'signal':
      return `was ended by ${end.signal}`
    case 'timeout':
      return `took longer than ${end.seconds} s`
    case 'output-limit':
      return `wrote more than ${end.bytes} bytes`
  }
}

/** A program that started and did not do its work. */
export class ProgramFailure extends Failure {
  readonly end: ProgramEnd

  constructor(end: ProgramEnd, parts: FailureParts) {
    super('lab', { ...parts, reason: end.reason })
    this.end = end
  }
}

/**
 * Which program could not be found, where the status says that one was not (127); a program's own 127 is not ours to
 * explain.
 */
const notFound = (argv: readonly string[], { cwd, env = {} }: RunOptions): string | undefined => {
  const path = 'PATH' in env ? (env['PATH'] ?? '') : undefined
  return ['setpriv', argv[0] ?? ''].find((program) => which(program, path, cwd) === undefined)
}

/** Opens the log for appending; a log that cannot be written is no reason to fail. */
async function openLog(log: string, argv: readonly string[]): Promise<WriteStream> {
  makeDirectory(dirname(log))
  const file = createWriteStream(log, { flags: 'a' })
  file.on('error', () => undefined)
  file.write(`$ ${argv.join(' ')}\n`)
  return file
}

/**
 * Runs a program to its end; it ends with us, even if we are killed (zx's children outlive Node otherwise). Throws a
 * lab failure with the last lines of its output unless its status is accepted. The log is whole when this returns.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { signal, timeout, log, onLine, accept = [0], place } = options
  // Before the program starts: nothing of its output may be missed.
  const file = log === undefined ? undefined : await openLog(log, argv)
  if (signal?.aborted) throw interrupted()
  const target = options.stdoutFile === undefined ? undefined : await open(options.stdoutFile, 'w')
  const programEnded = programStarted(argv)
  // zx would leave the pipe of an empty input open, and the program would wait for ever.
  const input = options.input?.length === 0 ? undefined : options.input
  const process_: ProcessPromise = zx().$({
    ...QUIET,
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: environment(options.env),
    ...(input === undefined ? {} : { input }),
    stdio: [input === undefined ? 'ignore' : 'pipe', target?.fd ?? 'pipe', 'pipe'],
  })`exec ${withParent('TERM', argv)}`
  const child = process_.child
  // A program need not read its input to the end; without a listener the EPIPE would end us.
  child?.stdin?.on('error', () => undefined)
  let written = 0
  let tooMuch = false
  const readers = [child?.stdout, child?.stderr].map((stream) => {
    const reader = onLine && lineReader(onLine)
    stream?.on('data', (chunk: Buffer) => {
      file?.write(chunk)
      reader?.push(chunk)
      written += chunk.length
      if (written <= (options.outputLimit ?? Infinity) || tooMuch) return
      tooMuch = true
      // At once: what it writes until then is kept in memory.
      endGroup(child?.pid, 'SIGKILL')
    })
    return reader
  })

  let timedOut = false
  let killer: NodeJS.Timeout | undefined
  const end = (grace: number) => {
    endGroup(child?.pid, 'SIGTERM')
    killer ??= setTimeout(() => endGroup(child?.pid, 'SIGKILL'), grace)
  }
  const interrupt = () => end(GRACE_INTERRUPTED)
  const ended = undoAtForcedEnd(() => endGroup(child?.pid, 'SIGKILL'))
  let clock: NodeJS.Timeout | undefined
  if (timeout !== undefined && child?.pid !== undefined) {
    const time = new OwnTime(child.pid)
    const look = () => {
      const left = time.left(timeout)
      if (left > 0) {
        clock = setTimeout(look, left)
        return
      }
      timedOut = true
      end(GRACE)
    }
    clock = setTimeout(look, timeout)
  }
  signal?.addEventListener('abort', interrupt, { once: true })
  try {
    const output = await process_
    for (const reader of readers) reader?.end()
    if (signal?.aborted) throw interrupted()
    const status = output.exitCode ?? 128
    programEnded(timedOut ? 'timeout' : tooMuch ? 'output limit' : (output.signal ?? status))
    if (!timedOut && !tooMuch && accept.includes(status))
      return { stdout: output.stdout, stderr: output.stderr, status }
    const absent = status === 127 ? notFound(argv, options) : undefined
    if (absent !== undefined) throw missing(absent, place)
    const ending: ProgramEnd = timedOut
      ? { reason: 'timeout', seconds: (timeout ?? 0) / 1000 }
      : tooMuch
        ? { reason: 'output-limit', bytes: options.outputLimit ?? 0 }
        : output.signal
          ? { reason: 'signal', signal: output.signal }
          : { reason: 'exit-status', status }
    const how = endInWords(ending)
    const lines = `${output.stdout}\n${output.stderr}`.split('\n').filter((line) => line.trim() !== '')
    const told = lines.filter(saysNoSpace)
    const near = [options.cwd, options.stdoutFile, log].filter((path) => path !== undefined)
    // Not every program says so.
    if (told.length > 0 || isRoomGone(near))
      throw diskFull(
        place,
        [`${argv[0] ?? ''} ${how}`, ...(told.length > 0 ? told : lines.slice(-TAIL)).slice(0, 3)].map((line) =>
          printable(line, 200),
        ),
        { near },
      )
    throw new ProgramFailure(ending, {
      place,
      fact: `${argv[0] ?? ''} ${how}`,
      wayOut: options.wayOut,
      lines: lines.slice(-TAIL).map((line) => printable(line, 200)),
      log,
    })
  } finally {
    programEnded('interrupted')
    clearTimeout(clock)
    clearTimeout(killer)
    signal?.removeEventListener('abort', interrupt)
    ended()
    await target?.close()
    if (file) await new Promise<void>((resolve) => file.end(() => resolve()))
  }
}

/** Whether a program is on the PATH. */
export async function has(program: string): Promise<boolean> {
  const { status } = await run(['sh', '-c', 'command -v "$1" >/dev/null', 'sh', program], { accept: [0, 1, 127] })
  return status === 0
}

export interface Started {
  readonly pid: number
  /** Resolves with the exit status (128 + signal) when the process has ended; never rejects. */
  readonly ended: Promise<{ status: number; stderr: string }>
  readonly kill: (signal: NodeJS.Signals) => void
}

export interface StartOptions {
  readonly cwd: string
  /** The process ends with us, whatever ends us (even SIGKILL). Otherwise it is left running. */
  readonly dieWithUs: boolean
  readonly stderrFile: string
  /**
   * What the program writes to LOG_PATH goes to this file (in `cwd`), up to `limit` bytes; what comes after that is let
   * go.
   */
  readonly log?: { readonly file: string; readonly limit: number }
}

/** A file that a started program can name, see `StartOptions.log`. */
export const LOG_PATH = '/dev/fd/3'

/** Starts a long-running program; its output goes to a file, so that it can outlive us. */
export function start(argv: readonly string[], options: StartOptions): Started {
  const guarded = options.dieWithUs ? withParent('KILL', argv) : argv
  const { cwd, stderrFile, log } = options
  const open = zx().$({ ...QUIET, detached: true, cwd, env: environment(), stdio: ['ignore', 'ignore', 'ignore'] })
  // head ends at the limit or with the program, which then writes into a pipe that nobody reads: EPIPE. (dd counts
  // reads, whatever their size.)
  const programEnded = programStarted(argv)
  const process_ =
    log === undefined
      ? open`exec ${guarded} 2>${stderrFile}`
      : open`exec ${guarded} 2>${stderrFile} 3> >(exec stdbuf -o0 head -c ${log.limit} >${log.file})`
  const pid = process_.child?.pid
  if (pid === undefined) throw missing(argv[0] ?? '')
  if (!options.dieWithUs) process_.child?.unref()
  return {
    pid,
    ended: process_.then((output) => {
      programEnded(output.signal ?? output.exitCode ?? 128)
      return { status: output.exitCode ?? 128, stderr: output.stderr }
    }),
    kill: (signal) => {
      // Whoever ends it waits for its end, and Node would not: it leaves when nothing but this is awaited.
      process_.child?.ref()
      endGroup(pid, signal)
    },
  }
}

/**
 * Runs a program that talks with the user: it has our terminal, and Ctrl-C is for it alone. It ends with us.
 * @returns its exit status, 128 + signal where one ended it
 */
export async function attended(
  argv: readonly string[],
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<number> {
  if (signal.aborted) throw interrupted()
  const giveBack = lendTerminal()
  const programEnded = programStarted(argv)
  // In our process group: a terminal lets no other one read from it.
  const process_ = zx().$({
    ...QUIET,
    detached: false,
    cwd,
    stdio: 'inherit',
  })`exec ${withParent('TERM', argv)}`
  // Not SIGTERM: a gdb that waits for its target crashes on it, and takes its time (gdb 13).
  const end = () => void process_.child?.kill('SIGKILL')
  signal.addEventListener('abort', end, { once: true })
  try {
    const { exitCode, signal: by } = await process_
    programEnded(by ?? exitCode ?? 128)
    if (signal.aborted) throw interrupted()
    if (exitCode === 127 && which(argv[0] ?? '') === undefined) throw missing(argv[0] ?? '')
    return exitCode ?? 128
  } finally {
    programEnded('interrupted')
    signal.removeEventListener('abort', end)
    giveBack()
  }
}
