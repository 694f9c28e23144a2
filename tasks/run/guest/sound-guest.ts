/** Whether the kernel of a guest is sound: one that has splatted is not used for another run without saying so. */
import type { AllowedSplat } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { experimentError, type Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { Guest } from '../../host/ssh.ts'
import type { OpenVm } from '../../vm/vm.ts'
import { retire } from '../../vm/retired.ts'
import type { GuestRun } from './guest-output.ts'
import { allowEntry, splatPlace } from '../../results/kernel-reports.ts'
import type { RunSplat } from '../../results/manifest.ts'
import { splatsOf } from '../judge/kernel-log.ts'

/** Splats that a guest had when its first run began, or when it was looked at. */
const known = new WeakMap<Guest, number>()

/** Milliseconds and bytes for a log that is at most a few hundred kilobytes. */
const LOOK = { timeout: 60_000, limit: 2 ** 24 }

/** Splats of a guest that runs. Its log may have been cleared; the taint flags stay. */
async function splatsIn(
  guest: Guest,
  allow: readonly AllowedSplat[],
  signal: AbortSignal,
): Promise<readonly RunSplat[]> {
  const script = 'cat /proc/sys/kernel/tainted && dmesg -r'
  const { stdout, status } = await guest.exec(['sh', '-c', script], { signal, ...LOOK })
  const text = stdout.toString('utf8')
  const taint = Number.parseInt(text, 10)
  // An image without dmesg: the runs look at the log themselves.
  if (status !== 0 || !Number.isSafeInteger(taint)) return []
  const dmesg = text.slice(text.indexOf('\n') + 1)
  const log = { event: 'log', line: dmesg.split('\n').length, lost: 0, taintBefore: taint, taint } as const
  return splatsOf({ dmesg, console: undefined, lines: [log] }, allow)
}

/** "a WARNING in demo_check (dmesg line 412, 9.25 s after boot) and 2 more". */
const shown = ([first, ...others]: readonly RunSplat[]): string =>
  `${first ? printable(splatPlace({ ...first, when: 'run' }), 200) : ''}${others.length > 0 ? ` and ${others.length} more` : ''}`

/** Whether a VM of `lab up` may be used. Says why not, and what is done instead. */
export async function mayUse(vm: OpenVm, allow: readonly AllowedSplat[], context: Context): Promise<boolean> {
  const splats = await splatsIn(vm.guest, allow, context.signal)
  known.set(vm.guest, splats.length)
  if (splats.length === 0) return true
  const place = `vm ${vm.state.vm}`
  const bad = splats.filter(({ allowed }) => !allowed)
  const text = `the kernel of the VM that is up has reported ${shown(bad.length > 0 ? bad : splats)}`
  if (bad.length === 0) {
    context.emit({ type: 'notice', level: 'info', place, text: `${text}; the experiment allows it` })
    return true
  }
  context.emit({
    type: 'notice',
    level: 'warning',
    place,
    text: `${text}; the run gets a VM of its own`,
    wayOut: '`lab down` and `lab up` boot the VM again; `lab exec -- dmesg | lab explain -` says what it means',
  })
  return false
}

/** For `lab up`: says that the kernel of a VM has reported a bug, while it booted or since. */
export async function warnUnsound(guest: Guest, vm: string, context: Context): Promise<void> {
  const splats = await splatsIn(guest, [], context.signal)
  if (splats.length === 0) return
  context.emit({
    type: 'notice',
    level: 'warning',
    place: `vm ${vm}`,
    text: `its kernel has reported ${shown(splats)}; \`lab run\` takes a VM of its own instead of this one`,
    wayOut: '`lab down` and `lab up` boot it again; `lab exec -- dmesg | lab explain -` says what the report means',
  })
}

/**
 * @throws an experiment's Failure where a guest that is to be kept as a snapshot has splatted: every run would have it
 */
export async function needSound(
  vm: OpenVm,
  allow: readonly AllowedSplat[],
  place: string,
  signal: AbortSignal,
): Promise<void> {
  const bad = (await splatsIn(vm.guest, allow, signal)).filter(({ allowed }) => !allowed)
  const [first] = bad
  if (first) throw unsound(bad, first, place)
}

const unsound = (bad: readonly RunSplat[], first: RunSplat, place: string): Failure =>
  experimentError({
    place,
    fact: `the kernel reported ${shown(bad)} while it booted: no snapshot of it is kept`,
    lines: first.lines.map((line) => printable(line, 200)),
    wayOut: `\`allow: [${allowEntry(first)}]\` in the experiment takes it all the same; \`start: cold\` needs no snapshot, and its runs show the whole log`,
  })

/**
 * After a run: a guest that has splatted since its first run began is retired. What its kernel reported while it
 * booted, another boot would report too, and each run says so.
 */
export function retireAfter(vm: OpenVm, { lines, files }: GuestRun): string | undefined {
  const splats = splatsOf({ dmesg: files.get('dmesg')?.toString('utf8'), console: undefined, lines }, [])
  const before = known.get(vm.guest) ?? splats.filter(({ when }) => when === 'before').length
  known.set(vm.guest, before)
  if (splats.length <= before) return undefined
  const why = shown(splats.slice(before))
  retire(vm.guest, why)
  return why
}
