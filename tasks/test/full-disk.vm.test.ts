/** The disk of the host is full under a guest, which stands still: that is what is said, and nothing else is begun. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { MOUNTS, NAMESPACE } from './namespace.ts'
import { Rig } from './rig.ts'

const EXPERIMENTS = `
  says:
    probes: [readiter]
    workload: { run: "sh -c 'dd if=/dev/zero bs=1M count=3'" }
  fills:
    probes: [readiter]
    workload: { run: "sh -c 'dd if=/dev/zero of=/data/x bs=1M count=40 && sync'" }
    params: { way: [a, b] }
`
const lab = new Rig()
lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS)
const vms = join(lab.dir, '.lab/vms')
mkdirSync(vms, { recursive: true })
afterAll(() => lab.remove())

const [program = '', ...options] = NAMESPACE

/** lab, with so much room for the files of its VMs. */
function labWith(size: string, ...argv: string[]) {
  const script = 'mount -t tmpfs -o size="$1" full "$2" && shift 2 && exec "$@"'
  return spawnSync(program, [...options, 'sh', '-c', script, 'sh', size, vms, join(TOOL_ROOT, 'lab'), ...argv], {
    cwd: lab.dir,
    env: { ...process.env, CI: 'true' },
    encoding: 'utf8',
  })
}

test('a run that fills it: exit 69, with the place and a way out', MOUNTS, () => {
  const { status, stderr } = labWith('6m', 'run', 'fills')
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).toContain('QEMU has stopped the guest')
  expect(stderr).not.toContain('the connection to the guest was lost')
})

test('what comes out of a sealed guest: it is not the guest that failed', MOUNTS, () => {
  const sealed = ['run', 'says', '--deterministic', '--repeat', '1']
  expect(labWith('1g', ...sealed)).toMatchObject({ status: 0 })
  const kept = join(cacheDir(process.env), 'store/initramfs')
  // Another test may be writing one at this moment, or removing it.
  const sizeOf = (name: string) => statSync(join(kept, name, 'root.cpio'), { throwIfNoEntry: false })?.size ?? 0
  const archives = readdirSync(kept).map(sizeOf)
  const { status, stderr } = labWith(`${Math.max(...archives) + 2 * 2 ** 20}`, ...sealed)
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).not.toContain('died')
})
