/** `before:` of an experiment: what is done in the guest before each run, and why it failed. */
import type { Arm } from '../../config/arms.ts'
import { interpolate, type Params } from '../../config/interpolate.ts'
import { argvOf } from '../../config/text/words.ts'
import { userError, type Failure } from '../../engine/error.ts'
import { moment, secondsSince } from '../../engine/moment.ts'
import { printable } from '../../engine/printable.ts'
import type { Guest } from '../../host/ssh.ts'
import { of, type HolderLine } from './holder.ts'
import type { GuestSession } from './record.ts'

type Steps = GuestSession['request']['experiment']['before']

/** How long a command may take: they are small. Milliseconds. */
const DEADLINE = 60_000

/** Lines of a failed command, and of the kernel, that a failure shows. */
const SHOWN = 8

/**
 * What the holder does of `before:`, which costs no process in the guest: settings, file systems that are mounted
 * again, the workload's CPUs.
 */
export function beforeFlags(before: Steps, params: Params = {}): string[] {
  return before.flatMap((step) => {
    if (step === 'drop-caches') return ['--set', '/proc/sys/vm/drop_caches=3']
    if ('remount' in step) return ['--remount', step.remount]
    if ('pin' in step) return ['--pin', [step.pin].flat().join(',')]
    if ('run' in step) return []
    return Object.entries(step.sysctl).flatMap(([name, value]) => [
      '--set',
      `/proc/sys/${name.replaceAll('.', '/')}=${interpolate(String(value), params)}`,
    ])
  })
}

/** Commands of `before:`, in their order. */
export const commandsBefore = (before: Steps, params: Params): string[][] =>
  before.flatMap((step) => (typeof step !== 'string' && 'run' in step ? [argvOf(step.run, params)] : []))

/** A line of dmesg: "[   12.345678] text". */
const STAMPED = /^\[ *(\d+\.\d+)\] (.*)$/

/**
 * The lines of a kernel log that are not older than some seconds, without their times.
 * @param log what dmesg(1) prints
 * @param uptime what /proc/uptime says: seconds since boot, and seconds that CPUs were idle
 */
export function recentLines(log: string, uptime: string, seconds: number): string[] {
  const since = Number.parseFloat(uptime) - seconds
  return log.split('\n').flatMap((line) => {
    const [, time = '', text = ''] = STAMPED.exec(line) ?? []
    return time !== '' && Number(time) >= since ? [text] : []
  })
}

/** What the kernel said in the last seconds; nothing if the guest does not answer. @throws after Ctrl-C */
async function kernelLines(guest: Guest, seconds: number, signal: AbortSignal): Promise<string[]> {
  const limits = { signal, timeout: 10_000, limit: 2 ** 24 }
  try {
    const uptime = await guest.exec(['cat', '/proc/uptime'], limits)
    const log = await guest.exec(['dmesg', '--color=never'], limits)
    return recentLines(log.stdout.toString(), uptime.stdout.toString(), seconds)
  } catch (error) {
    if (signal.aborted) throw error
    return []
  }
}

const shown = (lines: readonly string[]): string[] =>
  lines
    .filter((line) => line.trim() !== '')
    .slice(-SHOWN)
    .map((line) => printable(line, 200))

/**
 * Runs the commands of `before:` in the guest, in their order.
 * @throws a user's Failure for the first that ends with another status than 0, with its last words and the kernel's
 */
export async function runBefore(
  { request, vm: { guest } }: GuestSession,
  arm: Arm,
  place: string,
  signal: AbortSignal,
): Promise<void> {
  for (const argv of commandsBefore(request.experiment.before, arm.params)) {
    const begun = moment()
    const { status, stderr } = await guest.exec(argv, { signal, timeout: DEADLINE, limit: 2 ** 20 })
    if (status === 0) continue
    // A kernel message has the time of its guest, whose clock may be a little behind.
    const kernel = await kernelLines(guest, secondsSince(begun) + 1, signal)
    throw userError({
      place: `${place}, before`,
      fact: `a command ended with status ${status}: ${printable(argv.join(' '), 120)}`,
      lines: [...shown(stderr.split('\n')), ...shown(kernel).map((line) => `kernel: ${line}`)],
      wayOut: '`lab exec -- COMMAND` tries it in the guest',
    })
  }
}

/** What the holder calls its steps (prepare.c), and how a person has written them. */
const STEPS: Readonly<Record<string, { readonly key: string; readonly wayOut: string }>> = {
  remount: {
    key: 'remount',
    wayOut: 'a disk can be mounted again if nothing has a file open there; `lab exec -- cat /proc/mounts` lists them',
  },
  'set before the run': {
    key: 'set',
    wayOut: 'see which values this kernel takes: `lab exec -- cat FILE`',
  },
  'pin to CPUs': { key: 'pin', wayOut: 'the guest has the CPUs that `cpus:` of its VM says, from 0' },
}

/** The failure of a step of `before:` that the holder did; undefined if it was something else that failed. */
export function beforeFailure(lines: readonly HolderLine[], place: string): Failure | undefined {
  const problem = of(lines, 'error')[0]
  const step = problem && Object.hasOwn(STEPS, problem.doing) ? STEPS[problem.doing] : undefined
  if (problem === undefined || step === undefined) return undefined
  return userError({
    place: `${place}, before`,
    fact: `${step.key} ${printable(problem.value, 100)} failed: ${printable(problem.text, 100)}`,
    lines: shown(of(lines, 'kernel-said').map(({ text }) => text)).map((line) => `kernel: ${line}`),
    wayOut: step.wayOut,
  })
}
