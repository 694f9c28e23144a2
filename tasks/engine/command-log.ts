/**
 * The log of one command: a file of NDJSON with everything that happened in it (events, outside programs, failures with
 * their stacks), so that somebody who was not there can see why it failed. Each line has `at`, the time of day. The
 * last logs are kept, each of bounded size.
 */
import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Failure, messageOf } from './error.ts'
import type { LabEvent } from './event.ts'

/** Logs that are kept in one directory, those of commands that still run not counted. */
const KEPT = 20
/**
 * Bytes of one log: of events, and of all of it. What a command ended with still fits in when its events were too many.
 */
const MOST_EVENTS = 2 ** 20
export const LARGEST_LOG = MOST_EVENTS + 2 ** 17
/** Characters of the stack of one failure. */
const LONGEST_STACK = 2 ** 14

/** `2026-11-30T004912Z-run-1234.ndjson`: when, which command, which process. */
const NAME = /^\d{4}-\d\d-\d\dT\d{6}Z-[a-z]+-(\d+)\.ndjson$/

/** The logs of commands in a directory, oldest first. */
export function commandLogs(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => NAME.test(name))
      .toSorted()
  } catch {
    return []
  }
}

function isRunning(name: string): boolean {
  try {
    process.kill(Number(NAME.exec(name)?.[1]), 0)
    return true
  } catch {
    return false
  }
}

/** What a log begins with. */
export interface CommandStart {
  readonly command: string
  readonly argv: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
}

export class CommandLog {
  readonly #dirs: readonly string[]
  readonly #start: CommandStart
  readonly #began = new Date()
  /** Lines until it is known that there will be a log. */
  #waiting: string[] = []
  #file: string | undefined
  #problem: string | undefined
  #size = 0
  #phase = ''
  #wasCut = false

  /** @param dirs where the log may be; the first that can be written is taken */
  constructor(dirs: readonly string[], start: CommandStart) {
    this.#dirs = dirs
    this.#start = start
    this.#line({ type: 'command', format: 1, command: start.command, argv: start.argv, ...start.facts })
  }

  /** The path of the log, or why there is none; undefined for a command that did nothing that is worth a log. */
  get name(): string | undefined {
    return this.#file ?? this.#problem
  }

  /** Notes an event. The first step or program of the host makes the log; a command that only reads leaves none. */
  event(event: LabEvent): void {
    // Lines of a trace are in the results; of progress the phases are enough.
    if (event.type === 'trace') return
    if (event.type === 'step-progress') {
      const phase = `${event.step} ${event.phase}`
      if (phase === this.#phase) return
      this.#phase = phase
    }
    if (event.type === 'step-start' || (event.type === 'program-start' && event.where === 'host')) this.#open()
    this.#line(event)
  }

  /**
   * Notes what the command failed with, with its causes. A mistake in the input of a command that did nothing else
   * leaves no log.
   */
  failure(thrown: unknown): void {
    if (!(thrown instanceof Failure) || thrown.kind === 'lab' || thrown.kind === 'experiment') this.#open()
    const parts = thrown instanceof Failure ? { kind: thrown.kind, ...thrown.parts } : { fact: messageOf(thrown) }
    this.#line({ type: 'error', ...parts, stack: inspect(thrown, { depth: 4 }).slice(0, LONGEST_STACK) }, LARGEST_LOG)
  }

  /** Notes a bug of ours. @returns the path of the log. @throws what the system says if there is none */
  bug(stack: string): string {
    this.#open()
    this.#line({ type: 'bug', stack: stack.slice(0, LONGEST_STACK) }, LARGEST_LOG)
    if (this.#file === undefined) throw new Error(this.#problem)
    return this.#file
  }

  /** Notes the end; more may follow only after an interruption. */
  end(status: number): void {
    this.#line({ type: 'end', status, seconds: (Date.now() - this.#began.getTime()) / 1000 }, LARGEST_LOG)
  }

  #open(): void {
    if (this.#file !== undefined || this.#problem !== undefined) return
    const time = this.#began
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replaceAll(':', '')
    for (const dir of this.#dirs)
      try {
        mkdirSync(dir, { recursive: true })
        const file = join(dir, `${time}-${this.#start.command}-${process.pid}.ndjson`)
        writeFileSync(file, this.#waiting.join(''), { mode: 0o600, flag: 'wx' })
        this.#file = file
        this.#problem = undefined
        this.#waiting = []
        this.#prune(dir)
        return
      } catch (error) {
        this.#problem = `it could not be written: ${messageOf(error)}`
      }
    this.#waiting = []
  }

  #prune(dir: string): void {
    const ended = commandLogs(dir).filter((name) => !isRunning(name))
    for (const name of ended.slice(0, Math.max(0, ended.length - KEPT + 1))) rmSync(join(dir, name), { force: true })
  }

  #line(entry: object, limit = MOST_EVENTS): void {
    if (this.#problem !== undefined) return
    const line = `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`
    const size = Buffer.byteLength(line)
    if (this.#size + size > limit) return this.#cut(limit)
    this.#size += size
    this.#write(line)
  }

  /** Says once that lines are missing. */
  #cut(limit: number): void {
    if (this.#wasCut || limit !== MOST_EVENTS) return
    this.#wasCut = true
    this.#line({ type: 'cut', why: `more than ${MOST_EVENTS} bytes of events` }, LARGEST_LOG)
  }

  #write(line: string): void {
    if (this.#file === undefined) return void this.#waiting.push(line)
    try {
      appendFileSync(this.#file, line)
    } catch {
      // A full disk: what the log is about fails too, and says so.
    }
  }
}
