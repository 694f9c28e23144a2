/**
 * From a command line to a guest that answers, by a boot or from a saved state: each phase has a deadline, and the
 * first sign of death ends the wait.
 */
import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context, StepHandle } from '../engine/context.ts'
import { Failure, interrupted, labError, messageOf } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { OwnTime } from '../host/busy.ts'
import { QMP_SOCKET, type Accel } from '../host/qemu.ts'
import { loadMachine } from '../host/migration.ts'
import { forwardedPort, Qmp } from '../host/qmp.ts'
import { daemonTrouble, type DaemonTrouble } from '../host/virtiofsd.ts'
import { start, type Started } from '../host/sh.ts'
import { Guest, type Keys } from '../host/ssh.ts'
import { bootPhase, guessBootFailure } from '../linux/explain/boot-failure.ts'
import { bootedAgain } from './chance-panic.ts'
import { CONSOLE_LIMIT, CONSOLE_LOG, consoleLog, consoleSoFar } from './console.ts'
import { killedForMemory, type MemoryBefore } from './out-of-memory.ts'
import { stoppedByFullDisk } from './stopped.ts'

export interface Booted {
  readonly guest: Guest
  readonly qmp: Qmp
  readonly process: Started
  readonly port: number
  readonly facts: { readonly release: string; readonly bootId: string; readonly clocksource: string }
}

/** The first words with a guest: what it is, or why that cannot be said. */
export type Hello = (
  guest: Guest,
  options: { readonly signal: AbortSignal; readonly timeout: number },
) => Promise<Booted['facts'] | { readonly why: string }>

export interface BootRequest {
  readonly argv: readonly string[]
  readonly dir: string
  readonly accel: Accel
  readonly dieWithUs: boolean
  readonly address: Keys
  readonly place: string
  readonly memory?: MemoryBefore
}

/**
 * Milliseconds until the next phase must have begun, with KVM. Under TCG a boot takes 2.5 s where KVM needs well under
 * one; the factor leaves room for a slow host. Time in which QEMU waited for a CPU does not count.
 */
const DEADLINES: Readonly<Record<string, number>> = {
  qemu: 5000,
  restore: 5000,
  firmware: 5000,
  kernel: 10_000,
  modules: 5000,
  mounts: 5000,
  seed: 5000,
  disks: 5000,
  network: 5000,
  ssh: 8000,
}
const FACTOR: Readonly<Record<Accel, number>> = { kvm: 1, tcg: 6 }
const CONSOLE_LINES = 30
/** Milliseconds from a panic to the end of the guest. One whose QEMU stops in its place, for a dump, does not end. */
const PANIC = 3000
export const QEMU_STDERR = 'qemu.stderr'

/** A share without its daemon, for which QEMU waits. */
function daemonFailure(place: string, fact: string, { program, from, said }: DaemonTrouble): Failure {
  return labError({
    place,
    fact: `${program}, which serves the share ${printable(from, 200)}, does not start: ${fact}`,
    lines: said.length > 0 ? said.map((line) => `virtiofsd: ${printable(line, 200)}`) : ['virtiofsd printed nothing'],
    wayOut: `\`${program} --version\` tells whether it runs at all: install its package again (virtiofsd; on Debian 12 and older qemu-system-common); without one the lab shares by 9p`,
  })
}

/**
 * The last lines; of a panic, the words before it and its beginning: the reason stands there, and behind it come
 * registers.
 */
function telling(lines: readonly string[]): readonly string[] {
  const panic = lines.findIndex((line) => line.includes('Kernel panic - not syncing'))
  if (panic < 0) return lines.slice(-CONSOLE_LINES)
  const from = Math.max(0, panic - CONSOLE_LINES / 2)
  return lines.slice(from, from + CONSOLE_LINES)
}

/** Everything that is known about a boot that did not come to its end. */
async function bootFailure(request: BootRequest, phase: string, fact: string): Promise<Failure> {
  const trouble = phase === 'qemu' ? await daemonTrouble(request.dir) : undefined
  if (trouble !== undefined) return daemonFailure(request.place, fact, trouble)
  const console = (await consoleLog(request.dir)).toString('utf8')
  const qemu = (await readFile(join(request.dir, QEMU_STDERR), 'utf8').catch(() => '')).trim()
  const guess = guessBootFailure(console)
  const lines = telling(console.split(/\r*\n/).filter((line) => line.trim() !== ''))
  return labError({
    place: `${request.place}, phase ${phase}`,
    fact: guess ? `${fact}: ${guess.name} (${guess.cause})` : fact,
    lines: [
      ...(qemu
        ? qemu
            .split('\n')
            .slice(-5)
            .map((line) => `QEMU: ${line}`)
        : []),
      ...lines,
    ].map((line) => printable(line, 200)),
    wayOut:
      guess?.wayOut ??
      (phase === 'firmware'
        ? 'the kernel printed nothing at all: has its configuration SERIAL_8250_CONSOLE, 64BIT and PVH or a bzImage that this QEMU boots?'
        : 'the last lines of the console are above; with `accel: tcg` slow hosts are told apart from broken guests'),
    // A guest that said nothing leaves no log.
    ...(console !== '' && { log: join(request.dir, CONSOLE_LOG) }),
  })
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves at the next change of a file, or after `ms`. */
function changed(file: string, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(clock)
      watcher?.close()
      resolve()
    }
    const clock = setTimeout(done, ms)
    let watcher: ReturnType<typeof watch> | undefined
    try {
      watcher = watch(file, done)
      watcher.on('error', done)
    } catch {
      // The file is not there yet: the clock goes on.
    }
  })
}

class Boot {
  readonly #wanted: BootRequest
  readonly #signal: AbortSignal
  readonly #handle: StepHandle
  readonly process: Started
  #ended: { status: number } | undefined
  #phase = 'qemu'
  #time: OwnTime
  /** What came of the last attempt to connect. */
  #refused: string | undefined
  /** When a panic was first seen on the console. */
  #panicked: number | undefined

  constructor(request: BootRequest, context: Context, handle: StepHandle) {
    this.#wanted = request
    this.#signal = context.signal
    this.#handle = handle
    this.process = start(request.argv, {
      cwd: request.dir,
      dieWithUs: request.dieWithUs,
      stderrFile: QEMU_STDERR,
      log: { file: CONSOLE_LOG, limit: CONSOLE_LIMIT },
    })
    this.#time = new OwnTime(this.process.pid)
    void this.process.ended.then((end) => (this.#ended = end))
  }

  #enter(phase: string): void {
    if (phase === this.#phase) return
    this.#phase = phase
    this.#time = new OwnTime(this.process.pid)
    this.#handle.progress(`boot: ${phase}`)
  }

  /** Throws when there is no point in waiting any longer. Death is asked about first: a panic fails in milliseconds. */
  async #check(): Promise<void> {
    if (this.#signal.aborted) throw interrupted()
    if (this.#ended)
      throw (
        killedForMemory(`${this.#wanted.place}, phase ${this.#phase}`, this.#wanted.memory) ??
        (await bootFailure(
          this.#wanted,
          this.#phase,
          this.#phase === 'qemu'
            ? `QEMU did not start (status ${this.#ended.status})`
            : 'the guest ended before it answered',
        ))
      )
    if (this.#panicked !== undefined && performance.now() - this.#panicked > PANIC)
      throw await bootFailure(this.#wanted, this.#phase, 'the guest stopped before it answered')
    const limit = (DEADLINES[this.#phase] ?? 5000) * FACTOR[this.#wanted.accel]
    if (this.#time.left(limit) > 0) return
    const { waited } = this.#time
    throw await bootFailure(
      this.#wanted,
      this.#phase,
      [
        `nothing happened for ${limit / 1000} s`,
        ...(waited < 1000 ? [] : [`, without the ${Math.round(waited / 1000)} s in which QEMU waited for a CPU`]),
        ...(this.#refused === undefined ? [] : [` (ssh: ${printable(this.#refused, 80)})`]),
      ].join(''),
    )
  }

  async control(): Promise<{ qmp: Qmp; port: number }> {
    for (;;) {
      await this.#check()
      let qmp: Qmp
      try {
        qmp = await Qmp.open(join(this.#wanted.dir, QMP_SOCKET))
      } catch {
        await sleep(3)
        continue
      }
      const port = forwardedPort(await qmp.human('info usernet'))
      if (port === undefined) throw await bootFailure(this.#wanted, this.#phase, 'QEMU forwards no port to the guest')
      return { qmp, port }
    }
  }

  /** Follows the console up to the ssh server's phase. */
  async phases(): Promise<void> {
    const file = join(this.#wanted.dir, CONSOLE_LOG)
    for (;;) {
      const console = await consoleSoFar(this.#wanted.dir)
      this.#enter(bootPhase(console))
      if (console.includes('Kernel panic - not syncing')) this.#panicked ??= performance.now()
      if (this.#phase === 'ssh') return
      await this.#check()
      await changed(file, 25)
    }
  }

  /** A TCP connection proves nothing (QEMU accepts before the guest does): ready is when a command returned 0. */
  async connect(port: number, hello: Hello): Promise<Pick<Booted, 'guest' | 'facts'>> {
    for (;;) {
      await this.#check()
      let guest: Guest
      try {
        guest = await Guest.connect({ ...this.#wanted.address, port }, 4000 * FACTOR[this.#wanted.accel])
      } catch (error) {
        // Keys that do not fit do not fit at the next attempt either.
        if (error instanceof Failure) throw await bootFailure(this.#wanted, 'ssh', error.parts.fact)
        this.#refused = messageOf(error)
        await sleep(30)
        continue
      }
      const facts = await hello(guest, { signal: this.#signal, timeout: 10_000 * FACTOR[this.#wanted.accel] })
      if ('why' in facts) throw await bootFailure(this.#wanted, 'ssh', facts.why)
      return { guest, facts }
    }
  }

  /** Gives the machine its state, in place of a boot. */
  async restore(qmp: Qmp, state: Buffer): Promise<void> {
    this.#enter('restore')
    try {
      await loadMachine(qmp, this.#wanted.dir, state)
    } catch (error) {
      // QEMU says why on its stderr, and ends.
      await Promise.race([this.process.ended, sleep(200)])
      throw await bootFailure(this.#wanted, 'restore', messageOf(error))
    }
    this.#enter('ssh')
  }
}

const FACTS = [
  '/proc/sys/kernel/osrelease',
  '/proc/sys/kernel/random/boot_id',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource',
]

/** What a guest that has booted is. */
const firstFacts: Hello = async (guest, options) => {
  const { status, stdout } = await guest.exec(['cat', ...FACTS], { ...options, limit: 4096 })
  const [release = '', bootId = '', clocksource = ''] = stdout
    .toString('utf8')
    .split('\n')
    .map((line) => printable(line, 80))
  return status === 0
    ? { release, bootId, clocksource }
    : { why: `the first command in the guest ended with status ${status}` }
}

/** From QEMU's start to a guest that answers. Whatever goes wrong, QEMU is gone afterwards. */
async function begin(
  request: BootRequest,
  context: Context,
  handle: StepHandle,
  wait: (attempt: Boot, qmp: Qmp) => Promise<void>,
  hello: Hello,
): Promise<Booted> {
  const attempt = new Boot(request, context, handle)
  let qmp: Qmp | undefined
  try {
    const control = await attempt.control()
    qmp = control.qmp
    await wait(attempt, qmp)
    handle.progress('boot: ssh')
    const { guest, facts } = await attempt.connect(control.port, hello)
    return { guest, qmp, process: attempt.process, port: control.port, facts }
  } catch (error) {
    const full = qmp && (await stoppedByFullDisk(qmp, request.dir, request.place))
    qmp?.close()
    attempt.process.kill('SIGKILL')
    await attempt.process.ended
    throw full ?? error
  }
}

/** Boots a guest, and once more where the kernel lost a race with itself. */
export const boot = (
  request: BootRequest,
  context: Context,
  handle: StepHandle,
  hello: Hello = firstFacts,
): Promise<Booted> =>
  bootedAgain(() => begin(request, context, handle, (attempt) => attempt.phases(), hello), request, context)

/** Lets a guest go on from a saved state; `hello` tells it what it slept through. */
export const resume = (
  request: BootRequest,
  state: Buffer,
  hello: Hello,
  context: Context,
  handle: StepHandle,
): Promise<Booted> => begin(request, context, handle, (attempt, qmp) => attempt.restore(qmp, state), hello)
