/** Directories of the host in a guest: what it sees of them, what it may do, and what is left of their daemons. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, type TestOptions } from 'vitest'
import { namespacesRefused, virtiofsd } from '../host/virtiofsd.ts'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'
import { until } from './until.ts'

const lab = new Rig(false)

/** A kernel with virtiofs as modules, which are loaded for the share. */
const LAB = `lab: sharing
kernels:
  debian-12:
    source:
      prebuilt: linux-image-6.1.0-50-cloud-amd64
      version: 6.1.176-1
      sha256: efe19f605b6f54a8352e68d85a629abb2d30b72a085faef603a9152590baa791
images:
  minimal: { recipe: lab:minimal }
vms:
  default:
    kernel: debian-12
    image: minimal
    cpus: 2
    memory: 512M
    numa: [{ cpus: 2, memory: 384M }, { cpus: 0, memory: 128M }]
    share:
      - { from: inputs, mount: /inputs }
      - { from: outputs, mount: /outputs, write: yes }
experiments:
  copy:
    probes: []
    workload: { run: "cp /inputs/f /outputs/copied" }
    collect: [stdout]
  long:
    probes: []
    timeout: 1000s
    workload: { run: "sleep 1000" }
    collect: [stdout]
`

const refused =
  virtiofsd() === undefined ? 'virtiofsd is not installed' : await namespacesRefused(new AbortController().signal)
const SERVED: TestOptions = refused === undefined ? {} : { skip: true, meta: { reason: refused } }

beforeAll(() => {
  for (const name of ['inputs', 'outputs', 'secret']) mkdirSync(join(lab.dir, name))
  lab.write('inputs/f', 'of the host\n')
  lab.write('secret/key', 'nobody reads this\n')
  symlinkSync('../secret/key', join(lab.dir, 'inputs/upwards'))
  symlinkSync('/etc/hostname', join(lab.dir, 'inputs/absolute'))
  lab.write('lab.yaml', LAB)
})
afterAll(async () => {
  await lab.lab(['down'])
  lab.remove()
})

/** Processes that serve a share of this lab's VMs, or are about to: a daemon makes its socket late. */
function daemons(): number[] {
  const textOf = (pid: string, file: string) => {
    try {
      return readFileSync(join('/proc', pid, file), 'latin1')
    } catch {
      return ''
    }
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const serving = pids.filter((pid) => /share-[0-9a-f]{16}\.sock/.test(textOf(pid, 'cmdline')))
  return serving.filter((pid) => textOf(pid, 'environ').includes(`PWD=${lab.dir}/`)).map(Number)
}

const inGuest = async (command: string) => {
  const { stdout } = await lab.lab(['exec', '--', 'sh', '-c', `exec 2>&1; ${command}`])
  return stdout
}

describe('a share', SERVED, () => {
  beforeAll(async () => {
    const { status, stderr } = await lab.lab(['up'])
    expect(status, stderr).toBe(0)
  })

  test('the guest reads its files, and links lead to nothing of the host', async () => {
    expect(await inGuest('cat /inputs/f')).toBe('of the host\n')
    expect(await inGuest('cat /inputs/upwards')).toContain('No such file')
    expect(await inGuest('cat /inputs/absolute')).toBe(await inGuest('cat /etc/hostname'))
  })

  test('two NUMA nodes, one of them memory alone', async () => {
    expect(await inGuest('cd /sys/devices/system/node; cat online node0/cpulist node1/cpulist')).toBe('0-1\n0-1\n\n')
    const total = await inGuest('grep -h MemTotal /sys/devices/system/node/node1/meminfo')
    // Of 128 MB; with KASLR the kernel itself may be in it.
    expect(Number(/(\d+) kB/.exec(total)?.[1])).toBeGreaterThan(64 * 1024)
  })

  test('a read-only share stays so whatever the guest does', async () => {
    expect(
      await inGuest('mount -o remount,rw /inputs; echo changed > /inputs/f; rm -f /inputs/f; cat /inputs/f'),
    ).toMatch(/Read-only file system[^]*of the host\n$/)
    expect(lab.read('inputs/f')).toBe('of the host\n')
  })

  test('a guest that may write makes files, and no devices', async () => {
    expect(await inGuest('echo from the guest > /outputs/new; mknod /outputs/null c 1 3')).toContain('not permitted')
    expect(lab.read('outputs/new')).toBe('from the guest\n')
    expect(readdirSync(join(lab.dir, 'outputs'))).toEqual(['new'])
  })

  test('a run records what was shared, and runs with other files are told apart', async () => {
    const shares = async () => {
      const { status, stderr } = await lab.lab(['run', 'copy'])
      expect(status, stderr).toBe(0)
      const run = readdirSync(join(lab.dir, 'results/copy')).toSorted().at(-1) ?? ''
      const { guest } = JSON.parse(lab.read(`results/copy/${run}/manifest.json`)) as Manifest
      expect(guest.vm).toBe('up')
      return guest.shares ?? []
    }
    const [inputs, outputs] = await shares()
    expect(lab.read('outputs/copied')).toBe('of the host\n')
    expect(inputs).toMatchObject({
      from: '$LAB/inputs',
      mount: '/inputs',
      write: false,
      transport: 'virtiofs',
      files: 3,
    })
    expect(outputs).toMatchObject({ write: true })
    lab.write('inputs/f', 'other\n')
    const [changed] = await shares()
    expect(changed?.sha256).not.toBe(inputs?.sha256)
  })

  test('a directory that became a link out of the lab is refused before the boot', async () => {
    await lab.lab(['down'])
    rmSync(join(lab.dir, 'outputs'), { recursive: true })
    symlinkSync('/etc', join(lab.dir, 'outputs'))
    const { status, stderr } = await lab.lab(['up'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('/etc is not below the directory of the lab file')])
    rmSync(join(lab.dir, 'outputs'))
    const gone = await lab.lab(['up'])
    expect([gone.status, gone.stderr]).toEqual([2, expect.stringContaining('"outputs" does not exist')])
    mkdirSync(join(lab.dir, 'outputs'))
  })

  test('a warm start is refused with the reason', async () => {
    const { status, stderr } = await lab.lab(['run', 'copy', '--start', 'warm'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('a saved guest keeps open what the host has changed')])
  })

  test('a lab that is killed leaves no daemon', async () => {
    const { child, ended } = lab.start(['run', 'long'])
    await until('the share is served', () => daemons().length > 0)
    child.kill('SIGKILL')
    await ended
    await until('the end of its daemons', () => daemons().length === 0)
  })

  test('a QEMU that is killed leaves no daemon, and lab down none either', async () => {
    const { status, stderr } = await lab.lab(['up'])
    expect(status, stderr).toBe(0)
    expect(daemons().length).toBeGreaterThan(0)
    const { pid } = JSON.parse(lab.read('.lab/vms/default/state.json')) as { pid: number }
    process.kill(pid, 'SIGKILL')
    await until('the end of its daemons', () => daemons().length === 0)
  })
})
