/** The disk of the host is full under a guest, which stands still: that is what is said, and nothing else is begun. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/app.ts'
import { MOUNTS, NAMESPACE } from './namespace.ts'
import { Rig } from './rig.ts'

const EXPERIMENT = `
  fills:
    probes: [readiter]
    workload: { run: "sh -c 'dd if=/dev/zero of=/data/x bs=1M count=40 && sync'" }
    params: { way: [a, b] }
`
const lab = new Rig()
afterAll(() => lab.remove())

const [program = '', ...options] = NAMESPACE

test('a run that fills it: exit 69, with the place and a way out', MOUNTS, () => {
  lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENT)
  const vms = join(lab.dir, '.lab/vms')
  mkdirSync(vms, { recursive: true })
  const script = 'mount -t tmpfs -o size=6m full "$1" && shift && exec "$@"'
  const { status, stderr } = spawnSync(
    program,
    [...options, 'sh', '-c', script, 'sh', vms, join(TOOL_ROOT, 'lab'), 'run', 'fills'],
    { cwd: lab.dir, env: { ...process.env, CI: 'true' }, encoding: 'utf8' },
  )
  expect(status, stderr).toBe(69)
  expect(stderr).toMatch(/^error: .*the disk is full$/m)
  expect(stderr).toContain('QEMU has stopped the guest')
  expect(stderr).not.toContain('the connection to the guest was lost')
})
