/**
 * One run in the guest: the holder attaches, records and starts the workload; what it says and what it wrote comes
 * back.
 */
import { served, type Exec } from '../../vm/served.ts'
import { constants } from 'node:os'
import { Failure, labError, messageOf, userError } from '../../engine/error.ts'
import type { ExecResult } from '../../host/ssh.ts'
import { DumpWatch } from '../../vm/dump.ts'
import type { OpenVm } from '../../vm/vm.ts'
import { GUEST_DIR } from './deploy.ts'
import { runAndFetch } from './fetch.ts'
import { isLive, type Follower } from './follow.ts'
import { guestDied, holderDied } from '../judge/last-words.ts'
import { HolderLines, holderArgv, parseHolderLine, type HolderLine, type HolderRequest } from './holder.ts'
import type { GuestRun } from './guest-output.ts'

/** Names that the files of a run may have. */
export const FILES =
  /^(cpu\d{1,2}\.(raw|stats)|events-\d{1,2}-[A-Za-z0-9_]{1,128}|format\.[A-Za-z0-9_]{1,64}|stdout|stderr|dmesg|saved_cmdlines|available_filter_functions|strace|probe-[A-Za-z0-9_.-]{1,66}\.out|iter-\w{1,128}\.out|mappings|elf-\d{1,3})$/
/** What the holder may need beyond the workload's own deadline. Milliseconds. */
const MARGIN = 60_000

/**
 * Whether guest or holder went while the workload ran; before that, and after it, a lost connection is the lab's
 * failure.
 */
const diedAtWork = (error: unknown, lines: readonly HolderLine[]): error is Failure =>
  error instanceof Failure &&
  error.kind === 'lab' &&
  lines.some(({ event }) => event === 'started') &&
  !lines.some(({ event }) => event === 'done')

/** The holder and everything that it starts under strace, whose file is sent with the run's others. */
export const underStrace = (holder: readonly string[], dir: string): string[] => [
  'sh',
  '-c',
  'mkdir -m 700 -p "$0" && exec strace -f -tt -s 256 -o "$0/strace" "$@"',
  dir,
  ...holder,
]

/** @param who what needs the program, for people @throws a user's Failure when the image does not have it */
export async function needProgram(vm: OpenVm, who: string, program: string, signal: AbortSignal): Promise<void> {
  const argv = ['sh', '-c', 'command -v "$0"', program]
  const { status } = await vm.guest.exec(argv, { signal, timeout: MARGIN })
  if (status === 0) return
  const { name } = vm.state.image
  throw userError({
    place: `image ${name}`,
    fact: `${who} needs ${program}, and the image does not have it`,
    wayOut: `images: { ${name}: { recipe: ..., packages: [${program}] } }, with \`size: 1G\` where the package is large`,
  })
}

/** The signal that ended a command: the server tells it as a shell does, and ssh by its name. */
const signalOf = ({ status, signal }: ExecResult): number | undefined => {
  if (signal !== undefined) return constants.signals[`SIG${signal}` as NodeJS.Signals]
  return status > 128 ? status - 128 : undefined
}

/** Runs the holder to its end and brings its files back. */
export async function guestRun(
  vm: OpenVm,
  wanted: HolderRequest & { readonly run: string; readonly strace: boolean },
  place: string,
  signal: AbortSignal,
  follower?: Pick<Follower, 'take'>,
): Promise<GuestRun> {
  const dir = `${GUEST_DIR}/run-${wanted.run}`
  await using watch = await DumpWatch.open(vm, wanted.run)
  const kept = new HolderLines(place)
  const { lines } = kept
  let bad: string | undefined
  let answered: ExecResult | undefined
  const onLine = (text: string): boolean => {
    try {
      const line = parseHolderLine(text)
      // Part of a view, not of what is kept: the same bytes come again with the files.
      if (isLive(line)) {
        follower?.take(line)
        return false
      }
      kept.keep(line)
      return line.event === 'done'
    } catch (error) {
      if (error instanceof Failure) throw error
      bad ??= messageOf(error)
      return false
    }
  }
  try {
    const [holder = '', ...request] = holderArgv({ ...wanted, dir })
    // strace wants to see the program from its start.
    const { guest } = vm
    const exec: Exec = wanted.strace
      ? (argv, options) => guest.exec(underStrace([holder, ...argv], dir), options)
      : served(guest, holder, signal)
    const asked: Exec = async (...what) => {
      const result = await exec(...what)
      answered = result
      return result
    }
    const { files, stderr } = await runAndFetch(asked, request, FILES, {
      signal,
      timeout: wanted.deadlineMs + MARGIN * (wanted.strace ? 5 : 1),
      onLine,
    })
    const late = lines.some((line) => line.event === 'done' && line.outcome === 'deadline')
    const dump = late ? await watch?.dump('the workload did not end in time') : undefined
    if (bad === undefined) return { lines, files, stderr, ...(dump && { dump }) }
  } catch (error) {
    if (!diedAtWork(error, lines)) throw error
    // A guest that said how the holder ended is there.
    if (answered === undefined)
      throw await guestDied(vm, wanted.run, place, error.parts.fact, await watch?.dump('the guest does not answer'))
    const by = signalOf(answered)
    throw by === undefined ? error : await holderDied(vm, wanted.run, place, by)
  }
  throw labError({
    place,
    fact: 'the holder printed something that is not one of its lines',
    lines: [bad],
    wayOut: 'is the guest out of memory?',
  })
}
