/**
 * Two hosts that share one file system: what one of them is at, the other leaves alone. The other one is made of
 * namespaces.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { isLocked } from '../engine/lock.ts'
import { isElsewhere } from '../engine/process.ts'
import { journalsIn } from '../run/plan/journal.ts'
import { listVms } from '../vm/state.ts'
import { anotherHost, anotherHostMay } from './namespace.ts'
import { Rig } from './rig.ts'
import { tempDir } from './temp-dir.ts'

const module = (path: string) => JSON.stringify(join(TOOL_ROOT, 'tasks', path))

/** What a lab on the other host is at: a result and a store entry half written, a lock, a journal, a VM. */
const AT_WORK = `
  const { processTag } = await import(${module('engine/process.ts')})
  const { lock } = await import(${module('engine/lock.ts')})
  const { newJournal, writeJournal } = await import(${module('run/plan/journal.ts')})
  const { newVmDir } = await import(${module('vm/state.ts')})
  const { mkdirSync } = await import('node:fs')
  const [lab, cache] = process.argv.slice(1)
  const half = '.partial-' + processTag() + '-ab'
  mkdirSync(lab + '/results/readiter/' + half, { recursive: true })
  mkdirSync(cache + '/store/kernel/' + half, { recursive: true })
  await lock(cache + '/build/tree/lock', new AbortController().signal, () => {})
  mkdirSync(cache + '/build/tree/src.partial')
  const plan = { arms: ['a'], repeats: 2, warmup: 0, order: 'shuffled', seed: 1, inputs: {} }
  await writeJournal(lab + '/.lab/runs/readiter', newJournal(plan))
  await newVmDir(lab + '/.lab/vms', 'default', 'run')
  process.stdout.write(half + '\\n')
  setInterval(() => {}, 1000)`

test(
  'what a process of another host is at stays until that host has been silent for long',
  anotherHostMay(),
  async () => {
    const rig = new Rig()
    onTestFinished(() => rig.remove())
    const env = { LAB_CACHE_DIR: join(rig.dir, 'cache'), TMPDIR: join(rig.dir, 'tmp') }
    mkdirSync(env.TMPDIR)
    const [program, ...words] = anotherHost('n2', tempDir())
    const child = spawn(
      program,
      [...words, process.execPath, '--input-type=module', '-e', AT_WORK, rig.dir, env.LAB_CACHE_DIR],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const half = line.toString('utf8').trim()
    const result = join(rig.dir, 'results/readiter', half)
    const entry = join(env.LAB_CACHE_DIR, 'store/kernel', half)
    const tree = join(env.LAB_CACHE_DIR, 'build/tree')
    const [runs, vms] = [join(rig.dir, '.lab/runs/readiter'), join(rig.dir, '.lab/vms')]
    const owners = async () => {
      const [journal, vm] = [(await journalsIn(runs))[0], (await listVms(vms))[0]]
      return {
        journal: journal?.fate,
        host: journal?.note.owner.host,
        vm: vm?.owned,
        lock: await isLocked(join(tree, 'lock')),
      }
    }

    expect(await owners()).toEqual({ journal: 'elsewhere', host: 'n2', vm: true, lock: true })
    expect(await rig.answer(['gc'], env)).toMatchObject({ removed: [], elsewhere: [entry, result] })
    expect((await rig.lab(['gc'], env)).stdout).toContain(`kept ${result}: it belongs to a lab on another host`)

    // It dies, as a node does that loses its power; that nothing is heard of it is all that can be seen here.
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(await owners()).toEqual({ journal: 'elsewhere', host: 'n2', vm: true, lock: true })
    const [vm = ''] = readdirSync(vms)
    const notes = readdirSync(runs).map((name) => join(runs, name))
    for (const path of [
      result,
      entry,
      join(tree, 'lock.owner'),
      join(tree, 'lock.lock'),
      join(vms, vm, 'starter.json'),
      ...notes,
    ])
      utimesSync(path, 1000, 1000)
    expect(await owners()).toMatchObject({ journal: 'gone', vm: false, lock: false })
    expect(await rig.answer(['gc'], env)).toMatchObject({ elsewhere: [] })
    expect([result, entry, join(tree, 'src.partial'), join(vms, vm)].filter((path) => existsSync(path))).toEqual([])
  },
)

test('a command on another host is told where a VM is up, and does not remove it', anotherHostMay(), () => {
  const rig = new Rig()
  onTestFinished(() => rig.remove())
  const [program, ...words] = anotherHost('n2', tempDir())
  const script = `
    const { newVmDir, writeState } = await import(${module('vm/state.ts')})
    const { thisProcess } = await import(${module('engine/process.ts')})
    const dir = await newVmDir(process.argv[1] + '/.lab/vms', 'default', 'up')
    const kernel = { name: 'k', fingerprint: 'f', release: 'r', source: 's', dir: 'd', wanted: 'w', compat: [] }
    const accel = { accel: 'tcg', asked: 'tcg', reason: '' }
    const rest = { port: 1, kernel, image: { name: 'i', fingerprint: 'f' }, accel, fingerprint: 'f', argv: [], since: 's', guest: { bootId: 'b', clocksource: 'c' } }
    await writeState(dir, { vm: 'default', owner: 'up', ownerPid: 1, ...thisProcess(), ...rest })`
  const made = spawnSync(program, [...words, process.execPath, '--input-type=module', '-e', script, rig.dir], {
    encoding: 'utf8',
  })
  expect(made.status, made.stderr).toBe(0)
  const lab = (...args: string[]) =>
    spawnSync(join(TOOL_ROOT, 'lab'), args, { cwd: rig.dir, encoding: 'utf8', env: { ...process.env, CI: 'true' } })
  expect(lab('ps').stdout).toContain('lab up on host n2')
  const down = lab('down')
  expect([down.status, down.stderr]).toEqual([69, expect.stringContaining('vm default: it is up on host n2')])
  lab('gc')
  expect(existsSync(join(rig.dir, '.lab/vms/default/state.json'))).toBe(true)
})

test('the other host is one for the lab', anotherHostMay(), () => {
  const [program, ...words] = anotherHost('n2', tempDir())
  const script = `const { thisProcess } = await import(${module('engine/process.ts')}); console.log(JSON.stringify(thisProcess()))`
  const { stdout } = spawnSync(program, [...words, process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  const other = JSON.parse(stdout) as Parameters<typeof isElsewhere>[0]
  expect([other.host, isElsewhere(other)]).toEqual(['n2', true])
})
