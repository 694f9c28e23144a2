/** Lab files that were damaged: every problem is a diagnostic with a place in the text, and nothing is thrown. */
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from '../engine/printable.ts'
import { mutated } from '../test/mutate.ts'
import { render } from './text/diagnostic.ts'
import { EXAMPLE, HOST } from './lab.fixture.ts'
import { loadLab } from './load.ts'
import { diskFiles } from './paths.ts'

const load = (bytes: Uint8Array) =>
  loadLab(path.join('/nowhere', 'lab.yaml'), {
    shown: 'lab.yaml',
    bytes,
    toolRoot: '/nowhere',
    host: HOST,
    files: diskFiles,
  })

const check = (bytes: Buffer) => {
  const { lab, errors, warnings, text } = load(bytes)
  expect(lab === undefined).toBe(errors.length > 0)
  // As many as a person is shown.
  for (const diagnostic of [...errors, ...warnings].slice(0, 100)) {
    const [from, to] = diagnostic.range
    expect(from).toBeGreaterThanOrEqual(0)
    expect(to).toBeLessThanOrEqual(text.length + 1)
    for (const line of render(diagnostic)) expect(line).toBe(printable(line))
  }
}

test('mutated lab files', () => {
  fc.assert(fc.property(mutated(Buffer.from(EXAMPLE)), check), { numRuns: 400 })
})

test.each([
  [
    'an alias bomb',
    `a: &a [x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *${i === 0 ? 'a' : `b${i - 1}`}]`).join('\n')}\n`,
  ],
  ['nesting without end', `lab: ${'['.repeat(20_000)}`],
  ['maps in maps', `lab: ${'{a: '.repeat(5000)}`],
  ['a key of a megabyte', `${'k'.repeat(1 << 20)}: 1\n`],
  ['two thousand keys', Array.from({ length: 2000 }, (_, i) => `key${i}: ${i}`).join('\n')],
  ['a list of 130 thousand values', `lab: [${'1,'.repeat(130_000)}]\n`],
  ['a map of 80 thousand keys', `lab: {${Array.from({ length: 80_000 }, (_, i) => `k${i}: 1`).join(', ')}}\n`],
  ['80 thousand keys that nobody knows', Array.from({ length: 80_000 }, (_, i) => `k${i}: 1`).join('\n')],
  ['80 thousand times the same key', `lab: {${'k: 1, '.repeat(80_000)}}\n`],
  ['100 thousand numbers in disguise', `lab: [${'0x1,'.repeat(100_000)}]\n`],
  ['100 thousand aliases of nothing', `lab: [${'*a ,'.repeat(100_000)}]\n`],
  ['a parameter with one value 100 thousand times', EXAMPLE.replace('[16]', `[${'16,'.repeat(100_000)}]`)],
  ['__proto__', `lab: x\n__proto__: { kernels: 1 }\nkernels: { __proto__: { source: 1 }, constructor: 1 }\n`],
  [
    'names that every object has',
    `lab: { toString: 1, valueOf: 2 }\nkernels: [{ toString: 1 }]\nvms: { toString: [{ valueOf: 1 }] }\n`,
  ],
  ['such a name where a text is expected', EXAMPLE.replace('run: "', 'run: { toString: 1 } #')],
  ['such a name in a list of values', EXAMPLE.replace('[16]', '[{ toString: 1, valueOf: 1 }]')],
  ['such a name in an expectation', EXAMPLE.replace('["ext4 file read"', '[{ toString: 1 }, "ext4 file read"')],
  [
    'such a name for a slot',
    EXAMPLE.replace('    repeat: 5', '    maps: { m: { toString: { toString: 1 } } }\n    repeat: 5'),
  ],
  ['tags', `lab: !!binary aGk=\nkernels: !!set { a, b }\nvms: !!timestamp 2001-01-01\n`],
  ['two documents', `${EXAMPLE}---\nlab: other\n`],
  ['a byte order mark and CRLF', `\ufeff${EXAMPLE.replaceAll('\n', '\r\n')}`],
])('%s', (_what, text) => check(Buffer.from(text)), 120_000)
