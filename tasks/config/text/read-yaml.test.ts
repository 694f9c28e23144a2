import { describe, expect, test } from 'vitest'
import { render } from './diagnostic.ts'
import { readYaml } from './read-yaml.ts'

const bytes = (content: string | Uint8Array | readonly number[]) =>
  typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content)

const rendered = (content: string | readonly number[]) =>
  readYaml('lab.yaml', bytes(content)).diagnostics.flatMap(render).join('\n')

const lines = (...all: string[]) => all.join('\n')
const START = '  way out: lab init writes a lab file to start from'
const NAME = '  way out: name a lab file, saved as UTF-8 text'

describe('what is no lab file at all is named', () => {
  test.each([
    ['empty', '', lines('lab.yaml:1:1 the file is empty', START)],
    ['comments', '# a\n', lines('lab.yaml:1:1 the file is empty', '    # a', '    ~', START)],
    [
      'a list',
      '- a\n',
      lines(
        'lab.yaml:1:1 expected a lab (keys such as "lab:" and "kernels:"), found a list',
        '    - a',
        '    ~',
        START,
      ),
    ],
    [
      'text',
      'hello',
      lines(
        'lab.yaml:1:1 expected a lab (keys such as "lab:" and "kernels:"), found one piece of text',
        '    hello',
        '    ~',
        START,
      ),
    ],
    [
      'ELF',
      [0x7f, 0x45, 0x4c, 0x46, 2, 1],
      lines('lab.yaml:1:1 not YAML but an ELF file (a program or an object)', NAME),
    ],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], lines('lab.yaml:1:1 not YAML but an xz file', NAME)],
    ['UTF-16', [0xff, 0xfe, 0x61, 0], lines('lab.yaml:1:1 not YAML but UTF-16 text', NAME)],
    ['NUL', [0x61, 0, 0x62], lines('lab.yaml:1:1 not YAML but a binary file', NAME)],
    ['Latin-1', [0x61, 0x3a, 0x20, 0xe4], lines('lab.yaml:1:1 not UTF-8 text', '  way out: save the file as UTF-8')],
    [
      'too large',
      `a: ${'x'.repeat(2 ** 20)}`,
      lines(
        'lab.yaml:1:1 the file has 1048579 bytes, more than a lab file may have (1M)',
        '  way out: name a lab file',
      ),
    ],
  ])('%s', (_, content, expected) => {
    expect(rendered(content)).toBe(expected)
    expect(readYaml('lab.yaml', bytes(content)).data).toBeUndefined()
  })

  test('the largest file that is read', () => {
    expect(rendered(`a: "${'x'.repeat(2 ** 20 - 5)}"`)).toBe('')
  })
})

describe('errors of syntax', () => {
  test.each([
    [
      'tab',
      'a:\n\tb: 1\n',
      lines(
        'lab.yaml:2:1 a tab is used as indentation',
        '            b: 1',
        '    ~~~~~~~~',
        '  way out: indent with spaces: YAML allows no tabs there',
      ),
    ],
    [
      'open quote, reported where it opens',
      'a: "x\nb: 1\n',
      lines('lab.yaml:1:4 this quote is never closed', '    a: "x', '       ~', '  way out: add the closing quote'),
    ],
    [
      'second document',
      'a: 1\n---\nb: 1\n',
      lines(
        'lab.yaml:2:1 a second document begins here',
        '    ---',
        '    ~~~',
        '  way out: a lab is one document: delete the "---" line',
      ),
    ],
    [
      'second colon',
      'a: b: c\n',
      lines(
        'lab.yaml:1:4 a second "key:" in one line',
        '    a: b: c',
        '       ~',
        '  way out: quote the value if the colon belongs to it, or put the inner key on a line of its own, indented',
      ),
    ],
    [
      'braces of a parameter in a flow mapping',
      'w: { run: a ${b} }\n',
      lines(
        'lab.yaml:1:14 unexpected flow-map-start at node end',
        '    w: { run: a ${b} }',
        '                 ~',
        '  way out: quote the text that holds ${…}: its braces are YAML too',
      ),
    ],
    [
      'tag',
      'a: !vm x\n',
      lines(
        'lab.yaml:1:4 unresolved tag: !vm',
        '    a: !vm x',
        '       ~~~',
        '  way out: remove the tag, or quote the text if it begins with "!"',
      ),
    ],
  ])('%s', (_, text, expected) => {
    expect(rendered(text)).toBe(expected)
    expect(readYaml('lab.yaml', bytes(text)).data).toBeUndefined()
  })

  test('all lines with errors are reported, each once', () => {
    const found = readYaml('lab.yaml', bytes('a: b: c\nd: 1\ne: f: g: h\n')).diagnostics
    expect(found.map(({ line }) => line)).toEqual([1, 3])
  })
})

describe('keys', () => {
  test.each([
    [
      'duplicate',
      'vms:\n  a: 1\n  b: 1\n  a: 2\n',
      lines(
        'lab.yaml:4:3 duplicate key "a" in vms; the first is in line 2',
        '      a: 2',
        '      ~',
        '  way out: keep one of the two',
      ),
    ],
    [
      'number with another value',
      'kernels:\n  5.10: x\n',
      lines(
        'lab.yaml:2:3 5.10 without quotes is the number 5.1',
        '      5.10: x',
        '      ~~~~',
        '  way out: quote it: "5.10":',
      ),
    ],
    [
      'truth value',
      'a: { true: 1 }\n',
      lines(
        'lab.yaml:1:6 the key true without quotes is not text',
        '    a: { true: 1 }',
        '         ~~~~',
        '  way out: quote it: "true":',
      ),
    ],
    [
      'empty',
      'a:\n  : 1\n',
      lines('lab.yaml:2:3 a key of a is empty', '      : 1', '      ~', '  way out: write a name before the colon'),
    ],
    [
      'list',
      'a: { [b]: 1 }\n',
      lines(
        'lab.yaml:1:6 a key of a is not a plain name',
        '    a: { [b]: 1 }',
        '         ~~~',
        '  way out: write a name as the key',
      ),
    ],
    [
      '__proto__, which would vanish',
      'a: { __proto__: 1 }\n',
      lines(
        'lab.yaml:1:6 the key "__proto__" cannot be used',
        '    a: { __proto__: 1 }',
        '         ~~~~~~~~~',
        '  way out: choose another name',
      ),
    ],
  ])('%s', (_, text, expected) => expect(rendered(text)).toBe(expected))

  test('a number and the same text in quotes are one key', () => {
    expect(readYaml('lab.yaml', bytes('a: { "5.4": 1, 5.4: 2 }\n')).diagnostics).toHaveLength(1)
  })
})

describe('aliases', () => {
  test('stand for their anchor', () => {
    expect(readYaml('lab.yaml', bytes('a: &x [1]\nb: *x\n'))).toMatchObject({
      data: { a: [1], b: [1] },
      diagnostics: [],
    })
  })

  test('without an anchor above', () => {
    expect(rendered('a: *list\nb: &lost 1\nc: *lsot\n')).toBe(
      lines(
        'lab.yaml:1:4 *list is used, and no &list stands above it',
        '    a: *list',
        '       ~~~~~',
        '  way out: quote it if it is text: "*list"',
        'lab.yaml:3:4 *lsot is used, and no &lsot stands above it',
        '    c: *lsot',
        '       ~~~~~',
        '  way out: did you mean "*lost"?',
      ),
    )
  })

  test('nine lines that stand for 9^9 values are refused', () => {
    const letters = 'abcdefghi'.split('')
    const bomb = letters.map((letter, index) => {
      const inner = index === 0 ? 'x' : `*${letters[index - 1]}`
      return `${letter}: &${letter} [${Array(9).fill(inner).join(', ')}]`
    })
    expect(rendered(bomb.join('\n'))).toContain('aliases (*name) stand for too much: more than 100 uses')
  })

  test('an alias inside its own anchor does not hang', () => {
    expect(readYaml('lab.yaml', bytes('a: &x [*x]\n')).diagnostics).toEqual([])
  })
})

test.each([
  ['brackets', '['.repeat(20_000)],
  ['closed brackets', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ['mappings', `${'{a: '.repeat(20_000)}${'}'.repeat(20_000)}`],
])('%s nested beyond measure are refused and not a crash', (_, text) => {
  expect(rendered(text)).toContain('the values are nested too deeply')
})

test('a byte order mark is no part of the text', () => {
  expect(readYaml('lab.yaml', bytes('\ufefflab: x\n')).data).toEqual({ lab: 'x' })
})
