/** `lab query --parquet` by the whole program: what stands against the file is said of the file, and not of the SQL. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { MOUNTS, NAMESPACE } from './namespace.ts'
import { Rig } from './rig.ts'

const rig = new Rig(false)
afterAll(() => rig.remove())
beforeAll(async () => {
  expect((await rig.lab(['init', '.'])).status).toBe(0)
  mkdirSync(join(rig.dir, 'full'))
})

test.each([
  ['no/such/answer.parquet', 'no/such/answer.parquet: its directory does not exist'],
  ['lab.yaml/answer.parquet', 'lab.yaml/answer.parquet: what should be a directory is a file'],
  ['full', 'full: it is a directory'],
])('--parquet %s', async (file, said) => {
  const { status, stderr } = await rig.lab(['query', 'SELECT 1', '--parquet', file])
  expect([status, stderr]).toEqual([2, expect.stringContaining(said)])
  expect(stderr).not.toContain('SQL')
  expect(readdirSync(rig.dir).filter((name) => name.includes('partial'))).toEqual([])
})

test('--parquet on a full disk: the lab could not, and nothing half stays there', MOUNTS, () => {
  const [unshare = '', ...flags] = NAMESPACE
  const script = `
mount -t tmpfs -o size=200k none "$2"
"$1" query "SELECT hash(i) FROM range(1000000) t(i)" --parquet "$2/answer.parquet"; echo "status $?"
ls -A "$2"
`
  const { stdout, stderr } = spawnSync(
    unshare,
    [...flags, 'sh', '-c', script, 'sh', join(TOOL_ROOT, 'lab'), join(rig.dir, 'full')],
    { cwd: rig.dir, encoding: 'utf8', env: { ...process.env, CI: 'true' } },
  )
  expect(stdout).toBe('status 69\n')
  expect(stderr).toMatch(/full\/answer\.parquet: the disk is full/)
})
