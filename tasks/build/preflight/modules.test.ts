import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { hookOf } from '../../linux/symbols/hook.ts'
import { verdict, type VerdictKind } from '../../linux/symbols/verdict.ts'
import type { ResolvedLab } from '../../config/resolved.ts'
import { inModule, modulesWith } from './modules.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-unit-'))
afterAll(() => rmSync(dir, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}
file('events.h', 'TRACE_EVENT(counted,\n\tTP_PROTO(long by),\n')
const counter = {
  name: 'counter',
  sources: [file('counter.c', '#include "events.h"\nnoinline long counter_add(long by)\n{\n\treturn by;\n}\n')],
  flags: [],
  params: {},
}
const own = { name: 'null_blk', sources: [], flags: [], params: {} }

const answer = (section: string, kind: VerdictKind, modules: Parameters<typeof inModule>[1]) => {
  const { kind: found, fact, attachable } = inModule(verdict(hookOf(section), kind, 'not there'), modules)
  return [found, attachable, fact]
}

test.each([
  [
    'kprobe/counter_add',
    'unknown name',
    [counter],
    'counter_add is in the module counter (counter.c), which is loaded first',
  ],
  [
    'tracepoint/counters/counted',
    'no event',
    [counter],
    'counters:counted is in the module counter (events.h), which is loaded first',
  ],
  [
    'kprobe/counter_ad',
    'absent',
    [own],
    'counter_ad is not in the kernel itself, and may be in null_blk: `lab run` looks there first',
  ],
] as const)('%s: the module decides', (section, kind, modules, fact) => {
  expect(answer(section, kind, modules)).toEqual(['module', undefined, fact])
})

test('a kind of hook whose modules are loaded first, and one of which a module is missing', () => {
  const tc = verdict(hookOf('tc'), 'not built', 'CONFIG_NET_SCH_INGRESS is in a module', {
    fixes: [{ change: 'modules', names: ['sch_ingress', 'cls_bpf'] }],
  })
  const named = (...names: readonly string[]) => names.map((name) => ({ ...own, name }))
  expect(inModule(tc, named('sch_ingress', 'cls_bpf', 'null_blk'))).toMatchObject({
    kind: 'module',
    fact: 'it needs sch_ingress and cls_bpf, which the experiment loads first',
  })
  expect(inModule(tc, named('sch_ingress')).kind).toBe('not built')
})

test.each([
  ['kprobe/counter_ad', 'absent', [counter]],
  ['kprobe/counter_add', 'absent', []],
  ['tracepoint/counters/count', 'no event', [counter]],
  ['kprobe/counter_add', 'notrace', [counter]],
] as const)('%s (%s) stays as it is', (section, kind, modules) => {
  expect(answer(section, kind, modules)[0]).toBe(kind)
})

test('the modules of a probe that only some arms of an experiment have', () => {
  const experiments = {
    each: { probes: ['p'], matrix: {}, modules: [counter] },
    some: { probes: [], matrix: { probe: ['p', 'other'] }, modules: [own] },
    none: { probes: ['other'], matrix: {}, modules: [{ ...own, name: 'loop' }] },
  }
  const lab = { experiments } as unknown as ResolvedLab
  expect(modulesWith(lab, 'p').map(({ name }) => name)).toEqual(['counter', 'null_blk'])
})
