import { describe, expect, test } from 'vitest'
import { changed, complaints, problemsIn } from '../lab.fixture.ts'

const lines = (...all: string[]) => all.join('\n')

describe('rendered as a whole', () => {
  test('dangling reference', () => {
    expect(complaints(changed(['fallback: [v5.10]', 'fallback: [v5.1]']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:26:37 kernel.fallback[0] of vm default: there is no kernel "v5.1"',
        '        kernel: { use: v5.4, fallback: [v5.1] }',
        '                                        ~~~~',
        '  way out: did you mean "v5.4"?',
      ),
    )
  })

  test('missing file', () => {
    expect(complaints(changed(['kernel/config/tracing.config]', 'kernel/config/trace.config]']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:7:42 configuration fragment "kernel/config/trace.config" does not exist',
        '        config: [kernel/config/guest.config, kernel/config/trace.config]',
        '                                             ~~~~~~~~~~~~~~~~~~~~~~~~~~',
        '  way out: did you mean "kernel/config/tracing.config"?',
      ),
    )
  })

  test('extends cycle', () => {
    expect(complaints(changed(['  v5.4:\n', '  v5.4:\n    extends: v5.10\n']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:4:14 kernels extend each other in a circle: v5.4 -> v5.10 -> v5.4',
        '        extends: v5.10',
        '                 ~~~~~',
        '  way out: remove "extends" from one of them',
      ),
    )
  })

  test('memory', () => {
    expect(complaints(changed(['memory: 1G', 'memory: 9G']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:29:13 memory of vm default: 9G is more than this host has (8G)',
        '        memory: 9G',
        '                ~~',
        '  way out: write less, or use a larger host',
      ),
    )
  })

  test('cpus: above the host is a warning, and the lab opens', () => {
    expect(complaints(changed(['cpus: 2', 'cpus: 5']))).toBe(
      lines(
        "lab.yaml:28:11 warning: cpus of vm default: 5 is more than this host has (4): the guest's CPUs will take turns",
        '        cpus: 5',
        '              ~',
        '  way out: times measured in such a guest are not comparable; write less if they matter',
      ),
    )
  })

  test('a parameter inside a command is pointed at', () => {
    expect(complaints(changed(['--bytes ${bytes}', '--bytes ${byte} --size ${bytes}']))).toBe(
      lines(
        '1 problem in lab.yaml',
        'lab.yaml:39:82 ${byte} is used, and no parameter "byte" is declared',
        '    …ad: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes ${byte} --size ${bytes} --count ${count}" }',
        '                                                                            ~~~~~~~',
        '  way out: did you mean "bytes"?',
      ),
    )
  })
})

test('names and files are looked at in entries that have other problems too', () => {
  const text = problemsIn(
    changed(
      ['recipe: vm-images/minimal', 'recipe: vm-images/minimall'],
      ['fallback: [v5.10]', 'fallback: [v5.1]'],
      ['cpus: 2', 'cpus: 0'],
      ['probes: [readiter]', 'probes: [readitr]\n    repeet: 2'],
    ),
  )
  for (const expected of ['"v5.1"', 'minimall"', '0 is too small', '"readitr"', '"repeet"'])
    expect(text.join()).toContain(expected)
})

const DISK = 'data: { fs: ext4, size: 64M, mount: /data, files: { f: "1 2 3\\n" } }'

describe('references', () => {
  test.each([
    ['use: v5.4', 'use: v6', 'kernel.use of vm default: there is no kernel "v6" | kernels: v5.4, v5.10'],
    [
      '{ use: v5.4, fallback: [v5.10] }',
      'v5.40',
      'kernel of vm default: there is no kernel "v5.40" | did you mean "v5.4"?',
    ],
    ['image: minimal', 'image: minmal', 'image of vm default: there is no image "minmal" | did you mean "minimal"?'],
    [
      'probes: [readiter]',
      'vm: defualt\n    probes: [readiter]',
      'vm of experiment readiter: there is no vm "defualt" | did you mean "default"?',
    ],
    [
      'probes: [readiter]',
      'probes: [constructor]',
      'probes[0] of experiment readiter: there is no probe "constructor" | probes: readiter',
    ],
    [
      'probes:\n  readiter: { source: bpf/readiter.bpf.c }\n',
      '',
      'probes[0] of experiment readiter: there is no probe "readiter" | declare it under "probes:"',
    ],
    [
      '        times: ${count}\n',
      '        times: ${count}\n      - { order: [a], per: run, of: workload, kernels: [v5.4, v4] }\n',
      'expect[1].kernels[1] of experiment readiter: there is no kernel "v4" | kernels: v5.4, v5.10',
    ],
    ['extends: v5.4', 'extends: v5.5', 'extends of kernel v5.10: there is no kernel "v5.5" | did you mean "v5.4"?'],
  ])('%j -> %j', (from, to, expected) => expect(problemsIn(changed([from, to]))).toEqual([expected]))

  test('an entry with problems of its own is still declared', () => {
    expect(problemsIn(changed(['recipe: vm-images/minimal', 'recipee: vm-images/minimal']))).toEqual([
      'unknown key "recipee" in image minimal | did you mean "recipe"?',
    ])
  })
})

describe('kernels', () => {
  test.each([
    [
      'extends: v5.4',
      'extends: v5.10',
      ['kernels extend each other in a circle: v5.10 -> v5.10 | remove "extends" from one of them'],
    ],
    [
      'images:\n',
      '  loose: { options: { A: y } }\nimages:\n',
      [
        'kernel loose has no source | add "source:" with url + sha256, package + suite + version + sha256, prebuilt + version + sha256, file + sha256, tree, or git + ref',
      ],
    ],
    [
      'images:\n',
      '  a: { extends: b }\n  b: {}\nimages:\n',
      [
        'kernel a has no source, and none comes from b | add "source:" with url + sha256, package + suite + version + sha256, prebuilt + version + sha256, file + sha256, tree, or git + ref',
        'kernel b has no source | add "source:" with url + sha256, package + suite + version + sha256, prebuilt + version + sha256, file + sha256, tree, or git + ref',
      ],
    ],
    [
      'images:\n',
      '  a: { extends: b }\n  b: { extends: c }\n  c: { extends: b }\nimages:\n',
      ['kernels extend each other in a circle: b -> c -> b | remove "extends" from one of them'],
    ],
    [
      'functions: [copy_page_to_iter, copyout]',
      'functions: [copyout, generic_file_buffered_read, copyout]',
      [
        '"generic_file_buffered_read" is the entry and cannot be cloned as well | remove it from the list, or name its caller as the entry',
        '"copyout" is in the list twice | keep one',
      ],
    ],
    [
      '    expose: []\n',
      '    expose: [{ function: f, as: [noinline] }, { function: f, as: [exported] }]\n    patches: [no.patch]\n',
      [
        '"f" is in the list twice | write one entry with everything in `as:`',
        'patch "no.patch" does not exist | create it, or correct the path (relative to the lab file)',
      ],
    ],
  ])('%j -> %j', (from, to, expected) =>
    expect(problemsIn(changed([from, to])).toSorted()).toEqual(expected.toSorted()),
  )

  const PATH =
    '    parallelPath:\n      suffix: giulia\n      entry: generic_file_buffered_read\n      functions: [copy_page_to_iter, copyout]\n'
  const pathsOf = (...paths: string[]) =>
    changed([PATH, `    parallelPath:\n${paths.map((parallelPath) => `      - ${parallelPath}\n`).join('')}`])

  test.each([
    [['{ suffix: a, entry: e, functions: [f, g] }', '{ suffix: b, entry: d, functions: [f, g] }'], []],
    [['{ suffix: a, entry: e, functions: [f, g] }', '{ suffix: a, entry: d, functions: [g, f] }'], []],
    [['{ suffix: a, entry: e, functions: [f] }', '{ suffix: b, entry: e, functions: [g] }'], []],
    [
      ['{ suffix: a, entry: e, functions: [f] }', '{ suffix: b, entry: e, functions: [g, f] }'],
      [
        'the calls of e to f go to one clone, and the path with suffix "a" has them | give the two paths different entries, or put them on two kernels (`extends:`)',
      ],
    ],
    [
      ['{ suffix: a, entry: e, functions: [f] }', '{ suffix: a, entry: d, functions: [g, f] }'],
      [
        'two paths with suffix "a" share functions, and not all of them: their clones would differ | give one of them another suffix, or the same list of functions',
      ],
    ],
    [
      ['{ suffix: a, entry: e, functions: [f] }', '{ suffix: A, entry: d, functions: [] }'],
      [
        'parallelPath[1].functions of kernel v5.4: the list is empty | name at least one',
        'parallelPath[1].suffix of kernel v5.4: "A" is not allowed | a suffix has lower-case letters, digits and "_", and begins with a letter',
      ],
    ],
  ])('a list of parallel paths: %j', (paths, expected) => {
    expect(problemsIn(pathsOf(...paths)).toSorted()).toEqual(expected)
  })

  test('nothing is said about the source of a kernel whose parent is being mended', () => {
    expect(problemsIn(changed(['    compat: auto\n', '    compat: x\n']))).toHaveLength(1)
  })
})

describe('vms', () => {
  test.each([
    ['memory: 1G', 'memory: 63M', ['memory of vm default: 63M is too little to boot | write at least 64M']],
    ['memory: 1G', 'memory: 64M', []],
    ['memory: 1G', 'memory: 8G', []],
    [
      'memory: 1G',
      'memory: 999999999999G',
      ['memory of vm default: 999999999999G is more than this host has (8G) | write less, or use a larger host'],
    ],
    ['cpus: 2', 'cpus: 4', []],
    ['fallback: [v5.10]', 'fallback: [v5.4]', ['kernel v5.4 cannot be its own fallback | name another kernel']],
    ['fallback: [v5.10]', 'fallback: [v5.10, v5.10]', ['"v5.10" is in the list twice | keep one']],
    [
      DISK,
      `${DISK}\n      two: { fs: ext4, size: 1M, mount: /data/ }`,
      ['disk data is mounted on /data already | give each disk a mount point of its own'],
    ],
    ...['/proc', '/sys/kernel', '/dev', '/run/x', '/', '/etc', '/usr/'].map((mount): [string, string, string[]] => [
      'mount: /data',
      `mount: ${mount}`,
      [
        `the mount point "${mount}" would hide the guest's own ${/^\/(usr|[a-z]*)/.exec(mount)?.[0]} | mount it elsewhere, for example on /data`,
      ],
    ]),
    ['mount: /data', 'mount: /usr/local/data', []],
    ['mount: /data', 'mount: /procedure', []],
    [
      'mount: /data',
      'mount: /data/../proc',
      ['the mount point "/data/../proc" is written in a roundabout way | write /proc'],
    ],
    ['mount: /data', 'mount: //data', ['the mount point "//data" is written in a roundabout way | write /data']],
    [
      'files: { f:',
      'files: { ../f:',
      ['the file "../f" would be outside the disk | write a path below the mount point'],
    ],
    [
      'files: { f:',
      'files: { a/../../f:',
      ['the file "a/../../f" would be outside the disk | write a path below the mount point'],
    ],
    ['files: { f:', 'files: { /etc/f:', ['the file "/etc/f" is not relative to the disk | write etc/f']],
    ['files: { f:', 'files: { ./f:', ['the file "./f" is not a plain path | write f']],
    ['files: { f:', 'files: { d/:', ['the file "d/" is not a plain path | write d']],
    ['files: { f:', 'files: { .:', ['the file "." is not a plain path | write a name']],
    ['files: { f:', 'files: { ..f:', []],
    ['files: { f:', 'files: { f/g: x, f:', ['"f" is a file here and a directory in "f/g" | rename one of the two']],
    [
      'size: 64M, mount: /data, files: { f: "1 2 3\\n" }',
      `size: 1M, mount: /data, files: { f: &f "${'é'.repeat(2 ** 18)}", g: *f, h: "." }`,
      ['disks.data.size of vm default: 1M cannot hold its files (1M) | make the disk larger'],
    ],
    [
      'size: 64M, mount: /data, files: { f: "1 2 3\\n" }',
      `size: 1M, mount: /data, files: { f: &f "${'é'.repeat(2 ** 18)}", g: *f }`,
      [],
    ],
    ['size: 64M', 'size: 1023K', ['disks.data.size of vm default: 1023K is too small | write at least 1M']],
    ['size: 64M', 'size: 1025G', ['disks.data.size of vm default: 1025G is too large | write at most 1024G']],
    ['files: { f:', `files: { ${'d/'.repeat(200)}${'é'.repeat(127)}f:`, []],
    [
      'files: { f:',
      `files: { d/${'é'.repeat(128)}:`,
      [`the name of the file "d/${'é'.repeat(55)}…" is too long | write at most 255 bytes`],
    ],
  ])('%j -> %j', (from, to, expected) => expect(problemsIn(changed([from, to]))).toEqual(expected))
})
