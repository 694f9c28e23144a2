/**
 * Runs that start from a snapshot: each has disks, time and randomness of its own, and a snapshot that does not fit is
 * not used.
 */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheDir } from '../engine/context.ts'
import type { Manifest } from '../results/manifest.ts'
import { which } from '../host/which.ts'
import { argvOf, living, MARK } from './remains.ts'
import { Rig } from './rig.ts'
import { until } from './until.ts'

const EXPERIMENTS = `
  copies:
    probes: [readiter]
    workload: { run: "sh -c 'cat /data/mark /mark; echo x > /data/mark; echo x > /mark; date +%s; cat /proc/sys/kernel/random/uuid; grep stack /proc/self/maps; nproc'" }
    before: [{ remount: /data }, { pin: 1 }]
    start: warm
    repeat: 4
  agree:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes 16 --count 3" }
    start: warm
    control: cold
    repeat: 2
  slow:
    probes: [readiter]
    workload: { run: "sleep 5000" }
    timeout: 5000s
    start: warm
`

interface Outcome {
  readonly dir: string
  readonly manifest: Manifest
}

const lab = new Rig()
const runs = (data: unknown) => data as readonly Outcome[]
const vmDirs = () => readdirSync(join(lab.dir, '.lab/vms')).filter((name) => !name.endsWith('.lock'))
const idOf = (outcomes: readonly Outcome[]) => outcomes[0]?.manifest.guest.snapshot?.id ?? ''

/** The directory of the saved machine, from the command line of one that was restored. */
function machineOf(outcomes: readonly Outcome[]): string {
  const object = outcomes[0]?.manifest.guest.qemu.find((word) => word.startsWith('memory-backend-file,'))
  const machine = /mem-path=(.*)\/memory,/.exec(object ?? '')?.[1] ?? ''
  return machine.replace('$CACHE', cacheDir(process.env))
}

beforeAll(() => lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS))
afterAll(async () => {
  await lab.lab(['gc'])
  lab.remove()
})

describe('start: warm', () => {
  let first: readonly Outcome[] = []

  test('every run goes on from the same snapshot, and is a copy only in what it should be', async () => {
    first = runs(await lab.answer(['run', 'copies', '--parallel', '2']))
    expect(first.map(({ manifest }) => [manifest.verdict, manifest.guest.vm, manifest.plan?.start])).toEqual(
      first.map(() => ['passed', 'restored', 'warm']),
    )
    expect(new Set(first.map(({ manifest }) => manifest.guest.snapshot?.id)).size).toBe(1)
    const said = first.map(({ dir }) => readFileSync(join(dir, 'stdout'), 'utf8').trim().split('\n'))
    const complaints = first.map(({ dir }) => readFileSync(join(dir, 'stderr'), 'utf8'))
    // Neither disk has what an earlier run wrote there.
    for (const text of complaints) expect(text.match(/No such file/g)).toHaveLength(2)
    for (const [date = ''] of said) expect(Math.abs(Number(date) - Date.now() / 1000)).toBeLessThan(600)
    expect(new Set(said.map(([, uuid]) => uuid)).size).toBe(4)
    expect(new Set(said.map(([, , stack]) => stack)).size).toBe(4)
    // before: { pin: 1 }
    expect(said.map((lines) => lines[3])).toEqual(['1', '1', '1', '1'])
    expect(vmDirs()).toEqual([])
  })

  test('the next command uses the same snapshot', async () => {
    expect(idOf(runs(await lab.answer(['run', 'copies', '--repeat', '1'])))).toBe(idOf(first))
  })

  test('a cold control of every arm says whether the two agree', async () => {
    const { stdout, status } = await lab.lab(['run', 'agree'])
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /warm and cold do not differ, as far as so few runs can show \(2 and 2 runs\): the same sequence of messages/,
    )
    expect(stdout).toMatch(/workload ms: warm .*, cold .*; no difference seen/)
    expect(stdout).toMatch(/agree start=warm +passed: 2 passed/)
  })

  test('a snapshot of another declaration is not used, and what changed is said', async () => {
    lab.edit('lab.yaml', 'memory: 1G', 'memory: 1100M')
    const { stdout, status } = await lab.lab(['run', 'copies', '--repeat', '1', '--json'])
    lab.edit('lab.yaml', 'memory: 1100M', 'memory: 1G')
    expect(status).toBe(0)
    expect(stdout).toContain("changed: the VM's declaration")
    const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { data: Outcome[] }
    expect(idOf(answer.data)).not.toBe(idOf(first))
  })

  test('a snapshot of another QEMU is not used, and that is said', async () => {
    const qemu = which('qemu-system-x86_64') ?? ''
    const wrapper = join(lab.dir, 'qemu-system-x86_64')
    writeFileSync(
      wrapper,
      `#!/bin/sh\n[ "$1" = --version ] && { echo "QEMU emulator version 7.2.99 (another)"; exit; }\nexec ${qemu} "$@"\n`,
    )
    chmodSync(wrapper, 0o755)
    const PATH = `${lab.dir}:${process.env['PATH'] ?? ''}`
    const { stdout, stderr, status } = await lab.lab(['run', 'copies', '--repeat', '1', '--json'], { PATH })
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/the snapshot of QEMU emulator version .* is not for QEMU emulator version 7\.2\.99/)
    const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { data: Outcome[] }
    expect(idOf(answer.data)).not.toBe(idOf(first))
    expect(answer.data[0]?.manifest.guest.snapshot?.qemu).toContain('7.2.99')
  })

  test.each([
    ['whose device state is damaged', 'state', 'it cannot be restored'],
    ['whose memory was cut', 'memory', 'its files are not what was saved'],
  ])('a snapshot %s is discarded with a notice, and taken again', async (_, name, why) => {
    const file = join(machineOf(first), name)
    const { atime, mtimeMs, size } = statSync(file)
    if (name === 'state') {
      writeFileSync(file, Buffer.alloc(size, 0x5a))
      // In the middle of its millisecond: seconds as a fraction are not exact.
      utimesSync(file, atime, (Math.floor(mtimeMs) + 0.5) / 1000)
    } else truncateSync(file, size / 2)
    const { stdout, stderr, status } = await lab.lab(['run', 'copies', '--repeat', '1', '--json'])
    expect(status, stderr).toBe(0)
    expect(stdout).toContain(why)
    expect(stdout).toContain('taken again')
    expect(vmDirs()).toEqual([])
  })

  test('lab gc takes no snapshot away from a guest that goes on from it, and afterwards it does', async () => {
    const { child, ended } = lab.start(['run', 'slow'], { [MARK]: lab.dir })
    /** The store entry whose memory a guest of this lab has mapped, once the guest has answered. */
    const inUse = () =>
      living(lab.dir).flatMap((pid) => {
        const argv = argvOf(pid).join(' ')
        const entry = /mem-path=([^, ]*\/snapshot\/[0-9a-f]+)\/machine\/memory,/.exec(argv)?.[1]
        return entry !== undefined && existsSync(`/proc/${pid}/cwd/state.json`) ? [entry] : []
      })
    const entry = await until('a guest that goes on from its snapshot', () => inUse()[0])
    // Nobody could log in to what has other keys: that makes all snapshots of this lab garbage.
    const [keys, away] = [join(lab.dir, '.lab/keys'), join(lab.dir, '.lab/away')]
    renameSync(keys, away)
    expect((await lab.lab(['gc'])).stdout).not.toContain(entry)
    expect(existsSync(join(entry, 'machine/memory'))).toBe(true)
    child.kill('SIGINT')
    expect((await ended).status).toBe(130)
    // `lab gc` of another test may remove it first: then ours has nothing to name.
    await lab.lab(['gc'])
    await until('the snapshot is removed', () => !existsSync(entry))
    rmSync(keys, { recursive: true, force: true })
    renameSync(away, keys)
    expect(vmDirs()).toEqual([])
  })
})
