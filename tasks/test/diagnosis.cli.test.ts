/** What is left of a command that failed: its log, which the failure names, and a bundle for a bug report. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { which } from '../host/which.ts'
import { jsonLines, Rig } from './rig.ts'

const rig = new Rig()
afterAll(() => rig.remove())

/** A host without compilers: what a build asks for first is missing. */
const bin = join(rig.dir, 'bin')
mkdirSync(bin)
for (const name of ['sh', 'bash', 'env', 'dirname', 'readlink', 'setpriv', 'mkdir', 'cat', 'node'])
  symlinkSync(which(name) ?? `/bin/${name}`, join(bin, name))
const env = {
  PATH: bin,
  LAB_CACHE_DIR: join(rig.dir, 'cache'),
  HOME: rig.dir,
  USER: 'annalisa',
  MY_TOKEN: 'a-secret-of-mine',
}
const logs = join(rig.dir, '.lab', 'logs')
const FAILS = ['build', 'kernel', 'v5.10'] as const

test('a failure names the log of its command, which has the programs, the stack and the end', async () => {
  const { status, stderr } = await rig.lab(FAILS, env)
  expect(status).toBe(69)
  const file = /^ {2}log of this command: (.*)$/m.exec(stderr)?.[1] ?? ''
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(entries[0]).toMatchObject({ type: 'command', argv: FAILS, lab: expect.any(String), node: process.version })
  const started = entries.filter(({ type }) => type === 'program-start')
  expect(started.length).toBeGreaterThan(0)
  for (const { program } of started)
    expect(entries).toContainEqual(
      expect.objectContaining({ type: 'program-end', program, seconds: expect.any(Number) }),
    )
  expect(entries).toContainEqual(expect.objectContaining({ type: 'error', stack: expect.stringContaining('at ') }))
  expect(entries.at(-1)).toMatchObject({ type: 'end', status: 69 })
})

test('with --json the failure has the path, and the programs are events only with --verbose', async () => {
  const events = async (...more: string[]) => {
    const { stdout } = await rig.lab([...FAILS, '--json', ...more], env)
    return jsonLines(stdout)
  }
  const plain = await events()
  expect(plain).toContainEqual(expect.objectContaining({ type: 'error', commandLog: expect.stringContaining(logs) }))
  expect(plain.map(({ type }) => type)).not.toContain('program-start')
  expect((await events('--verbose')).map(({ type }) => type)).toContain('program-end')
})

test('--verbose shows each program as it starts and ends', async () => {
  const { stderr } = await rig.lab([...FAILS, '--verbose'], env)
  expect(stderr).toMatch(/\$ sh -c command -v/)
  expect(stderr).toMatch(/sh ended: status \d+, /)
})

test('a mistake in the input, and a command that only reads, leave no log', async () => {
  const before = readdirSync(logs)
  expect((await rig.lab(['plan', 'nobody'], env)).stderr).not.toContain('log of this command')
  expect((await rig.lab(['results'], env)).status).toBe(0)
  expect(readdirSync(logs)).toEqual(before)
})

test('lab doctor --bundle packs logs and findings without the secrets of this environment', async () => {
  const { status, stdout } = await rig.lab(['doctor', '--bundle', 'bundle.tar.gz'], {
    ...env,
    PATH: process.env['PATH'] ?? '',
  })
  expect([status, stdout]).toEqual([0, expect.stringContaining('review it before you send it')])
  const out = join(rig.dir, 'unpacked')
  mkdirSync(out)
  execFileSync('tar', ['-xzf', join(rig.dir, 'bundle.tar.gz'), '-C', out])
  const all = execFileSync('grep', ['-r', '', out], { encoding: 'utf8' }).replaceAll(`${out}/`, '')
  expect(all).toContain('"type":"error"')
  for (const secret of [rig.dir, 'annalisa', 'a-secret-of-mine']) expect(all).not.toContain(secret)
})
