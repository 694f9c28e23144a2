import { describe, expect, test } from 'vitest'
import { withConfig, type KernelFacts } from './facts.ts'
import { hookOf } from './hook.ts'
import { factsOfImage } from './image.ts'
import { judge, withSimilar } from './judge.ts'
import { vmlinux } from './vmlinux.fixture.ts'
import { NOTRACE } from './words.ts'

const CONFIG = {
  KPROBES: 'y',
  KRETPROBES: 'y',
  KPROBE_EVENTS: 'y',
  BPF_EVENTS: 'y',
  EVENT_TRACING: 'y',
  TRACEPOINTS: 'y',
  UPROBES: 'y',
  UPROBE_EVENTS: 'y',
  PERF_EVENTS: 'y',
  DYNAMIC_FTRACE: 'y',
  KPROBE_EVENTS_ON_NOTRACE: 'y',
}

const kernel = (
  config: Readonly<Record<string, string>> = CONFIG,
  release = '5.10.223',
  more: readonly string[] = [],
): KernelFacts =>
  factsOfImage(vmlinux(more), {
    release,
    config: new Map(Object.entries(config)),
    exported: new Map([
      ['traced', 'vmlinux'],
      ['of_module', 'drivers/net/dummy'],
    ]),
  })
const { KPROBE_EVENTS_ON_NOTRACE: _, ...WITHOUT } = CONFIG
const verdict = (section: string, facts = kernel()) => judge(hookOf(section), facts)

describe('R-1901-1 a function of vmlinux', () => {
  test.each([
    ['kprobe/traced', 'attachable'],
    ['kretprobe/traced', 'attachable'],
    ['kprobe/traced+4', 'attachable'],
    ['kprobe/copyout_giulia', 'covered'],
    ['kprobe/lib_function', 'covered'],
    ['kprobe/listed', 'blacklisted'],
    ['kprobe/listed.cold', 'blacklisted'],
    ['kprobe/start_kernel', 'init'],
    ['kprobe/branch', 'rewritten'],
    ['kprobe/branch+4', 'covered'],
    ['kprobe/split', 'suffix'],
    ['kprobe/of_module', 'module'],
    ['kprobe/jiffies', 'not code'],
    ['kprobe/sys_write', 'system call'],
    ['ksyscall/write', 'attachable'],
    ['kprobe/nothing_like_it', 'absent'],
    ['fentry/traced', 'not built'],
    ['perf_event', 'not a symbol'],
    ['uprobe//bin/true:main', 'not a symbol'],
    ['usdt/${workload}:hooks:asked', 'not a symbol'],
    ['kprobe', 'not a symbol'],
    ['kproeb/traced', 'no section'],
    ['sk_msg', 'no loader'],
    ['struct_ops/x', 'no loader'],
    ['lsm/file_open', 'not built'],
    ['iter/task', 'not built'],
  ])('%s is %s', (section, kind) => {
    expect(verdict(section)).toMatchObject({ kind })
  })

  test.each([['kretprobe/traced+4'], ['kretprobe/copyout_giulia+0x10']])('%s: the beginning only', (section) => {
    const { kind, attachable, fixes } = verdict(section)
    expect([kind, attachable]).toEqual(['offset', false])
    expect(fixes).toContainEqual(expect.objectContaining({ text: section.replace(/(.*)\+.*/, 'SEC("$1")') }))
  })

  test('names every piece that the compiler made of it', () => {
    const { fact, fixes } = verdict('kprobe/split')
    expect(fact).toBe('split is there only as split.isra.0, split.part.1')
    expect(fixes).toContainEqual({ change: 'hook', text: 'SEC("kprobe/split.isra.0")' })
  })

  test('of which there are several: the first is probed, or none where the kernel counts them', () => {
    expect(verdict('kprobe/same').details.join()).toContain('2 functions have this name')
    expect(verdict('kprobe/same', kernel(CONFIG, '6.12.1', ['count_symbols']))).toMatchObject({
      kind: 'ambiguous',
      attachable: false,
    })
  })
})

describe('R-0502-3 notrace', () => {
  test('is refused without the option, in the words that are used after a boot, and the option is the way out', () => {
    expect(verdict('kprobe/copyout_giulia', kernel(WITHOUT))).toMatchObject({
      kind: 'notrace',
      attachable: false,
      fact: NOTRACE.fact,
      fixes: [{ change: 'option', symbol: 'KPROBE_EVENTS_ON_NOTRACE', value: 'y' }],
    })
  })

  test.each([
    ['before the refusal came with 4.19', kernel(WITHOUT, '4.15.17')],
    ['without dynamic ftrace, where nothing knows what is notrace', kernel({ ...WITHOUT, DYNAMIC_FTRACE: 'n' })],
  ])('is no matter %s', (_name, facts) => {
    expect(verdict('kprobe/lib_function', facts).attachable).toBe(true)
  })

  test('a function that is traced needs no option', () => {
    expect(verdict('kprobe/traced', kernel(WITHOUT)).attachable).toBe(true)
  })
})

describe('R-0502-4 a system call', () => {
  test('has its wrapper as target, and lab.bpf.h has a name for every kernel', () => {
    expect(verdict('kprobe/sys_write')).toMatchObject({ fact: 'sys_write is __x64_sys_write in this kernel' })
    expect(verdict('kprobe/sys_write').fixes).toEqual([
      { change: 'hook', text: 'SEC("kprobe/__x64_sys_write")' },
      { change: 'hook', text: 'SEC("kprobe/" SYSCALL("write"))', note: 'lab.bpf.h; right for every kernel' },
    ])
    // The line that the log's loader wrote to kprobe_events.
    expect('p:__x64_sys_write __x64_sys_write').toHaveLength(33)
  })
})

describe('a trace event', () => {
  test.each([
    ['tracepoint/demo/thing', true],
    ['tp/demo/sys_enter_read', true],
    ['tracepoint/demo/nothing', false],
    ['tracepoint/other/thing', false],
    ['raw_tracepoint/thing', true],
    ['raw_tp/nothing', false],
  ])('%s is there: %s', (section, there) => {
    expect(verdict(section).attachable).toBe(there)
  })

  test('that is not there has the nearest of those that are', () => {
    expect(verdict('tracepoint/demo/sys_enter_reed')).toMatchObject({
      kind: 'no event',
      fixes: [{ change: 'hook', text: 'SEC("tracepoint/demo/sys_enter_read")' }],
    })
  })
})

test('a kernel without kprobe events has none to attach, and the option says so', () => {
  const { KPROBE_EVENTS: _off, ...none } = CONFIG
  expect(verdict('kprobe/traced', kernel(none))).toMatchObject({
    kind: 'not built',
    fixes: [{ change: 'option', symbol: 'KPROBE_EVENTS', value: 'y' }],
  })
})

describe('what a kind of hook needs', () => {
  test.each([
    ['fentry/traced', '5.4.0', 'SEC("kprobe/traced")'],
    ['fexit/traced', '5.4.0', 'SEC("kretprobe/traced")'],
    ['fmod_ret/traced', '5.5.0', 'SEC("kretprobe/traced")'],
    ['fentry.s/traced', '5.9.0', 'SEC("kprobe/traced")'],
    ['tp_btf/thing', '5.4.0', undefined],
    ['kprobe.multi/traced', '5.17.3', 'SEC("kprobe/traced")'],
    ['kretprobe.multi/tra*', '5.10.223', undefined],
    ['kprobe.session/traced', '6.1.0', 'SEC("kprobe/traced")'],
    ['raw_tp/thing', '4.15.17', undefined],
    ['uprobe.s/${workload}:f', '5.10.0', undefined],
    ['usdt.s/${workload}:p:n', '5.18.0', undefined],
    ['xdp.frags', '5.17.0', undefined],
  ])('%s on %s: the version, and no option that cannot help', (section, release, text) => {
    const { kind, attachable, fact, fixes } = verdict(section, kernel(CONFIG, release))
    expect({ kind, attachable }).toEqual({ kind: 'too old', attachable: false })
    expect(fact).toMatch(new RegExp(`^${section.replace(/\/.*/, '')} needs a kernel of [456]\\.\\d+ or later$`))
    expect(fixes.map((fix) => (fix.change === 'hook' ? fix.text : fix.change))).toEqual(
      text === undefined ? [] : [text],
    )
  })

  test('a section that came with this very version is not too old', () => {
    for (const [section, release] of [
      ['fentry/traced', '5.5.0'],
      ['fentry.s/traced', '5.10.0'],
      ['kprobe.multi/traced', '5.18.0'],
    ] as const)
      expect(verdict(section, kernel(CONFIG, release)).kind).toBe('not built')
  })

  const options = (section: string, config: Readonly<Record<string, string>>, release?: string) =>
    verdict(section, kernel(config, release)).fixes.map((fix) => (fix.change === 'option' ? fix.symbol : fix.change))

  test('CONFIG_BPF_EVENTS has no prompt: of what brings it, whichever is off', () => {
    const { BPF_EVENTS: _bpf, PERF_EVENTS: _perf, ...none } = CONFIG
    const rest = { ...none, BPF_SYSCALL: 'y' }
    expect(options('kprobe/traced', rest)).toEqual(['PERF_EVENTS'])
    expect(options('tracepoint/demo/thing', none)).toEqual(['BPF_SYSCALL', 'PERF_EVENTS'])
    expect(options('kprobe/traced', { MODULES: 'y' })).toEqual([
      'KPROBES',
      'KPROBE_EVENTS',
      'BPF_SYSCALL',
      'PERF_EVENTS',
    ])
  })

  test.each([
    ['lsm/file_open', ['SECURITY', 'BPF_JIT', 'BPF_LSM', 'btf']],
    ['iter/task', ['btf']],
    ['cgroup_skb/egress', ['CGROUPS', 'CGROUP_BPF']],
    ['tc', ['NET_SCHED', 'NET_CLS_ACT', 'NET_SCH_INGRESS', 'NET_CLS_BPF']],
    ['uprobe/${workload}:f', ['UPROBE_EVENTS']],
  ])('%s: all that is off of what it needs, with what brings it', (section, symbols) => {
    const { UPROBES: _uprobes, UPROBE_EVENTS: _events, ...rest } = CONFIG
    expect(options(section, { ...rest, BPF_SYSCALL: 'y', NET: 'y' })).toEqual(symbols)
  })

  test('tc in modules: first of all they can be loaded; one alone is not enough', () => {
    const tc = { ...CONFIG, NET_SCHED: 'y', NET_CLS_ACT: 'y', NET_SCH_INGRESS: 'm', NET_CLS_BPF: 'm' }
    expect(verdict('tc', kernel(tc))).toMatchObject({
      kind: 'not built',
      fixes: [{ change: 'modules', names: ['sch_ingress', 'cls_bpf'] }, { change: 'option' }, { change: 'option' }],
    })
    expect(options('tc', { ...tc, NET_CLS_BPF: 'n' })).toEqual(['NET_SCH_INGRESS', 'NET_CLS_BPF'])
  })

  test('an LSM hook and an iterator by their names, with what was meant', () => {
    const facts = kernel({ ...CONFIG, DEBUG_INFO_BTF: 'y', BPF_LSM: 'y', BPF_SYSCALL: 'y' }, '5.10.223', [
      'bpf_lsm_file_open',
      'bpf_iter_task',
    ])
    expect(verdict('lsm/file_open', facts).kind).toBe('attachable')
    expect(verdict('iter/task', facts).kind).toBe('attachable')
    expect(verdict('lsm/file_opne', facts)).toMatchObject({
      kind: 'absent',
      fixes: [{ change: 'hook', text: 'SEC("lsm/file_open")' }],
    })
  })

  test('a slip in the name of a function: what was meant, and no expose: of what does not exist', () => {
    const facts = kernel(CONFIG, '5.10.223', ['submit_bio', 'put_page'])
    expect(withSimilar(verdict('kprobe/submit_bios', facts), facts).fixes).toEqual([
      { change: 'hook', text: 'SEC("kprobe/submit_bio")', note: 'did you mean this one?' },
    ])
    expect(withSimilar(verdict('kprobe/get_page', facts), facts).fixes).toContainEqual({
      change: 'expose',
      function: 'get_page',
    })
  })

  test('ftrace with direct calls and fprobes need the function tracer', () => {
    expect(options('fentry/traced', CONFIG)).toEqual(['FUNCTION_TRACER', 'btf'])
    expect(options('kprobe.multi/traced', CONFIG, '6.1.0')).toEqual(['FUNCTION_TRACER', 'FPROBE'])
  })
})

describe('P7: a program that ends a function with a value of its own', () => {
  const OVERRIDE = { ...CONFIG, FUNCTION_ERROR_INJECTION: 'y', BPF_KPROBE_OVERRIDE: 'y' }
  const ending = (section: string, config: Readonly<Record<string, string>> = OVERRIDE) =>
    judge({ ...hookOf(section), overrides: true }, kernel(config))

  test.each([
    ['kprobe/__x64_sys_write', 'attachable'],
    ['kprobe/traced', 'not modifiable'],
    ['kprobe/__x64_sys_write+4', 'offset'],
  ])('%s is %s', (section, kind) => {
    expect(ending(section).kind).toBe(kind)
  })

  test('the option that is off is named', () => {
    expect(ending('kprobe/__x64_sys_write', { ...OVERRIDE, BPF_KPROBE_OVERRIDE: 'n' })).toMatchObject({
      kind: 'not built',
      fixes: [{ change: 'option', symbol: 'BPF_KPROBE_OVERRIDE', value: 'y' }],
    })
  })
})

describe('hooks of BTF', () => {
  const FULL = { ...CONFIG, DEBUG_INFO_BTF: 'y', DYNAMIC_FTRACE_WITH_DIRECT_CALLS: 'y' }
  const full = kernel(FULL)

  test.each([
    ['fentry/traced', 'attachable'],
    ['fentry/traced+4', 'offset'],
    ['fmod_ret/traced', 'not modifiable'],
    ['fmod_ret/__x64_sys_write', 'attachable'],
    ['tp_btf/thing', 'attachable'],
  ])('%s is %s', (section, kind) => {
    expect(verdict(section, full).kind).toBe(kind)
  })

  test('a raw tracepoint with types needs the types, one without does not', () => {
    const { DEBUG_INFO_BTF: _btf, ...none } = FULL
    expect(verdict('tp_btf/thing', kernel(none))).toMatchObject({ kind: 'not built', fixes: [{ change: 'btf' }] })
    expect(verdict('raw_tp/thing', kernel(none)).kind).toBe('attachable')
  })

  test('a kernel with more of them than it marks for error injection', () => {
    const newer = kernel(FULL, '6.12.0', ['register_btf_fmodret_id_set'])
    expect(verdict('fmod_ret/traced', newer)).toMatchObject({ kind: 'not known', attachable: undefined })
  })

  test('a running kernel that lists no variables does not say whose value may be changed', () => {
    const silent = { ...withConfig(full, full.config), isData: () => false, listsData: false }
    expect(verdict('fmod_ret/traced', silent).attachable).toBeUndefined()
  })
})

test('a file that is no kernel is said to be none', () => {
  const read = (offset: number, size: number) => Buffer.from('not an ELF file').subarray(offset, offset + size)
  expect(() => factsOfImage(read, { release: '', config: new Map(), exported: new Map() })).toThrow('not a 64-bit')
})
