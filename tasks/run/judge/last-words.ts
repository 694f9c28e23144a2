/** What a guest said on its console before it died; the log is kept, because the VM's directory goes with the VM. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { experimentError, type Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { guessBootFailure } from '../../linux/explain/boot-failure.ts'
import type { OpenVm } from '../../vm/vm.ts'
import { consoleLog } from '../../vm/console.ts'
import { killedForMemory } from '../../vm/out-of-memory.ts'
import { fullDiskOf } from '../../vm/stopped.ts'
import { isAlive } from '../../engine/process.ts'

/** Milliseconds that QEMU has to end after its guest: a panic is written to the console meanwhile. */
const END = 1500
const LINES = 12

/** Lines of our own init, which tell nothing of a death. */
const OURS = /^lab-init: phase /

/** The console's last lines, from the panic on where there is one. */
export function lastLines(console: string): string[] {
  const lines = console.split(/\r*\n/).filter((line) => line.trim() !== '' && !OURS.test(line))
  const panic = lines.findIndex((line) => line.includes('Kernel panic - not syncing'))
  return (panic < 0 ? lines.slice(-LINES) : lines.slice(panic, panic + LINES)).map((line) => printable(line, 200))
}

/**
 * Keeps the console's log where it stays when the VM goes. @returns its place, unless the disk does not take it, and
 * what it says
 */
async function keepConsole(vm: OpenVm, run: string): Promise<{ readonly log?: string; readonly console: string }> {
  const said = await consoleLog(vm.dir)
  const kept = join(vm.dir, '..', '..', 'logs', `${run}.console.log`)
  try {
    await mkdir(join(kept, '..'), { recursive: true })
    await writeFile(kept, said)
    return { log: kept, console: said.toString('utf8') }
  } catch {
    return { console: said.toString('utf8') }
  }
}

/** What is said of the dump of a run. */
export const dumpLines = (dump: { readonly dir: string } | { readonly why: string } | undefined, run: string) =>
  dump === undefined
    ? []
    : ['dir' in dump ? `a dump of its memory is kept: lab crash ${run}` : `there is no dump of its memory: ${dump.why}`]

/** The failure of a run whose guest did not live to its end. `why` is what the connection said. */
export async function guestDied(
  vm: OpenVm,
  run: string,
  place: string,
  why: string,
  dump?: { readonly dir: string } | { readonly why: string },
): Promise<Failure> {
  for (const until = performance.now() + END; isAlive(vm.state) && performance.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 50))
  const alive = isAlive(vm.state)
  const full = alive ? await fullDiskOf(vm.dir, place) : undefined
  const killed = alive ? undefined : killedForMemory(place, vm.memory)
  const known = full ?? killed
  if (known) return known
  const { log, console } = await keepConsole(vm, run)
  const lines = lastLines(console)
  const guess = lines.length > 0 ? guessBootFailure(console) : undefined
  const fact = `${alive ? 'the connection to the guest was lost' : 'the guest died'} while the workload ran`
  return experimentError({
    place,
    fact: guess ? `${fact}: ${guess.name} (${printable(guess.evidence, 100)})` : fact,
    lines: [why, ...(lines.length > 0 ? lines : ['its console shows nothing']), ...dumpLines(dump, run)],
    wayOut: alive
      ? 'QEMU still ran: the guest hangs, or its ssh server was ended; what did the workload do?'
      : lines.length > 0
        ? 'the lines are the last ones of its console; does the workload do that without probes too (`probes: []`)?'
        : 'QEMU ended without a word of the kernel: it was switched off, or killed from outside (by the OOM killer?)',
    ...(log !== undefined && { log }),
  })
}

/** The failure of a run whose holder was ended by a signal, in a guest that lives. `signal` is its number. */
export async function holderDied(vm: OpenVm, run: string, place: string, signal: number): Promise<Failure> {
  const { log, console } = await keepConsole(vm, run)
  return experimentError({
    place,
    fact: `the holder was ended by signal ${signal} while the workload ran`,
    lines: lastLines(console),
    wayOut:
      'did the workload use up the memory of the guest (`memory:` of the VM), or kill it? the kernel says more in `lab exec -- dmesg`',
    ...(log !== undefined && { log }),
  })
}
