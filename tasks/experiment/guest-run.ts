/** One run in the guest: the holder attaches, records and starts the workload; what it says and what it wrote comes back. */
import { experimentError, Failure, labError, messageOf } from '../engine/error.ts'
import type { ExecResult } from '../host/ssh.ts'
import type { OpenVm } from '../vm.ts'
import { GUEST_DIR } from './deploy.ts'
import { fetchDirectory } from './fetch.ts'
import { holderArgv, parseHolderLine, type HolderLine, type HolderRun } from './holder.ts'

export interface GuestRun {
  readonly lines: readonly HolderLine[]
  readonly files: ReadonlyMap<string, Buffer>
  readonly stderr: string
}

const FILES = /^(cpu\d{1,2}\.(raw|stats)|stdout|stderr|dmesg|saved_cmdlines)$/
/** What the holder may need beyond the workload's own deadline. Milliseconds. */
const MARGIN = 60_000

/** A guest that died took the run with it: say which, and whether the workload did it. */
function lost(error: unknown, place: string, started: boolean): unknown {
  if (!(error instanceof Failure) || error.kind !== 'lab') return error
  if (!started) return error
  return experimentError(
    {
      place,
      fact: 'the guest died while the workload ran',
      lines: [error.parts.fact],
      wayOut: 'the console log says why (a panic ends the VM); `lab run` starts a new VM next time',
    },
    error,
  )
}

/** Runs the holder to its end and brings its files back. */
export async function guestRun(
  vm: OpenVm,
  wanted: Omit<HolderRun, 'dir'> & { readonly run: string },
  place: string,
  signal: AbortSignal,
  onLine: (line: HolderLine) => void,
): Promise<GuestRun> {
  const dir = `${GUEST_DIR}/run-${wanted.run}`
  const lines: HolderLine[] = []
  let bad: unknown
  let result: ExecResult
  try {
    result = await vm.guest.exec(holderArgv({ ...wanted, dir }), {
      signal,
      timeout: wanted.deadlineMs + MARGIN,
      onLine: (text) => {
        try {
          const line = parseHolderLine(text)
          lines.push(line)
          onLine(line)
        } catch (error) {
          bad ??= error
        }
      },
    })
  } catch (error) {
    throw lost(
      error,
      place,
      lines.some(({ event }) => event === 'started'),
    )
  }
  if (bad !== undefined)
    throw labError(
      {
        place,
        fact: 'the holder said something that is not a line of its own',
        lines: [messageOf(bad)],
        wayOut: 'is the guest out of memory?',
      },
      bad,
    )
  return { lines, stderr: result.stderr, files: await fetchDirectory(vm.guest, dir, FILES, signal) }
}
