import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { which } from '../host/which.ts'
import { startTimeOf, thisProcess } from '../engine/process.ts'
import { failureOf } from '../test/caught.ts'
import { endStrays, listVms, newVmDir, writeState, type VmState } from './state.ts'

function emptyDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'lab-vms-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A process that a VM could be: by its name and its working directory. */
async function fakeQemu(dir: string, name = 'qemu-system-fake'): Promise<number> {
  const program = join(emptyDir(), name)
  copyFileSync(which('sleep') ?? '', program)
  const child = spawn(program, ['60'], { cwd: dir, stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  return child.pid ?? 0
}

const ANOTHER_HOST = { bootId: 'another', host: 'n2', machine: '' }

const STATE: VmState = {
  vm: 'default',
  owner: 'run',
  ownerPid: 1,
  ...thisProcess(),
  port: 1,
  kernel: { name: 'k', fingerprint: 'f', release: 'r', source: 's', dir: 'd', wanted: 'w', compat: [] },
  image: { name: 'i', fingerprint: 'f' },
  accel: { accel: 'tcg', asked: 'tcg', reason: '' },
  fingerprint: 'f',
  argv: [],
  since: '',
  guest: { bootId: '', clocksource: '' },
}

const owned = async (vms: string) => Object.fromEntries((await listVms(vms)).map((vm) => [vm.id, vm.owned]))

test('a VM that boots belongs to the process that starts it, and to nobody when that is gone', async () => {
  const vms = emptyDir()
  await newVmDir(vms, 'default', 'up')
  const run = await newVmDir(vms, 'default', 'run')
  expect(Object.values(await owned(vms))).toEqual([true, true])
  const starter = join(run, 'starter.json')
  const facts = JSON.parse(readFileSync(starter, 'utf8')) as { pid: number }
  // The pid is somebody else's by now.
  writeFileSync(starter, JSON.stringify({ ...facts, startTime: '1' }))
  writeFileSync(join(vms, 'default/starter.json'), JSON.stringify({ ...facts, pid: spawnSync('true').pid }))
  mkdirSync(join(vms, 'before-starters'))
  expect(Object.values(await owned(vms))).toEqual([false, false, false])
})

test('a QEMU that nobody knows is found by where it runs, and nothing else is', async () => {
  const [vm, elsewhere] = [emptyDir(), emptyDir()]
  const stray = await fakeQemu(vm)
  const others = [await fakeQemu(vm, 'shell-of-a-person'), await fakeQemu(elsewhere)]
  await endStrays(vm)
  expect(startTimeOf(stray)).toBeUndefined()
  expect(others.map((pid) => startTimeOf(pid) !== undefined)).toEqual([true, true])
})

test('the next `lab up` ends what one that was killed left running', async () => {
  const vms = emptyDir()
  const dir = await newVmDir(vms, 'default', 'up')
  writeFileSync(join(dir, 'old'), '')
  const stray = await fakeQemu(dir)
  await newVmDir(vms, 'default', 'up')
  expect([startTimeOf(stray), existsSync(join(dir, 'old'))]).toEqual([undefined, false])
})

test('a VM of another pid namespace is known by its socket: it is not taken for dead, and nobody boots over it', async () => {
  const vms = emptyDir()
  const dir = await newVmDir(vms, 'default', 'up')
  const starter = join(dir, 'starter.json')
  writeFileSync(starter, JSON.stringify({ ...thisProcess(), startTime: '1', pidNamespace: 'pid:[1]' }))
  const socket = createServer().listen(join(dir, 'qmp.sock'))
  await once(socket, 'listening')
  expect(await owned(vms)).toEqual({ default: true })
  const { parts } = await failureOf(newVmDir(vms, 'default', 'up'))
  expect(parts.fact).toContain('it is up in another pid namespace')
  expect(parts.wayOut).toContain('`lab down` ends it')
  // Nobody listens, and the directory is not one of just now.
  socket.close()
  utimesSync(starter, 1000, 1000)
  expect(await owned(vms)).toEqual({ default: false })
  expect(await newVmDir(vms, 'default', 'up')).toBe(dir)
})

test('a VM of another host belongs to its command as long as that gives a sign of life', async () => {
  const vms = emptyDir()
  const dir = await newVmDir(vms, 'default', 'run')
  const starter = join(dir, 'starter.json')
  writeFileSync(starter, JSON.stringify({ ...thisProcess(), ...ANOTHER_HOST }))
  // On a shared file system the socket is there, and refuses: nobody listens on this host.
  writeFileSync(join(dir, 'qmp.sock'), '')
  expect(Object.values(await owned(vms))).toEqual([true])
  utimesSync(starter, 1000, 1000)
  expect(Object.values(await owned(vms))).toEqual([false])
})

test('nobody boots over the VM that `lab up` started on another host', async () => {
  const vms = emptyDir()
  const dir = await newVmDir(vms, 'default', 'up')
  const other = { ...thisProcess(), ...ANOTHER_HOST }
  writeFileSync(join(dir, 'starter.json'), JSON.stringify(other))
  await writeState(dir, { ...STATE, ...other, owner: 'up' })
  utimesSync(join(dir, 'starter.json'), 1000, 1000)
  expect(await owned(vms)).toEqual({ default: true })
  expect((await failureOf(newVmDir(vms, 'default', 'up'))).parts.fact).toContain('it is up on host n2')
})
