/** gdb in a VM that is up, or in one that is stopped before its first instruction. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResolvedVm } from '../config/resolved.ts'
import { step, type Context } from '../engine/context.ts'
import { interrupted, labError, userError } from '../engine/error.ts'
import { isLocked, lockNow } from '../engine/lock.ts'
import { GDB_CHARDEV, GDB_COMMANDS, GDB_INIT, GDB_SOCKET, gdbArgv } from '../host/gdb.ts'
import { QMP_SOCKET } from '../host/qemu.ts'
import { Qmp } from '../host/qmp.ts'
import { attended, start } from '../host/sh.ts'
import { keysIn } from '../host/ssh-keys.ts'
import { connectUnix } from '../host/unix-socket.ts'
import { isRandom } from '../linux/symbols/kaslr.ts'
import { QEMU_STDERR } from './boot.ts'
import { CONSOLE_LIMIT, CONSOLE_LOG } from './console.ts'
import type { Places } from './places.ts'
import { accelOf, freshDisks, machineArgv, type VmRequest } from './start.ts'
import { endVmAtForcedEnd, newVmDir, type KnownVm, type VmState } from './state.ts'
import { attach } from './vm.ts'

/** Milliseconds in which QEMU opens a socket, or the stub answers. */
const SOCKET = 10_000

const configOf = (dir: string): Promise<string> => readFile(join(dir, 'config'), 'utf8').catch(() => '')

const addressOf = (symbols: string): bigint | undefined => {
  const [, hex] = /^([0-9a-f]{8,16}) [A-Za-z] _text$/m.exec(symbols) ?? []
  return hex === undefined ? undefined : BigInt(`0x${hex}`)
}

/** How far the kernel of a VM that is up stands from its vmlinux: the guest knows. */
async function offsetOf(up: KnownVm & { state: VmState }, places: Places): Promise<bigint> {
  const { dir } = up.state.kernel
  if (!isRandom(await configOf(dir), up.state.argv)) return 0n
  await using guest = await attach(up, places)
  const { stdout } = await guest.exec(['grep', '-m1', ' _text$', '/proc/kallsyms'], { timeout: SOCKET, limit: 4096 })
  const [built, runs] = [addressOf(await readFile(join(dir, 'System.map'), 'utf8')), addressOf(stdout.toString('utf8'))]
  if (built !== undefined && runs !== undefined && runs >= built) return runs - built
  throw labError({
    place: `vm ${up.id}`,
    fact: 'its kernel is at a random address (CONFIG_RANDOMIZE_BASE), and /proc/kallsyms of the guest does not say which',
    wayOut: 'add `cmdline: [nokaslr]` to the VM',
  })
}

/**
 * Takes back what a gdb that was killed left: its breakpoints, and a guest that is stopped (packet D of the remote
 * protocol).
 */
async function detach(dir: string): Promise<void> {
  const socket = await connectUnix(join(dir, GDB_SOCKET)).catch(() => undefined)
  if (socket === undefined) return
  await new Promise<void>((resolve) => {
    const clock = setTimeout(resolve, 1000)
    const done = () => {
      clearTimeout(clock)
      resolve()
    }
    socket.on('data', (bytes: Buffer) => (bytes.includes('OK') ? done() : undefined))
    socket.on('close', done)
    // With its process: QEMU keeps what the client before said that it can (multiprocess).
    socket.write('+$D;1#b0')
  })
  socket.destroy()
}

/** Stops the stub of a VM that still runs, and lets its guest go on. */
async function closeStub(dir: string): Promise<void> {
  const qmp = await Qmp.open(join(dir, QMP_SOCKET)).catch(() => undefined)
  // `lab down` has ended it meanwhile.
  if (qmp === undefined) return
  try {
    // Also where the guest runs: it would stand still at the next breakpoint that was left.
    await detach(dir)
    await qmp.human('gdbserver none')
    if (JSON.stringify(await qmp.execute('query-status')).includes('"paused"')) await qmp.execute('cont')
  } catch {
    // It ended in this moment.
  } finally {
    qmp.close()
  }
}

/** gdb in a VM that is up. @returns gdb's exit status */
export async function debugUp(
  up: KnownVm & { state: VmState },
  commands: readonly string[],
  places: Places,
  context: Context,
): Promise<number> {
  await using held = await lockNow(join(places.vms, `${up.id}.gdb.lock`))
  if (held === undefined)
    throw userError({ place: `vm ${up.id}`, fact: 'another `lab gdb` is at it', wayOut: 'leave that one first' })
  if (await isLocked(join(places.vms, `${up.state.vm}.lock`)))
    context.emit({
      type: 'notice',
      level: 'warning',
      place: `vm ${up.id}`,
      text: 'a run is going on in it: while gdb holds the guest, the deadline of its workload goes on',
    })
  const kernel = { dir: up.state.kernel.dir, offset: await offsetOf(up, places) }
  const argv = gdbArgv(kernel, commands)
  await writeFile(join(up.dir, GDB_INIT), GDB_COMMANDS)
  {
    await using qmp = await Qmp.open(join(up.dir, QMP_SOCKET))
    const refused = (await qmp.human(`gdbserver ${GDB_CHARDEV}`)).trim()
    if (!refused.startsWith('Waiting for gdb connection'))
      throw labError({ place: `vm ${up.id}`, fact: `QEMU opens no gdbstub: ${refused}`, wayOut: '`lab doctor`' })
  }
  try {
    return await attended(argv, { cwd: up.dir, signal: context.signal })
  } finally {
    await closeStub(up.dir)
  }
}

/** Waits until QEMU, which has just been started, has opened its stub. */
async function stubOpen(dir: string, ended: () => boolean, signal: AbortSignal, place: string): Promise<void> {
  for (const until = performance.now() + SOCKET; ;) {
    if (signal.aborted) throw interrupted()
    // Asked over the control socket: a connection to the stub itself would be gdb's.
    const qmp = await Qmp.open(join(dir, QMP_SOCKET)).catch(() => undefined)
    qmp?.close()
    if (qmp) return
    if (ended() || performance.now() > until)
      throw labError({
        place,
        fact: 'QEMU did not start',
        lines: (await readFile(join(dir, QEMU_STDERR), 'utf8').catch(() => '')).trim().split('\n').slice(-5),
        wayOut: '`lab doctor` looks at the host',
      })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What the VM of `lab gdb --wait` does without; undefined where its declaration has nothing of that. */
export function withoutText({
  shares = [],
  networks = [],
}: Pick<ResolvedVm, 'shares' | 'networks'>): string | undefined {
  const lacking = [
    ...shares.map(({ mount }) => `the share ${mount}`),
    ...networks.map(({ name }) => `the network ${name}`),
  ]
  return lacking.length === 0 ? undefined : `the VM of \`lab gdb --wait\` is without ${lacking.join(', ')}`
}

/**
 * A VM of this command's own that waits for gdb before its first instruction, and ends with it. @returns gdb's exit
 * status
 */
export async function debugFromStart(
  request: VmRequest,
  commands: readonly string[],
  places: Places,
  context: Context,
): Promise<number> {
  const place = `vm ${request.vm.name}`
  const without = withoutText(request.vm)
  if (without !== undefined)
    context.emit({
      type: 'notice',
      level: 'warning',
      place,
      text: without,
      wayOut: '`lab up` boots it with them, and `lab gdb` stops it there',
    })
  const dir = await newVmDir(places.vms, request.vm.name, 'run')
  const undone = endVmAtForcedEnd(dir)
  try {
    const argv = await step(context, place, place, async (handle) => {
      const choice = await accelOf(request, context, handle)
      handle.progress('make its disks')
      const disks = await freshDisks(dir, request, await keysIn(places.keys), context)
      const machine = await machineArgv(request, choice, { disks }, context)
      return {
        outcome: 'done',
        detail: `stopped before its first instruction, under ${choice.accel}`,
        value: [...machine, '-S', '-gdb', GDB_CHARDEV],
      }
    })
    if (isRandom(await configOf(request.kernel.dir), argv))
      throw userError({
        place,
        fact: 'its kernel chooses a random address when it starts (CONFIG_RANDOMIZE_BASE): gdb could not place its symbols',
        wayOut: 'add `cmdline: [nokaslr]` to the VM',
      })
    const log = { file: CONSOLE_LOG, limit: CONSOLE_LIMIT }
    const machine = start(argv, { cwd: dir, dieWithUs: true, stderrFile: QEMU_STDERR, log })
    let ended = false
    void machine.ended.then(() => (ended = true))
    try {
      await stubOpen(dir, () => ended, context.signal, place)
      await writeFile(join(dir, GDB_INIT), GDB_COMMANDS)
      const gdb = gdbArgv({ dir: request.kernel.dir, offset: 0n }, commands)
      return await attended(gdb, { cwd: dir, signal: context.signal })
    } finally {
      machine.kill('SIGKILL')
      await machine.ended
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
    undone()
  }
}
