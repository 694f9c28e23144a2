import { expect, test } from 'vitest'
import { LineCounter, parseDocument } from 'yaml'
import type { Problem } from './diagnostic.ts'
import { type YamlText, locate, pathText, rangeOf, sourceOf } from './yaml-location.ts'

const TEXT = `lab: x
kernels:
  5.4:
    config: [a, &b bb]
    options: &o { A: 5.10, B: }
  v6:
    options: *o
    config: [*b]
about: "say \${x}"
folded: >
  say
  \${x} y y
`

function parse(text: string): YamlText {
  const lines = new LineCounter()
  return { file: 'lab.yaml', text, lines, document: parseDocument(text, { lineCounter: lines }) }
}

const yaml = parse(TEXT)
const textAt = (problem: Pick<Problem, 'path' | 'at' | 'span'>) => TEXT.slice(...rangeOf(yaml, problem))

test.each([
  ['a value', ['lab'], 'value', 'x'],
  ['a key', ['lab'], 'key', 'lab'],
  ['a key that is a number', ['kernels', '5.4'], 'key', '5.4'],
  ['an entry of a list', ['kernels', '5.4', 'config', 0], 'value', 'a'],
  ['an entry with an anchor', ['kernels', '5.4', 'config', 1], 'value', 'bb'],
  ['a missing key: its parent', ['kernels', 'v6'], 'missing', 'v6'],
  ['a missing key of the file: the first key', [], 'missing', 'lab'],
  ['a missing key of a list entry: the entry', ['kernels', '5.4', 'config', 0], 'missing', 'a'],
  ['a key without a value: the key', ['kernels', '5.4', 'options', 'B'], 'value', 'B'],
  ['an alias itself', ['kernels', 'v6', 'options'], 'value', '*o'],
  ['inside an alias: where the anchor is', ['kernels', 'v6', 'options', 'A'], 'value', '5.10'],
  ['a path that is not there: the nearest around it', ['kernels', 'v6', 'options', 'C', 'd'], 'value', 'options'],
  ['nothing of the path is there', ['nope', 'x'], 'value', 'lab'],
] as const)('%s', (_, path, at, expected) => expect(textAt({ path, at })).toBe(expected))

test('a part of a text value', () => {
  expect(textAt({ path: ['about'], at: 'value', span: [4, 8] })).toBe('${x}')
  // Folded text is in the file in another way than in the value; a part of it can still be found if there is one such
  // part only.
  expect(textAt({ path: ['folded'], at: 'value', span: [4, 8] })).toBe('${x}')
  expect(textAt({ path: ['folded'], at: 'value', span: [9, 10] })).toBe('>\n  say\n  ${x} y y\n')
})

test('sourceOf gives the text of a scalar as it is written, through aliases', () => {
  expect(sourceOf(yaml, ['kernels', '5.4', 'options', 'A'])).toBe('5.10')
  expect(sourceOf(yaml, ['kernels', 'v6', 'options', 'A'])).toBe('5.10')
  expect(sourceOf(yaml, ['kernels', 'v6', 'config', 0])).toBe('bb')
  expect(sourceOf(yaml, ['kernels'])).toBeUndefined()
  expect(sourceOf(yaml, ['nope'])).toBeUndefined()
})

test('locate gives line, column and the line itself, also with CRLF and in the last line', () => {
  const crlf = parse('lab: x\r\nb: 1')
  expect(locate(crlf, { severity: 'error', message: 'm', path: ['lab'], at: 'value' })).toMatchObject({
    line: 1,
    col: 6,
    sourceLine: 'lab: x',
  })
  expect(locate(crlf, { severity: 'error', message: 'm', path: ['b'], at: 'value' })).toMatchObject({
    line: 2,
    col: 4,
    sourceLine: 'b: 1',
    range: [11, 12],
  })
})

test('pathText', () => expect(pathText(['kernels', 'v5.4', 'config', 0])).toBe('kernels.v5.4.config[0]'))
