import { describe, expect, test } from 'vitest'
import { EXAMPLE, changed, complaints } from '../lab.fixture.ts'

const lines = (...all: string[]) => all.join('\n')

test('the example has no problems and no warnings', () => expect(complaints(EXAMPLE)).toBe(''))

describe('rendered as a whole', () => {
  test('unknown key', () => {
    expect(complaints(changed(['    compat: auto\n', '    patchs: [a]\n']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:9:5 unknown key "patchs" in kernel v5.4',
        '        patchs: [a]',
        '        ~~~~~~',
        '  way out: did you mean "patches"?',
      ),
    )
  })

  test('wrong type', () => {
    expect(
      complaints(changed(['[kernel/config/guest.config, kernel/config/tracing.config]', 'kernel/config/guest.config'])),
    ).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:7:13 config of kernel v5.4: expected a list, found text',
        '        config: kernel/config/guest.config',
        '                ~~~~~~~~~~~~~~~~~~~~~~~~~~',
        '  way out: write it as a list: [kernel/config/guest.config]',
      ),
    )
  })

  test('unquoted version', () => {
    expect(complaints(changed(['version: 5.10.223-1', 'version: 5.10']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:20:16 source.version of kernel v5.10: expected text; 5.10 without quotes is the number 5.1',
        '          version: 5.10',
        '                   ~~~~',
        '  way out: quote it: "5.10"',
      ),
    )
  })

  test('unquoted version as a name: the references to it are not dangling', () => {
    const text = changed(['  v5.10:', '  5.10:'], ['fallback: [v5.10]', 'fallback: ["5.10"]'])
    expect(complaints(text)).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:15:3 5.10 without quotes is the number 5.1',
        '      5.10:',
        '      ~~~~',
        '  way out: quote it: "5.10":',
      ),
    )
  })

  test('missing key, at its parent', () => {
    expect(complaints(changed(['    image: minimal\n', '']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:25:3 missing key "image" in vm default',
        '      default:',
        '      ~~~~~~~',
        '  way out: add "image:", the name of an image',
      ),
    )
  })

  test('duplicate key', () => {
    expect(complaints(changed(['    accel: auto\n', '    accel: auto\n    cpus: 3\n']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:31:5 duplicate key "cpus" in vm default; the first is in line 28',
        '        cpus: 3',
        '        ~~~~',
        '  way out: keep one of the two',
      ),
    )
  })
})

test('the value behind a refused name is looked at as well', () => {
  const text = changed([
    '  readiter: { source: bpf/readiter.bpf.c }',
    '  readiter: { source: bpf/readiter.bpf.c }\n  "a b": { src: x }',
  ])
  expect(complaints(text)).toContain('probe a b has none of the keys source, sample')
})

test('all problems are reported, in the order of the file, whatever stage finds them', () => {
  const text = changed(
    ['    compat: auto\n', '    compat: atuo\n'],
    ['    extends: v5.4\n', '    extends: v5.3\n'],
    ['    memory: 1G\n', '    memory: 1G\n    memory: 2G\n'],
    ['source: bpf/readiter.bpf.c', 'source: bpf/redaiter.bpf.c'],
    ['repeat: 5', 'repeat: many'],
  )
  const found = complaints(text)
  expect(found.split('\n').filter((line) => /^\S/.test(line))).toEqual([
    '5 problems in lab.yaml',
    'lab.yaml:9:13 compat of kernel v5.4: "atuo" is not one of auto, none',
    'lab.yaml:16:14 extends of kernel v5.10: there is no kernel "v5.3"',
    'lab.yaml:30:5 duplicate key "memory" in vm default; the first is in line 29',
    'lab.yaml:35:23 probe source "bpf/redaiter.bpf.c" does not exist',
    'lab.yaml:42:13 repeat of experiment readiter: expected a whole number or a mapping, found text',
  ])
})

test('problems inside an alias are shown where the anchor is', () => {
  const text = changed(['bytes: [16], count: [3]', 'bytes: &list [0.5], count: *list'], ['times: ${count}', 'times: 3'])
  const found = complaints(text).split('\n')
  expect(found[0]).toBe('2 problems in lab.yaml')
  expect(found.filter((line) => line.startsWith('lab.yaml:'))).toEqual([
    'lab.yaml:40:29 params.bytes[0] of experiment readiter: expected text; 0.5 without quotes is a number',
    'lab.yaml:40:29 params.count[0] of experiment readiter: expected text; 0.5 without quotes is a number',
  ])
})
