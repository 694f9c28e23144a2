/**
 * What probes and workloads are made of, by the real compilers: an object is never older than a file that went into it.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import type { ResolvedExperiment, ResolvedKernel } from '../../config/resolved.ts'
import type { ResolvedWorkload } from '../../config/workload.ts'
import type { LabEvent } from '../../engine/event.ts'
import type { Fingerprint } from '../../engine/fingerprint.ts'
import { probeStep, workloadStep } from './probe.ts'
import { failureOf } from '../../test/caught.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'

let dir = ''
beforeEach(() => {
  dir = tempDir()
  events.length = 0
  write('types/vmlinux.h', 'typedef unsigned int __u32;\ntypedef unsigned long long __u64;\n')
})

function write(name: string, text: string): void {
  const file = join(dir, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const events: LabEvent[] = []
const context = () => ({
  ...testContext(join(dir, 'cache')),
  toolRoot: TOOL_ROOT,
  emit: (event: LabEvent) => events.push(event),
})
const kernel = { name: 'k', debug: 'btf', parallelPaths: [] } as unknown as ResolvedKernel

/** The value of `made` in what a probe was compiled to: its text is found in the object. */
async function probe(): Promise<string> {
  const types = {
    kernel: 'k',
    release: '5.10.1',
    fingerprint: 'f' as Fingerprint,
    include: join(dir, 'types'),
    btf: '',
  }
  const source = join(dir, 'lab/bpf/p.bpf.c')
  const { file } = await probeStep({ name: 'p', source, optional: [] }, { types }, kernel, context())
  return /made of \w+/.exec(readFileSync(file, 'latin1'))?.[0] ?? ''
}

/** A workload of these sources, with whatever else it declares. */
const experimentOf = (sources: readonly string[], more: Partial<ResolvedWorkload> = {}) =>
  ({
    workload: {
      run: 'w',
      sources: sources.map((name) => join(dir, 'lab/bpf', name)),
      flags: [],
      libraries: [],
      files: [],
      env: {},
      hidesTracePipe: false,
      ...more,
    },
  }) as unknown as ResolvedExperiment

async function workload(): Promise<string> {
  const made = await workloadStep(experimentOf(['w.c']), context())
  return /made of \w+/.exec(readFileSync(made?.file ?? '', 'latin1'))?.[0] ?? ''
}

const PROBE = (includes: string) => `#include "vmlinux.h"\n${includes}\nchar made[] = MADE;\n`
const WORKLOAD = (includes: string) =>
  `#include <stdio.h>\n${includes}\nint main(void)\n{\n\treturn puts(MADE) < 0;\n}\n`
const MADE = (what: string) => `#define MADE "made of ${what}"\n`

test.each([
  ['a header beside it', 'own.h', '#include "own.h"'],
  ['C beside it', 'own.c', '#include "own.c"'],
  ['a file of any name', 'own.inc', '  #  include "own.inc"'],
  ['a header below it', 'sub/own.h', '#include "sub/own.h"'],
  ['one of another', 'sub/deep.h', '#include "other.h"'],
])('a probe or workload is built again when it changes: %s', async (_, name, include) => {
  write('lab/bpf/other.h', '#include "sub/../sub/other.h"\n')
  write('lab/bpf/sub/other.h', '#include "deep.h"\n')
  write('lab/bpf/p.bpf.c', PROBE(include))
  write('lab/bpf/w.c', WORKLOAD(include))
  for (const what of ['this', 'that', 'this']) {
    write(`lab/bpf/${name}`, MADE(what))
    expect([await probe(), await workload()]).toEqual([`made of ${what}`, `made of ${what}`])
  }
})

test('a header that now hides another is seen', async () => {
  write('lab/bpf/p.bpf.c', PROBE('#include "sub/first.h"'))
  write('lab/bpf/sub/first.h', '#include "made.h"\n')
  write('lab/bpf/made.h', MADE('this'))
  expect(await probe()).toBe('made of this')
  write('lab/bpf/sub/made.h', MADE('that'))
  expect(await probe()).toBe('made of that')
})

test('a workload of a directory above, also where a link leads there', async () => {
  write('shared/real/w.c', WORKLOAD('#include "../own.h"'))
  write('lab/own.h', MADE('nothing'))
  symlinkSync(join(dir, 'shared/real'), join(dir, 'lab/bpf'))
  for (const what of ['this', 'that']) {
    write('shared/own.h', MADE(what))
    expect(await workload()).toBe(`made of ${what}`)
  }
})

test('R-1401-1: what is included and cannot be found by its line is refused, not forgotten', async () => {
  write('lab/bpf/own.h', MADE('this'))
  write('lab/bpf/p.bpf.c', PROBE('#define FILE "own.h"\n#include FILE'))
  write('lab/bpf/w.c', WORKLOAD('#define FILE "own.h"\n#include FILE'))
  for (const build of [probe, workload]) {
    const { kind, parts } = await failureOf(build())
    expect(kind).toBe('user')
    expect(parts.lines?.join(' ')).toContain('own.h')
    expect(parts.wayOut).toContain('not with a macro')
  }
})

test('a workload of several sources, with flags and a library: each of them decides what it becomes', async () => {
  write(
    'lab/bpf/w.c',
    '#include <math.h>\nint half(void);\nint main(int c, char **v)\n{\n\treturn half() != N / 2 + (int)cos(c - 1) - 1;\n}\n',
  )
  write('lab/bpf/half.c', 'int half(void)\n{\n\treturn 4;\n}\n')
  const made = async (flags: readonly string[]) =>
    await workloadStep(experimentOf(['w.c', 'half.c'], { flags, libraries: ['m', 'z'] }), context())
  const [first, again, other] = [await made(['-DN=8']), await made(['-DN=8']), await made(['-DN=9'])]
  expect(first?.name).toBe('w')
  expect(again?.fingerprint).toBe(first?.fingerprint)
  expect(other?.fingerprint).not.toBe(first?.fingerprint)
  expect(spawnSync(first?.file ?? '').status).toBe(0)
  expect(spawnSync((await made(['-DN=20']))?.file ?? '').status).toBe(1)
  write('lab/bpf/half.c', 'int half(void)\n{\n\treturn 10;\n}\n')
  expect(spawnSync((await made(['-DN=20']))?.file ?? '').status).toBe(0)
})

test('a library that the host does not have, and a skeleton without its source', async () => {
  write('lab/bpf/w.c', '#include "side.skel.h"\nint main(void)\n{\n\treturn 0;\n}\n')
  const missing = await failureOf(workloadStep(experimentOf(['w.c'], { libraries: ['no_such'] }), context()))
  expect(missing.parts.fact).toContain('includes side.skel.h, which bpftool makes of side.bpf.c')
  write('lab/bpf/w.c', 'int main(void)\n{\n\treturn 0;\n}\n')
  const { kind, parts } = await failureOf(workloadStep(experimentOf(['w.c'], { libraries: ['no_such'] }), context()))
  expect(kind).toBe('user')
  expect(parts.fact).toBe('libno_such.a, the static library no_such, is not on this host')
})

test('a program that is ready goes as it is', async () => {
  write('lab/bpf/ready.sh', '#!/bin/sh\n')
  const program = join(dir, 'lab/bpf/ready.sh')
  expect(await workloadStep(experimentOf([], { program }), context())).toMatchObject({
    name: 'ready.sh',
    file: program,
  })
})

describe('warnings of the compilers', () => {
  const warned = () =>
    events.flatMap((event) =>
      event.type === 'notice' ? [`${event.place?.replace(/^.*lab\/bpf\//, '')}: ${event.text}`] : [],
    )

  test('are said with their place, also where the object comes out of the store', async () => {
    const inline = 'static inline __attribute__((always_inline))'
    write('lab/bpf/own.h', `${inline} int half(int x)\n{\n\tif (x = 4)\n\t\treturn 2;\n\treturn 0;\n}\n`)
    write('lab/bpf/p.bpf.c', PROBE('#include "own.h"\n#define MADE "made of x"\nint f(int *x) { return half(*x); }'))
    write('lab/bpf/w.c', '#include "own.h"\nint main(int c, char **v)\n{\n\tint x;\n\treturn half(c);\n}\n')
    for (const _ of ['compiled', 'restored']) {
      events.length = 0
      await probe()
      expect(warned()).toEqual([expect.stringMatching(/^own\.h:3:8: clang warns: .* \[-Wparentheses\]$/)])
      events.length = 0
      await workloadStep(experimentOf(['w.c']), context())
      expect(warned()).toEqual([
        expect.stringMatching(/^own\.h:3:13: gcc warns: .* \[-Wparentheses\]$/),
        expect.stringMatching(/^w\.c:4:13: gcc warns: .* \[-Wunused-variable\]$/),
      ])
    }
  })

  test('about headers that are not of the lab are left out', async () => {
    write('types/vmlinux.h', 'typedef unsigned int __u32;\nstatic inline int g(void) { int unused; return 0; }\n')
    write('lab/bpf/p.bpf.c', PROBE('#define MADE "made of x"'))
    await probe()
    expect(warned()).toEqual([])
  })

  test('are cut after ten, and the rest is counted', async () => {
    const unused = Array.from({ length: 12 }, (_, index) => `int x${index};`).join(' ')
    write('lab/bpf/w.c', `int main(void) { ${unused} return 0; }\n`)
    await workloadStep(experimentOf(['w.c']), context())
    expect(warned()).toHaveLength(10)
    expect(warned().at(-1)).toContain('(and 2 more warnings)')
  })
})
