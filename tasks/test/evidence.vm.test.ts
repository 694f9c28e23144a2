/** Results as evidence: a real run, checked, packed, tampered with, and made again. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { hashFile } from '../engine/fingerprint.ts'
import { which } from '../host/which.ts'
import { edit, forged, type Forged, type Loose } from './forge.ts'
import { ManifestSchema, ProbesSchema } from '../results/manifest.ts'
import { NO_NETWORK, OFFLINE } from './namespace.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
let [run, other] = ['', '']
const at = (name: string) => join(lab.dir, 'results/readiter', run, name)

beforeAll(async () => {
  const { status, stderr } = await lab.lab(['run', 'readiter', '--kernel', 'v5.10', '--repeat', '2'])
  if (status !== 0) throw new Error(stderr)
  ;[other = '', run = ''] = readdirSync(join(lab.dir, 'results/readiter')).toSorted()
})
afterAll(() => lab.remove())

test('a result that nobody touched is as recorded', async () => {
  const { status, stdout } = await lab.lab(['verify', run])
  expect(stdout).toContain('all as recorded')
  expect(stdout).toContain('ok  expectations: as recorded')
  expect(status).toBe(0)
})

test('the schema describes every field of a manifest and of probes.json', () => {
  const read = (name: string) => JSON.parse(lab.read(join('results/readiter', run, name))) as unknown
  // A schema drops what it does not describe.
  expect(ManifestSchema.parse(read('manifest.json'))).toEqual(read('manifest.json'))
  expect(ProbesSchema.parse(read('probes.json'))).toEqual(read('probes.json'))
})

test('neither a result nor a pack names a directory of this machine', async () => {
  const here = [lab.dir, cacheDir(process.env)]
  const dir = join(lab.dir, 'results/readiter', run)
  const namesOne = (bytes: Buffer) => here.filter((place) => bytes.includes(place))
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(5)
  for (const { parentPath, name } of files)
    expect([name, namesOne(readFileSync(join(parentPath, name)))]).toEqual([name, []])
  const pack = join(lab.dir, 'places.tar.gz')
  expect((await lab.lab(['export', run, '-o', pack])).status).toBe(0)
  expect(namesOne(gunzipSync(readFileSync(pack)))).toEqual([])
})

describe('a result that somebody touched is refused:', () => {
  test.each<[string, string, (text: string) => string, string]>([
    ['a verdict', 'manifest.json', (text) => text.replace('"verdict": "passed"', '"verdict": "failed"'), 'verdict'],
    ['a digest', 'manifest.json', (text) => text.replace(/"digest": "./, '"digest": "x'), 'digest of the events'],
    ['a sequence', 'manifest.json', (text) => text.replace(/"sequence": "./, '"sequence": "x'), 'sequence'],
    ['a number of events', 'manifest.json', (text) => text.replace(/"events": \d+/, '"events": 7'), 'trace'],
    ['a line of stdout', 'stdout', (text) => `${text}x`, 'stdout: is not what was recorded'],
    [
      'a hash that leads elsewhere',
      'manifest.json',
      (text) => text.replace('"stdout":', '"../../x":'),
      'is not the name of a result file',
    ],
  ])('%s', async (_name, file, change, fact) => {
    const before = readFileSync(at(file), 'utf8')
    writeFileSync(at(file), change(before))
    const { status, stdout } = await lab.lab(['verify', run])
    writeFileSync(at(file), before)
    expect(stdout).toContain('NOT OK')
    expect(stdout).toContain(fact)
    expect(status).toBe(1)
  })

  test('what it was made of', async () => {
    const inputs = join(lab.dir, 'results/.inputs')
    const kept = readdirSync(inputs).find((name) => name.startsWith('lab-')) ?? ''
    const file = join(inputs, kept, 'bpf/readiter.bpf.c')
    const before = readFileSync(file, 'utf8')
    appendFileSync(file, '// better\n')
    const { status, stdout } = await lab.lab(['verify', run])
    writeFileSync(file, before)
    expect(stdout).toContain(`inputs ${kept}: are not what they were`)
    expect(status).toBe(1)
  })
})

/** What the manifest of an import says of its file. */
const IMPORTED = {
  file: 'x',
  kept: 'trace.txt',
  bytes: 1,
  form: 'text',
  lines: 1,
  headings: 0,
  inProse: 0,
  backwards: 0,
  unclosedCalls: 0,
  unopenedReturns: 0,
}

describe('a result that was changed by somebody who makes all hashes fit is refused:', () => {
  const lines =
    (change: (text: string) => string) =>
    ({ dir }: Forged) =>
      edit(join(dir, 'holder.ndjson'), change)
  const says =
    (change: (manifest: Loose) => void) =>
    ({ manifest }: Forged) =>
      change(manifest)
  test.each<[string, (copy: Forged) => void, string]>([
    ['the raw trace is gone', ({ dir }) => rmSync(join(dir, 'trace.dat')), 'trace.dat'],
    [
      'everything of the trace is gone',
      ({ dir }) => ['trace.dat', 'events.parquet', 'sequence.txt'].forEach((name) => rmSync(join(dir, name))),
      'trace.dat',
    ],
    ['how the workload ended', lines((text) => text.replace('"status":0', '"status":3')), 'workload'],
    ['how long it took', says((manifest) => (manifest.workload.ms += 1)), 'workload'],
    [
      'hits',
      ({ dir }) => edit(join(dir, 'probes.json'), (text) => text.replace('"hits": 3', '"hits": 4')),
      'probes.json',
    ],
    ['hits as the loader counted them', lines((text) => text.replace('"hits":3', '"hits":4')), 'probes.json'],
    [
      'the table of events',
      ({ dir }) => cpSync(join(lab.dir, 'results/readiter', other, 'events.parquet'), join(dir, 'events.parquet')),
      'events.parquet',
    ],
    [
      'the sequence',
      ({ dir }) => edit(join(dir, 'sequence.txt'), (text) => text.replace('generic', 'other')),
      'sequence.txt',
    ],
    ['the command', says((manifest) => (manifest.workload.argv[1] = '/data/g')), 'command'],
    ['the kernel release', says((manifest) => (manifest.kernel.release = '6.1.0')), 'kernel release'],
    ['the name of the kernel', says((manifest) => (manifest.kernel.name = 'v6.1')), 'kernel v6.1'],
    ['the kernel', says((manifest) => (manifest.kernel.fingerprint = 'f'.repeat(64))), 'kernel'],
    ['the image', says((manifest) => (manifest.image.fingerprint = 'f'.repeat(64))), 'image'],
    ['the lab file', says((manifest) => (manifest.lab.text += '#')), 'lab file'],
    ['the clock', says((manifest) => (manifest.trace.clock = 'boot')), 'clock of the trace'],
    ['losses', says((manifest) => (manifest.trace.losses.overrun = 5)), 'losses'],
    ['counters of a CPU', says((manifest) => (manifest.trace.perCpu[0].read = 5)), 'losses'],
    ['what a loss means', says((manifest) => (manifest.trace.onLoss = 'warn')), 'clock and buffers'],
    ['no digest', says((manifest) => delete manifest.trace.digest), 'digest of the events'],
    ['no sequence', says((manifest) => delete manifest.sequence), 'sequence'],
    ['no metrics', says((manifest) => delete manifest.metrics), 'metrics'],
    ['no isolation', says((manifest) => delete manifest.isolation), 'isolation'],
    ['another start', says((manifest) => (manifest.started = '2020-01-01T00:00:00.000Z')), 'start'],
    ['it had no guest', says((manifest) => (manifest.guest.vm = 'none')), 'verdict'],
    ['it is an import', says((manifest) => (manifest.imported = { ...IMPORTED, kept: 'trace.dat' })), 'imported'],
    [
      'what is expected',
      ({ lab: kept }) => edit(join(kept, 'lab.yaml'), (text) => text.replaceAll('- ext4 file read', '- another read')),
      'lab file',
    ],
  ])('%s', async (_, change, what) => {
    expect((await forged(at(''), change)).map((finding) => finding.what)).toContain(what)
  })

  test('an honest copy is not', async () => {
    expect(await forged(at(''), () => undefined)).toEqual([])
  })

  test('a pattern that never comes to an end has a deadline', async () => {
    const never = '      - messages: { "/^(?:.|.)+QQ$/": 0 }\n'
    const found = await forged(
      at(''),
      ({ lab: kept, manifest }) => {
        edit(join(kept, 'lab.yaml'), (text) => {
          const from = text.indexOf('\n  readiter:', text.indexOf('\nexperiments:'))
          return text.slice(0, from) + text.slice(from).replace('\n    expect:\n', `\n    expect:\n${never}`)
        })
        manifest.lab.text = readFileSync(join(kept, 'lab.yaml'), 'utf8')
      },
      3000,
    )
    expect(found.map(({ fact }) => fact).join()).toContain('may never come to an end')
  })
})

test('a pack whose methods say something else than its results is refused', async () => {
  const dir = join(lab.dir, 'pack')
  const file = join(dir, 'again.tar.gz')
  expect((await lab.lab(['export', 'readiter', '-o', join(lab.dir, 'm.tar.gz')])).status).toBe(0)
  mkdirSync(dir)
  expect(spawnSync('tar', ['-xzf', join(lab.dir, 'm.tar.gz'), '-C', dir]).status).toBe(0)
  const names = readFileSync(join(dir, 'SHA256SUMS'), 'utf8')
    .split('\n')
    .filter((line) => /^[0-9a-f]/.test(line))
    .map((line) => line.slice(66))
  // Whoever reads a pack learns nothing of where it was made.
  const places = [lab.dir, resolve(cacheDir(process.env))]
  for (const name of names) {
    const bytes = readFileSync(join(dir, name))
    expect([name, places.filter((place) => bytes.includes(place))]).toEqual([name, []])
  }
  const packed = async () => {
    const sums = await Promise.all(names.map(async (name) => `${await hashFile(join(dir, name))}  ${name}\n`))
    writeFileSync(join(dir, 'SHA256SUMS'), sums.join(''))
    expect(spawnSync('tar', ['-czf', file, '-C', dir, ...names, 'SHA256SUMS']).status).toBe(0)
    return await lab.lab(['verify', file])
  }
  expect((await packed()).status).toBe(0)
  edit(join(dir, 'methods.md'), (text) => text.replace('met every', 'nearly met every'))
  const { status, stdout } = await packed()
  expect(stdout).toContain('NOT OK  methods.md: is not what this version of lab says')
  expect(status).toBe(1)
  // Another version has other words for the same.
  edit(join(dir, 'methods.md'), (text) => text.replace(/^Written by lab .*/m, 'Written by lab 0.0.1'))
  const later = await packed()
  expect(later.stdout).toContain('?  methods and figures: lab 0.0.1 wrote them')
  expect(later.status).toBe(0)
})

test('a pack is the same bytes each time, is checked without the lab, and refused when one bit differs', async () => {
  const [a, b] = [join(lab.dir, 'a.tar.gz'), join(lab.dir, 'b.tar.gz')]
  for (const file of [a, b]) expect((await lab.lab(['export', 'readiter', '-o', file])).status).toBe(0)
  expect(readFileSync(a).equals(readFileSync(b))).toBe(true)
  const elsewhere = new Rig(false)
  const good = await elsewhere.lab(['verify', a])
  expect(good.stdout).toContain('2 results, all as recorded')
  expect(good.status).toBe(0)
  const bytes = readFileSync(a)
  bytes.writeUInt8(bytes.readUInt8(Math.floor(bytes.length / 2)) ^ 1, Math.floor(bytes.length / 2))
  writeFileSync(a, bytes)
  expect((await elsewhere.lab(['verify', a])).status).not.toBe(0)
  writeFileSync(a, 'no archive')
  const junk = await elsewhere.lab(['verify', a])
  expect(junk.stderr).toContain('not a complete evidence pack')
  expect(junk.status).toBe(2)
  elsewhere.remove()
})

test(
  'a pack brings the source of a kernel that is built here: without a network, all that is left to do is compile it',
  NO_NETWORK,
  async () => {
    const pack = join(lab.dir, 'inputs.tar.gz')
    const { inputs } = (await lab.answer(['export', run, '--with-inputs', '-o', pack])) as { inputs: string[] }
    expect(inputs.some((name) => name.endsWith('-linux-source-5.10.deb'))).toBe(true)
    // A compile takes minutes: this make stops before it, and keeps a file that the lab has changed by then.
    const [bin, seen] = ['bin', 'seen.c'].map((name) => join(lab.dir, name))
    mkdirSync(bin ?? '')
    const script = `#!/bin/sh
case " $* " in *" bzImage "*) cp "$2/lib/iov_iter.c" ${seen}; echo 'error: stopped here' >&2; exit 2 ;; esac
exec ${which('make')} "$@"
`
    writeFileSync(join(bin ?? '', 'make'), script, { mode: 0o755 })
    const [program, ...words] = [...OFFLINE, join(TOOL_ROOT, 'lab'), 'reproduce', pack]
    const { stderr } = spawnSync(program, words, {
      encoding: 'utf8',
      cwd: lab.dir,
      env: { ...process.env, CI: 'true', PATH: `${bin}:${process.env['PATH']}` },
    })
    expect(stderr).toContain('error: stopped here')
    expect(readFileSync(seen ?? '', 'utf8')).toContain('copyout_giulia')
  },
)

test('a run that is made again comes out the same; what is not kept cannot be', async () => {
  // The cache is shared: building a kernel again is what the reproducible-build test is for.
  const { status, stdout, stderr } = await lab.lab(['reproduce', run, '--cache', cacheDir(process.env)])
  expect(stderr).not.toContain('error')
  expect(stdout).toContain('same  sequence: 18 messages of the workload')
  expect(stdout).toContain('same  kernel: bzImage is the same, bit for bit')
  expect(status).toBe(0)
  rmSync(join(lab.dir, 'results/.inputs'), { recursive: true })
  const gone = await lab.lab(['reproduce', run, '--cache', cacheDir(process.env)])
  expect(gone.status).toBe(2)
  expect(gone.stderr).toContain('was not kept')
})
