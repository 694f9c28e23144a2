/**
 * Results as evidence without a VM: imported runs, packs of them, and results that somebody broke; nothing of it is a
 * bug of lab's.
 */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { which } from '../host/which.ts'
import type { Loose } from './forge.ts'
import { recording } from './recording.ts'
import { Rig } from './rig.ts'
import { needs } from './needs.ts'

const rig = new Rig(false)
afterAll(() => rig.remove())

const TEXT = Array.from({ length: 40 }, (_, at) => `  cat-12 [000] d... 1.0000${10 + at}: bpf_trace_printk: line ${at}`)
let run = ''
const dirOf = (name = run, experiment = 'notes') => join(rig.dir, 'results', experiment, name)

beforeAll(async () => {
  expect((await rig.lab(['init', '.'])).status).toBe(0)
  rig.write('log.txt', `${TEXT.join('\n')}\nno line of a trace\n`)
  expect((await rig.lab(['import', 'log.txt', '--name', 'notes'])).status).toBe(0)
  run = readdirSync(join(rig.dir, 'results/notes'))[0] ?? ''
})

/** Changes the manifest of a copy of the run, and its files; hashes fit again. */
function changed(name: string, change: (manifest: Loose, dir: string) => void): string {
  const copy = `${run.slice(0, -8)}${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
  cpSync(dirOf(), dirOf(copy), { recursive: true })
  const file = join(dirOf(copy), 'manifest.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Loose
  manifest.run = copy
  change(manifest, dirOf(copy))
  for (const [one, hash] of Object.entries(manifest.sha256 ?? {}))
    if (typeof hash === 'string' && !one.includes('/'))
      manifest.sha256[one] = createHash('sha256')
        .update(readFileSync(join(dirOf(copy), one)))
        .digest('hex')
  writeFileSync(file, JSON.stringify(manifest, null, 1))
  return copy
}

test('an imported run is what its file says, and so is a pack of it', async () => {
  const verified = await rig.lab(['verify', run])
  expect(verified.stdout).toContain('ok  import: 40 events, as recorded')
  expect(verified.stdout).toMatch(/\?\s+origin: nobody recorded where trace\.txt was made/)
  expect(verified.status).toBe(0)
  expect((await rig.lab(['export', run, '-o', 'p.tar.gz'])).status).toBe(0)
  const pack = await rig.lab(['verify', 'p.tar.gz'])
  expect(pack.stdout).toContain('ok  methods and figures: are what the results say')
  expect(pack.stdout).toContain('1 result, all as recorded')
  expect(pack.status).toBe(0)
})

test('many packs are a table: what is whole, what is not, and CSV for a spreadsheet', async () => {
  expect((await rig.lab(['export', '--all', '--author', 'Ann O’Hara', '--json'])).status).toBe(0)
  const name = 'Ann-O-Hara-all.evidence.tar.gz'
  writeFileSync(join(rig.dir, 'half.evidence.tar.gz'), readFileSync(join(rig.dir, name)).subarray(0, 500))
  const packs = [name, 'half.evidence.tar.gz']
  const { status, stdout } = await rig.lab(['verify', ...packs])
  expect(stdout).toMatch(/^Ann-O-Hara-all +yes +0 +0$/m)
  expect(stdout).toMatch(/^half +NO +0 +0$/m)
  expect(stdout).toContain('half: this is not a complete evidence pack')
  expect(stdout).toContain('2 packs: 1 sound, 0 passed')
  expect(status).toBe(1)
  const against = await rig.lab(['verify', name, '--against', 'lab.yaml', '--csv'])
  expect(against.stdout).toBe(
    'pack,sound,passed,not_passed,differs,problem\nAnn-O-Hara-all,yes,0,0,no lab file was kept,""\n',
  )
  expect((await rig.lab(['verify', name, 'last'])).stderr).toContain('last is not an evidence pack')
  expect((await rig.lab(['export'])).stderr).toContain('which runs?')
})

test(
  'an imported trace.dat too',
  needs(which('trace-cmd') !== undefined, 'there is no trace-cmd (package trace-cmd)'),
  async () => {
    writeFileSync(join(rig.dir, 't.dat'), recording([Buffer.from('one'), Buffer.from('two')]))
    expect((await rig.lab(['import', 't.dat', '--name', 'dat'])).status).toBe(0)
    const { status, stdout } = await rig.lab(['verify', readdirSync(join(rig.dir, 'results/dat'))[0] ?? ''])
    expect(stdout).toContain('ok  import: 2 events, as recorded')
    expect(status).toBe(0)
  },
)

describe('an imported run that was changed is refused, although its hashes fit:', () => {
  test.each<[string, (manifest: Loose, dir: string) => void, string]>([
    ['the number of events', (manifest) => (manifest.trace.events = 41), 'trace: not what'],
    ['what was lost', (manifest) => (manifest.trace.completeness = 'complete'), 'trace: not what'],
    ['lines that were not understood', (manifest) => (manifest.imported.headings = 7), 'imported: not what'],
    ['a verdict', (manifest) => (manifest.verdict = 'passed'), 'verdict: not what'],
    [
      'the file',
      (_, dir) => writeFileSync(join(dir, 'trace.txt'), TEXT.join('\n').replace('line 7', 'line 8')),
      'events.parquet: has not the events of the file',
    ],
  ])('%s', async (name, change, fact) => {
    const { status, stdout } = await rig.lab(['verify', changed(name, change)])
    expect(stdout).toContain(`NOT OK  ${fact}`)
    expect(status).toBe(1)
  })
})

describe('what somebody can do to a result is reported, and is no bug of lab:', () => {
  test.each<[string, (manifest: Loose, dir: string) => void, RegExp]>([
    ['no hashes', (manifest) => (manifest.sha256 = null), /sha256/],
    ['a hash of a directory', (manifest, dir) => (mkdirSync(join(dir, 'd')), (manifest.sha256 = { d: 1 })), /sha256/],
    [
      'a link in the place of a file',
      (_, dir) => (rmSync(join(dir, 'trace.txt')), symlinkSync('/etc/hostname', join(dir, 'trace.txt'))),
      /trace\.txt: is not a file/,
    ],
    [
      'inputs that are elsewhere',
      (manifest) => {
        delete manifest.imported
        manifest.inputs = { lab: '../../../secret', kernel: 'x', image: 'y' }
      },
      /(?:is not the name of a file|is not the name of kept inputs)/,
    ],
    [
      'inputs that are not there',
      (manifest) => {
        delete manifest.imported
        manifest.inputs = Object.fromEntries(
          ['lab', 'kernel', 'image'].map((kind) => [kind, `${kind}-${'0'.repeat(32)}`]),
        )
      },
      /are missing/,
    ],
    [
      'half a manifest',
      (manifest) =>
        Object.keys(manifest)
          .filter((key) => !['started', 'experiment', 'run'].includes(key))
          .forEach((key) => delete manifest[key]),
      /this version of lab cannot read|there is no run/,
    ],
  ])('%s', async (name, change, fact) => {
    const copy = changed(`broken ${name}`, change)
    const verified = await rig.lab(['verify', copy])
    expect([1, 2]).toContain(verified.status)
    const exported = await rig.lab(['export', copy, '-o', 'broken.tar.gz'])
    expect(exported.status).toBe(2)
    expect(`${verified.stdout}${verified.stderr}${exported.stderr}`).toMatch(fact)
    expect(readdirSync(rig.dir)).not.toContain('broken.tar.gz')
    const compared = await rig.lab(['diff', copy, run])
    expect([0, 2]).toContain(compared.status)
    rmSync(dirOf(copy), { recursive: true })
  })

  test('inputs in whose place a file stands', async () => {
    const kept = join(rig.dir, 'results/.inputs')
    mkdirSync(kept, { recursive: true })
    const copy = changed('broken file', (manifest) => {
      delete manifest.imported
      manifest.inputs = Object.fromEntries(
        ['lab', 'kernel', 'image'].map((kind) => [kind, `${kind}-${'0'.repeat(32)}`]),
      )
    })
    for (const kind of ['lab', 'kernel', 'image']) writeFileSync(join(kept, `${kind}-${'0'.repeat(32)}`), '')
    const { status, stdout } = await rig.lab(['verify', copy])
    expect(stdout).toContain('are not a directory')
    expect(status).toBe(1)
  })
})

test('a group of runs with a manifest of something else is refused by name', async () => {
  mkdirSync(dirOf('20260101-000000-0000aaaa', 'foreign'), { recursive: true })
  writeFileSync(
    join(dirOf('20260101-000000-0000aaaa', 'foreign'), 'manifest.json'),
    '{"started":"2026","experiment":"foreign"}',
  )
  const { status, stderr } = await rig.lab(['diff', 'foreign', 'notes'])
  expect(stderr).toContain('this version of lab cannot read')
  expect(status).toBe(2)
})

test('a TMPDIR that is not there, and a directory in the place of a format', async () => {
  const verified = await rig.lab(['verify', 'p.tar.gz'], { TMPDIR: '/nonexistent' })
  expect(verified.stderr).toContain('set TMPDIR')
  expect(verified.status).toBe(69)
  const struct = await rig.lab(['tracepoint', '.'])
  expect(struct.stderr).toContain('this is a directory')
  expect(struct.status).toBe(2)
})
