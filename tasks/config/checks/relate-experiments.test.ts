import { describe, expect, test } from 'vitest'
import { changed, problemsIn } from '../lab.fixture.ts'

const ORDER = 'order: ["ext4 file read", "/copyout to 0x[0-9a-f]+ len ${bytes}/"]'

describe('experiments', () => {
  const UNUSED =
    'warning: parameter "size" is declared and never used: its arms would all be the same | use ${size} in run or expect, or remove it'
  test.each([
    ['count: [3] }', 'count: [3], size: [1] }', [UNUSED]],
    ['${bytes}/"', '${bites}/"', ['${bites} is used, and no parameter "bites" is declared | did you mean "bytes"?']],
    ['times: ${count}', 'times: ${cnt}', ['${cnt} is used, and no parameter "cnt" is declared | params: bytes, count']],
    [
      '--bytes ${bytes}',
      '--bytes ${bytes:-1} ${bytes}',
      ['"${bytes:-1}" is not a parameter | write ${name}, or $${ for the two characters'],
    ],
    ['--bytes ${bytes}', '--bytes $${x} ${bytes}', []],
    [
      'count: [3] }',
      'count: [3], workload: [1] }',
      ['a parameter cannot be called "workload": results have a column of that name | choose another name'],
    ],
    ['count: [3] }', 'count: [3] }\n    quick: { bytes: [8] }', []],
    ['count: [3] }', 'count: [3] }\n    quick: { bytes: [8, 8] }', ['"8" is in the list twice | keep one']],
    [
      'count: [3] }',
      'count: [3] }\n    quick: { bites: [8] }',
      ['no parameter "bites" is declared | did you mean "bytes"?'],
    ],
    ['bytes: [16]', 'bytes: [16, 64, "16"]', ['"16" is in the list twice | keep one']],
    [
      '--count ${count}"',
      '--count ${count} > /tmp/x"',
      [
        `">" redirects in a shell, and no shell is run | quote it if it is text, or start a shell yourself: sh -c '...'`,
      ],
    ],
    [
      '"readfile /data/f',
      '"cat /data/f',
      [
        'warning: the command does not run "readfile", which workload.source is compiled to | begin the command with readfile, or remove "source"',
      ],
    ],
    ['probes: [readiter]', 'probes: [readiter, readiter]', ['"readiter" is in the list twice | keep one']],
    [
      'collect: [trace,',
      'collect: [dmesg,',
      [
        'expect looks at the trace, and collect does not keep it | add trace to collect',
        '"dmesg" is in the list twice | keep one',
      ],
    ],
    [
      'repeat: 5',
      'trace: { buffer: 300M }',
      [
        "ring buffers of 300M on 2 CPUs take 600M, more than half of vm default's memory (1G) | make the buffer smaller or the memory of the vm larger",
      ],
    ],
    ['repeat: 5', 'trace: { buffer: 256M }', []],
    [
      ORDER,
      'order: ["/(${bytes}/", b]',
      [
        'the regular expression /(${bytes}/ does not compile: Unterminated group | put a backslash before a character that is meant as itself',
      ],
    ],
    [
      ORDER,
      'order: ["/a/i", "${bytes}"]',
      [
        'warning: /a/i is plain text here, not a regular expression | a regular expression ends with "/" and takes no flags',
      ],
    ],
    [
      'count: [3]',
      'count: [3, many]',
      [
        'times is ${count}, and "many" is not a number of times | give count whole numbers only, or write times as a number',
      ],
    ],
    [
      'of: workload\n',
      'of: workload\n        kernels: [v5.10]\n',
      [
        'warning: no expectation of experiment readiter applies to v5.4, which vm default may boot | add an entry for it, or an entry without "kernels" and "probes"',
      ],
    ],
    ['of: workload\n', 'of: workload\n        kernels: [v5.10, v5.4]\n', []],
    // A run has one sequence.
    [
      'per: read\n        of: workload\n        times: ${count}',
      'per: run\n        of: workload\n        times: 2 # ${count}',
      ['times is 2, and a run has one sequence: it would always fail | write `per: sequence`, or leave times out'],
    ],
    [
      'per: read',
      'per: run',
      ['times is 3, and a run has one sequence: it would always fail | write `per: sequence`, or leave times out'],
    ],
    // ${constructor}: no name of every object in JavaScript is a parameter.
    [
      'len ${bytes}/',
      'len ${constructor}/',
      ['${constructor} is used, and no parameter "constructor" is declared | params: bytes, count, workload.pid'],
    ],
  ] as [string, string, string[]][])('%j -> %j', (from, to, expected) => {
    expect(problemsIn(changed([from, to]))).toEqual(expected)
  })

  const NONE = 'add an entry for it, or an entry without "kernels" and "probes"'
  test.each<[lines: string, where: string, expected: readonly string[]]>([
    ['matrix: { kernel: [v5.10] }', 'kernels: [v5.10]', []],
    ['matrix: { kernel: [v5.4, v5.10] }', 'kernels: [v5.4]', ['the arms on v5.10']],
    ['matrix: { kernel: [v5.4, v5.10] }\n    exclude: [{ kernel: v5.10 }]', 'kernels: [v5.4]', []],
    [
      'matrix: { kernel: [v5.4] }\n    include: [{ bytes: 16, count: 3, kernel: v5.10 }]',
      'kernels: [v5.4]',
      ['the arms on v5.10'],
    ],
    // What nothing is attached in has nothing to show.
    ['matrix: { probe: [none, readiter] }', 'probes: [readiter]', []],
    ['matrix: { kernel: [v5.4], probe: [other, readiter] }', 'probes: [readiter]', ['the arms on v5.4 with other']],
    ['observer: yes', 'probes: [readiter]', []],
  ])('%j and an expectation of %j', (lines, where, expected) => {
    const text = changed(
      ['repeat: 5', `repeat: 5\n    ${lines}`],
      ['of: workload\n', `of: workload\n        ${where}\n`],
      ['  readiter: { source', '  other: { source: bpf/readiter.bpf.c }\n  readiter: { source'],
    )
    const message = 'warning: no expectation of experiment readiter applies to '
    expect(problemsIn(text)).toEqual(expected.map((fix) => `${message}${fix} | ${NONE}`))
  })

  const roomy = { memoryBytes: 8 * 2 ** 30, cpus: 64 }
  test.each<[vm: string, trace: string, expected: readonly string[]]>([
    // One CPU, whatever is usual.
    ['memory: 1G\n    deterministic: yes', 'buffer: 300M', []],
    [
      'memory: 1G\n    deterministic: yes',
      'buffer: 600M',
      [
        "ring buffers of 600M on 1 CPU take 600M, more than half of vm default's memory (1G) | make the buffer smaller or the memory of the vm larger",
      ],
    ],
    ['memory: 1G\n    cpus: 64', 'clock: mono', []],
    [
      'memory: 64M\n    cpus: 64',
      'clock: mono',
      [
        "ring buffers of 8M (the default) on 64 CPUs take 512M, more than half of vm default's memory (64M) | make the buffer of experiment readiter (trace: { buffer: 1M }) smaller or the memory of the vm larger",
      ],
    ],
  ])('%j with a trace of %j', (vm, trace, expected) => {
    const text = changed(
      ['    cpus: 2\n    memory: 1G', `    ${vm}`],
      ['repeat: 5', `repeat: 5\n    trace: { ${trace} }`],
    )
    expect(problemsIn(text, roomy)).toEqual(expected)
  })

  test('more arms than anybody runs', () => {
    const numbers = (count: number) => Array.from({ length: count }, (_, number) => number).join(', ')
    expect(
      problemsIn(changed(['bytes: [16], count: [3]', `bytes: [${numbers(101)}], count: [${numbers(100)}]`])),
    ).toEqual([
      'the parameters make 10100 arms, more than the 10000 that are allowed | split the experiment, or shorten a list',
    ])
  })

  test('expecting nothing', () => {
    const text = changed([
      `    expect:\n      - ${ORDER}\n        per: read\n        of: workload\n        times: \${count}\n`,
      '    expect: []\n',
    ])
    expect(problemsIn(text)).toEqual([
      'warning: experiment readiter expects nothing: every run would pass | add an entry, or remove "expect"',
    ])
  })

  test('several vms, none called default: the experiment must say which', () => {
    const two = changed(['  default:\n', '  one: { kernel: v5.4, image: minimal }\n  two:\n'])
    expect(problemsIn(two)).toEqual([
      'experiment readiter must say which vm it uses | add "vm:" with one of one, two, or call one of them default',
    ])
    expect(problemsIn(two.replace('    probes: [readiter]', '    vm: two\n    probes: [readiter]'))).toEqual([])
  })

  test('no vm at all', () => {
    const text = changed(['  default:\n', '  default: &x\n']).replace(/vms:\n[^]*?probes:/, 'vms: {}\nprobes:')
    expect(problemsIn(text)).toEqual([
      'experiment readiter needs a vm, and none is declared | declare one under "vms:"',
    ])
  })
})

test('a number of what a probe prints is of a probe that prints, and that the experiment has', () => {
  const declared = '  readiter: { source: bpf/readiter.bpf.c }\n'
  const used = '    probes: [readiter]\n'
  const problemsOf = (of: string, probes: string) =>
    problemsIn(
      changed(
        [declared, `${declared}  skb: { sample: tracex1 }\n`],
        [used, `    probes: [${probes}]\n    metrics: { calls: { stdout: 'calls: (\\d+)', of: ${of} } }\n`],
      ),
    )
  expect(problemsOf('skb', 'readiter, skb')).toEqual([])
  expect(problemsOf('skb', 'readiter')).toEqual([
    'experiment readiter does not have the probe "skb", so there is no output of it | add it: probes: [readiter, skb]',
  ])
  expect(problemsOf('readiter', 'readiter')).toEqual([
    'probe "readiter" is loaded by the lab and prints nothing itself | read its messages: `message: PATTERN` in place of `stdout:` and `of:`',
  ])
  expect(problemsOf('skp', 'readiter')[0]).toContain('skp')
})

test.each([
  [String.raw`'fd (\d+)'`, []],
  [String.raw`'/fd (\d+)/'`, []],
  [String.raw`'/fd (\d+)/g'`, [expect.stringContaining('a regular expression takes no flags')]],
  [String.raw`'fd (\d+'`, [expect.stringContaining('fd (')]],
])('a source of `same` is a regular expression with or without slashes: %s', (pattern, problems) => {
  const same = `    expect:\n      - same: [{ stdout: ${pattern} }, { value: 3 }]\n`
  expect(problemsIn(changed(['    expect:\n', same]))).toEqual(problems)
})
