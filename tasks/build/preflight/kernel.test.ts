import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { fingerprintOf, type Inputs } from '../../engine/fingerprint.ts'
import { kernelFingerprint } from '../kernel/identity.ts'
import { hookOf } from '../../linux/symbols/hook.ts'
import { vmlinux } from '../../linux/symbols/vmlinux.fixture.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { judgeHooks } from './judge.ts'
import { openKernel } from './kernel.ts'

const BASE = { DYNAMIC_FTRACE: 'y', FUNCTION_TRACER: 'y', DYNAMIC_FTRACE_WITH_DIRECT_CALLS: 'y' }
const PROBES = { KPROBES: 'y', KPROBE_EVENTS: 'y', BPF_EVENTS: 'y', KPROBE_EVENTS_ON_NOTRACE: 'y' }
const NO_TRACE = 'fragments/no-trace.config'

let dir = ''
beforeEach(() => {
  dir = tempDir()
  mkdirSync(join(dir, 'tree'))
  for (const name of ['Kconfig', 'Makefile']) writeFileSync(join(dir, 'tree', name), '')
  mkdirSync(join(dir, 'fragments'))
  writeFileSync(join(dir, NO_TRACE), '# CONFIG_KPROBE_EVENTS_ON_NOTRACE is not set\n')
})

const declared = (more: Partial<ResolvedKernel>): ResolvedKernel => ({
  name: 'k',
  source: { tree: join(dir, 'tree') },
  config: [],
  options: {},
  debug: 'none',
  compat: 'auto',
  patches: [],
  parallelPaths: [],
  expose: [],
  ...more,
})

const HOOKS = ['kprobe/lib_function', 'fentry/traced']

/**
 * Verdicts on a kernel whose source was built before with `config`, and is declared otherwise now. @param more inputs
 * of the earlier build that differ, too
 */
async function kinds(
  config: Readonly<Record<string, string>>,
  kernel: ResolvedKernel,
  sections: readonly string[] = HOOKS,
  more: Inputs = {},
): Promise<string[]> {
  const context = { ...testContext(join(dir, 'cache')), toolRoot: join(import.meta.dirname, '../../..') }
  const { inputs } = await kernelFingerprint(kernel, context)
  const before: Inputs = { ...inputs, lab: 'another', ...more }
  await context.store.put('kernel', fingerprintOf(before), before, (to) => {
    writeFileSync(join(to, 'vmlinux'), vmlinux()(0, 1 << 20))
    writeFileSync(join(to, 'release'), '5.10.223\n')
    writeFileSync(join(to, 'Module.symvers'), '')
    const lines = Object.entries({ ...BASE, ...config }).map(([symbol, value]) => `CONFIG_${symbol}=${value}\n`)
    writeFileSync(join(to, 'config'), lines.join(''))
    return Promise.resolve()
  })
  const view = await openKernel(kernel, context)
  expect(view.state).toBe('built before')
  return (await judgeHooks(sections.map(hookOf), view)).map(({ kind }) => kind)
}

test.each<[string, Record<string, string>, () => Partial<ResolvedKernel>, string[]]>([
  ['as it is', PROBES, () => ({}), ['covered', 'not built']],
  ['an option', PROBES, () => ({ options: { KPROBE_EVENTS_ON_NOTRACE: 'n' } }), ['notrace', 'not built']],
  ['a fragment', PROBES, () => ({ config: [join(dir, NO_TRACE)] }), ['notrace', 'not built']],
  ['debug: btf', PROBES, () => ({ debug: 'btf' }), ['covered', 'attachable']],
  ['no debug: any more', { ...PROBES, DEBUG_INFO_BTF: 'y' }, () => ({}), ['covered', 'not built']],
])(
  'R-1901-1: of a kernel that was built before, what is declared now counts: %s',
  async (_, config, more, expected) => {
    expect(await kinds(config, declared(more()))).toEqual(expected)
  },
)

test('P3: another lab built this source with a parallel path: what that made, or lacks, decides nothing here', async () => {
  const theirs = { parallelPath: [{ suffix: 'giulia', entry: 'read', functions: ['copyout'] }] }
  const hooks = ['kprobe/copyout_giulia', 'kprobe/of_a_patch', 'kprobe/traced']
  // The tree as it is has neither.
  expect(await kinds(PROBES, declared({}), hooks, theirs)).toEqual(['unknown name', 'unknown name', 'attachable'])
  expect(await kinds(PROBES, declared({}), hooks)).toEqual(['covered', 'unknown name', 'attachable'])
})

test('a section that names nothing is not looked for in the source', async () => {
  const hooks = ['kprobe/f(x', 'tracepoint/g/e(', 'kretprobe/[', 'kprobe/traced']
  expect(await kinds({ ...PROBES, KRETPROBES: 'y', EVENT_TRACING: 'y' }, declared({}), hooks)).toEqual([
    'no section',
    'no section',
    'no section',
    'attachable',
  ])
})

test('a probe that is compiled for a check is the one that a run restores: the kernel has its whole fingerprint', async () => {
  const context = { ...testContext(join(dir, 'cache')), toolRoot: join(import.meta.dirname, '../../..') }
  const { inputs, fingerprint } = await kernelFingerprint(declared({}), context)
  await context.store.put('kernel', fingerprint, inputs, (to) => {
    writeFileSync(join(to, 'vmlinux'), vmlinux()(0, 1 << 20))
    for (const name of ['release', 'Module.symvers', 'config']) writeFileSync(join(to, name), '')
    return Promise.resolve()
  })
  expect((await openKernel(declared({}), context)).entry?.fingerprint).toBe(fingerprint)
})

test('a developer’s own tree that was never built is judged by its source, and nothing is written beside it', async () => {
  mkdirSync(join(dir, 'tree/fs'))
  writeFileSync(join(dir, 'tree/Makefile'), 'VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 0\n')
  writeFileSync(join(dir, 'tree/fs/a.c'), 'int there(int x)\n{\n\treturn x;\n}\n')
  const context = { ...testContext(join(dir, 'cache')), toolRoot: join(import.meta.dirname, '../../..') }
  const view = await openKernel(declared({ compat: 'none' }), context)
  expect(view.state).toBe('source')
  const verdicts = await judgeHooks(['kprobe/there', 'kprobe/not_there'].map(hookOf), view)
  expect(verdicts.map(({ kind }) => kind)).toEqual(['not known', 'unknown name'])
  expect(readdirSync(dir).filter((name) => name.startsWith('tree'))).toEqual(['tree'])
})
