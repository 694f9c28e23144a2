import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MANIFEST } from './run.fixture.ts'
import { tempDir } from '../test/temp-dir.ts'
import { definitionOf, type DefinedBy } from './definition.ts'
import { leftOutText, ofOneDefinition } from './one-definition.ts'

const LAB = `lab: small
kernels: { v5.10: { source: { package: linux-source-5.10, suite: bullseye, version: '1', sha256: ${'a'.repeat(64)} } } }
images: { minimal: { recipe: image } }
vms:
  default:
    kernel: v5.10
    image: minimal
    disks: { data: { fs: ext4, size: 64M, mount: /data, files: { f: "1 2 3" } } }
probes: { p: { source: p.bpf.c }, q: { source: q.bpf.c } }
experiments:
  e:
    about: How long a read takes.
    probes: [p]
    workload: { source: w.c, run: "w --bytes \${bytes}" }
    params: { bytes: [16] }
    before: [drop-caches]
    metrics: { ns: { stdout: "took ([0-9]+)" } }
    repeat: 3
    expect: [{ hits: { prog: ">=1" } }]
  other: { probes: [q], workload: { run: "true" } }
`

const KEPT = `lab-${'0'.repeat(32)}`

/** Kept inputs with these sources. @returns results/.inputs */
function inputs(sources: Readonly<Record<string, string>>): string {
  const dir = tempDir()
  for (const [name, text] of Object.entries({ 'lab.yaml': LAB, ...sources })) {
    mkdirSync(dirname(join(dir, KEPT, name)), { recursive: true })
    writeFileSync(join(dir, KEPT, name), text)
  }
  return dir
}

const SOURCES = { 'p.bpf.c': '#include "p.h"\n', 'p.h': '#define P 1\n', 'w.c': 'int main;\n', 'unused.h': '' }
const OBJECTS = { 'lab-holder': '1', 'p.bpf.o': '2', 'q.bpf.o': '3', w: '4' }

const run = (more: Partial<DefinedBy> = {}): DefinedBy => ({
  experiment: 'e',
  arm: { name: 'bytes=16' },
  lab: { text: LAB },
  inputs: { lab: KEPT },
  objects: OBJECTS,
  kernel: { name: 'v5.10', fingerprint: 'k' },
  image: { name: 'minimal', fingerprint: 'i' },
  guest: {},
  plan: { start: 'shared' },
  workload: { argv: ['/run/lab/bundle-1/w', '--bytes', '16'] },
  ...more,
})

const edited = (from: string, to: string): Partial<DefinedBy> => {
  expect(LAB).toContain(from)
  return { lab: { text: LAB.replace(from, to) } }
}

/** A run with a share whose contents were counted and not read. */
const withShare = (more: { readonly write?: boolean; readonly bytes?: number }): DefinedBy =>
  run({ guest: { shares: [{ mount: '/in', write: false, files: 12, bytes: 2 ** 31 + 1, sha256: null, ...more }] } })

interface Made {
  readonly of: DefinedBy
  readonly sources?: Readonly<Record<string, string>>
}

/** What is left out of two runs, the second being the newer one. */
function between(older: Made, newer: Made): readonly string[] {
  const runs = [older, newer].map(({ of, sources = SOURCES }, index) => ({
    run: `r${index}`,
    started: `2026-01-0${index + 1}T00:00:00.000Z`,
    definition: definitionOf(of, inputs(sources)),
  }))
  const chosen = ofOneDefinition('e', runs, (found) => found)
  return chosen?.leftOut.flatMap(({ differs }) => differs) ?? []
}

describe('a run of another definition is left out, with what differs:', () => {
  const same: Made = { of: run() }
  test.each<[string, Made, readonly string[], Made?]>([
    ['nothing', same, []],
    [
      'the command',
      { of: run(edited('w --bytes', 'w --fast --bytes')) },
      ['workload command (w --fast --bytes ${bytes}, now w --bytes ${bytes})'],
    ],
    [
      'the source of the workload',
      { of: run({ objects: { ...OBJECTS, w: '5' } }), sources: { ...SOURCES, 'w.c': 'int main2;\n' } },
      ['source of the workload'],
    ],
    ['the compiler of the workload', { of: run({ objects: { ...OBJECTS, w: '5' } }) }, ['w for v5.10']],
    ['a header of the probe', { of: run(), sources: { ...SOURCES, 'p.h': '#define P 2\n' } }, ['source of probe p']],
    ['the build of the probe', { of: run({ objects: { ...OBJECTS, 'p.bpf.o': '9' } }) }, ['p.bpf.o for v5.10']],
    [
      'the kernel, and with it all that was built for it',
      { of: run({ kernel: { name: 'v5.10', fingerprint: 'l' }, objects: { ...OBJECTS, 'p.bpf.o': '9' } }) },
      ['kernel v5.10'],
    ],
    ['the image', { of: run({ image: { name: 'minimal', fingerprint: 'j' } }) }, ['image minimal']],
    [
      'the recorder',
      { of: run({ objects: { ...OBJECTS, 'lab-holder': '9' } }) },
      [expect.stringMatching(/^lab itself or its compiler was updated \(lab-holder [0-9a-f]{8} -> [0-9a-f]{8}\)$/)],
    ],
    ['a file on a disk', { of: run(edited('1 2 3', '4 5 6')) }, ['disk data']],
    ['before:', { of: run(edited('drop-caches', '{ pin: 1 }')) }, ['before ([{"pin":1}], now ["drop-caches"])']],
    [
      'a share that was too large to read',
      { of: withShare({ bytes: 2 ** 31 }) },
      ['contents of the share /in (12 files, 2147483648 bytes, not read, now 12 files, 2147483649 bytes, not read)'],
      { of: withShare({}) },
    ],
    [
      'a share that the guest writes to',
      { of: withShare({ write: true, bytes: 1 }) },
      [],
      { of: withShare({ write: true }) },
    ],
    ['start:', { of: run({ plan: { start: 'warm' } }) }, ['start (warm, now shared)']],
    [
      'the memory',
      { of: run(edited('image: minimal\n', 'image: minimal\n    memory: 2G\n')) },
      ['VM memory (2147483648, now 1073741824)'],
    ],
    [
      'a metric',
      { of: run(edited('took ([', 'spent ([')) },
      ['metric ns ({"stdout":"spent ([0-9]+)"}, now {"stdout":"took ([0-9]+)"})'],
    ],
    [
      'an expectation',
      { of: run(edited('">=1"', '">=2"')) },
      ['expect ([{"hits":{"prog":">=2"}}], now [{"hits":{"prog":">=1"}}])'],
    ],
    ['a sealed boot', { of: run({ guest: { deterministic: true } }) }, ['deterministic (yes, now none)']],
    [
      'a key that one of them lacks',
      { of: run(edited('    repeat: 3', '    trace: { function_graph: { functions: [f] } }\n    repeat: 3')) },
      ['trace functionGraph ({"functions":["f"],"depth":0}, now none)'],
    ],
  ])('%s', (_, older, differs, newer = same) => {
    expect(between(older, newer)).toEqual(differs)
  })
})

test('what does not decide a run is no difference: comments, repeats, other experiments, other probes, unused headers', () => {
  const text = LAB.replace('lab: small', '# new\nlab: small')
    .replace('repeat: 3', 'repeat: 30')
    .replace('How long', 'How very long')
    .replace('"true"', '"false"')
    .replace('[16]', '[16, 64]')
  const of = run({ lab: { text }, objects: { ...OBJECTS, 'q.bpf.o': '9' }, arm: { name: 'bytes=64' } })
  const sources = { ...SOURCES, 'unused.h': 'int x;\n' }
  expect(between({ of }, { of: run(), sources })).toEqual([])
})

test('arms of other kernels and probes are of one definition, as long as what they share is the same', () => {
  const newer = run({
    kernel: { name: 'v6.1', fingerprint: 'm' },
    objects: { 'lab-holder': '1', 'p.bpf.o': '7', w: '8' },
  })
  expect(between({ of: run() }, { of: newer })).toEqual([])
  const changed = { of: newer, sources: { ...SOURCES, 'p.bpf.c': 'int p;\n' } }
  expect(between({ of: run() }, changed)).toEqual(['source of probe p'])
})

test('a result of an earlier version, or with a lab file that cannot be read, has a definition too', () => {
  expect(definitionOf(MANIFEST, inputs(SOURCES))?.id).toMatch(/^[0-9a-f]{12}$/)
  const unreadable = between({ of: run({ lab: { text: 'lab: {' } }) }, { of: run() })
  expect(unreadable).toContain('lab file, which this version of lab cannot read')
  expect(definitionOf(run({ imported: { file: 'f' } }), inputs(SOURCES))).toBeUndefined()
})

test('a kept source leads nowhere outside of what was kept', () => {
  const dir = inputs({ ...SOURCES, 'p.bpf.c': '#include "/etc/passwd"\n#include "../../secret.h"\n' })
  writeFileSync(join(dir, '..', 'secret.h'), 'one')
  const first = definitionOf(run(), dir)
  writeFileSync(join(dir, '..', 'secret.h'), 'two')
  expect(definitionOf(run(), dir)).toEqual(first)
})

describe('one definition of many', () => {
  const at = (day: number, more: Partial<DefinedBy>) => ({
    run: `r${day}`,
    started: `2026-01-0${day}T00:00:00.000Z`,
    definition: definitionOf(run(more), '/nowhere'),
  })
  const runs = [
    at(1, { plan: { start: 'cold' } }),
    at(2, { plan: { start: 'warm' } }),
    at(3, {}),
    at(4, { plan: { start: 'warm' } }),
    at(5, {}),
  ]
  const chosen = (wanted?: string) => ofOneDefinition('e', runs, (found) => found, wanted)

  test('the newest, with a line for each of the others', () => {
    const result = chosen()
    expect(result?.runs.map(({ run: name }) => name)).toEqual(['r3', 'r5'])
    expect(result?.leftOut.map((left) => [left.runs, left.differs])).toEqual([
      [['r2', 'r4'], ['start (warm, now shared)']],
      [['r1'], ['start (cold, now shared)']],
    ])
    expect(leftOutText(result?.leftOut[0] ?? ({} as never))).toMatch(
      /^2 runs of e \(2026-01-02 00:00 to 2026-01-04 00:00 UTC, definition [0-9a-f]{12}\) are left out, because this differs: start \(warm, now shared\)$/,
    )
  })

  test('by its name, the beginning of it, or a run that has it', () => {
    const id = runs[1]?.definition?.id ?? ''
    for (const wanted of [id, id.slice(0, 6), 'r2'])
      expect(chosen(wanted)?.runs.map(({ run: name }) => name)).toEqual(['r2', 'r4'])
    expect(chosen('ffffffffffff')).toBeUndefined()
  })
})
