import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { moduleParameters } from '../objects/module-parameters.ts'
import { usedSymbols } from '../objects/used-symbols.ts'
import type { KernelFacts, Place } from './facts.ts'
import { hookOf } from './hook.ts'
import { judge } from './judge.ts'
import { moduleFacts, withModules } from './module-facts.ts'

/** What the kernel's macros make of a module, written out: tables with pointers that only the loader resolves. */
const SOURCE = `
#define IN(name) __attribute__((section(name), used))
#define NOTRACE __attribute__((no_instrument_function))
long printk(const char *text);
extern long maybe(void) __attribute__((weak));
static long twice(long by) { return printk("x") + by; }
long add(long by) { return twice(by) + (maybe ? maybe() : 0); }
NOTRACE long quiet(long by) { return by + 1; }
NOTRACE IN(".noinstr.text") long entry(void) { return 1; }
long listed(void) { return 2; }
IN("_kprobe_blacklist") static void *refused = listed;
IN(".init.text") int init_module(void) { return 0; }
long total;
struct kernel_param { const char *name; void *rest[4]; };
static const char step[] = "step", count[] = "count";
IN("__param") static const struct kernel_param params[] = { { step }, { count } };
struct class { const char *system; void *rest[3]; };
struct call { void *list[2]; struct class *class; };
static const char group[] = "counters";
static struct class event_class_counted = { group };
IN("_data") static struct call event_counted = { { 0 }, &event_class_counted };
IN("_ftrace_events") static struct call *call = &event_counted;
int __tracepoint_counted;
const char __ksymtab_add[1];
`

const dir = mkdtempSync(join(tmpdir(), 'lab-unit-'))
let object = Buffer.alloc(0)
beforeAll(() => {
  writeFileSync(join(dir, 'm.c'), SOURCE)
  const flags = ['-O2', '-w', '-fno-inline', '-fno-pic', '-pg', '-mfentry', '-mrecord-mcount', '-c']
  execFileSync('gcc', [...flags, '-o', join(dir, 'm.o'), join(dir, 'm.c')])
  object = readFileSync(join(dir, 'm.o'))
})
afterAll(() => rmSync(dir, { recursive: true }))

/** A kernel with one function, and one place that both have. */
const KERNEL: KernelFacts = {
  release: '5.10.223',
  from: 'vmlinux',
  functions: () => ['vfs_read', 'quiet'],
  places: (name): Place[] =>
    ['vfs_read', 'quiet'].includes(name) ? [{ address: 0x81000000, type: 'T', traceable: true }] : [],
  count: (name) => (['vfs_read', 'quiet'].includes(name) ? 1 : 0),
  isData: () => false,
  listsData: true,
  events: new Set(['sched:sched_switch']),
  tracepoints: new Set(['sched_switch']),
  config: new Map(
    [
      'DYNAMIC_FTRACE',
      'KPROBES',
      'KPROBE_EVENTS',
      'BPF_EVENTS',
      'EVENT_TRACING',
      'TRACEPOINTS',
      'BPF_SYSCALL',
      'KRETPROBES',
    ].map((name) => [name, 'y']),
  ),
  exported: new Map([['vfs_read', 'vmlinux']]),
  refusesAmbiguous: true,
}

describe('functions of a module that is not loaded yet', () => {
  const verdict = (section: string) => judge(hookOf(section), withModules(KERNEL, [moduleFacts(object, 'm')])).kind

  test.each([
    ['kprobe/add', 'attachable'],
    ['kretprobe/twice', 'attachable'],
    ['kprobe/entry', 'blacklisted'],
    ['kprobe/listed', 'blacklisted'],
    ['kprobe/init_module', 'init'],
    ['kprobe/total', 'not code'],
    ['kprobe/ad', 'absent'],
    ['kprobe/vfs_read', 'attachable'],
    // The kernel has a function of this name too.
    ['kprobe/quiet', 'ambiguous'],
    ['tracepoint/counters/counted', 'attachable'],
    ['raw_tracepoint/counted', 'attachable'],
    ['tracepoint/counters/other', 'no event'],
    ['tracepoint/sched/sched_switch', 'attachable'],
  ])('%s is %s', (section, kind) => {
    expect(verdict(section)).toBe(kind)
  })

  test('a function without a call of __fentry__ is notrace', () => {
    const facts = withModules({ ...KERNEL, refusesAmbiguous: false, places: () => [] }, [moduleFacts(object, 'm')])
    expect(judge(hookOf('kprobe/quiet'), facts).kind).toBe('notrace')
  })

  test('an option that the kernel has as a module is there once that is loaded', () => {
    const config = new Map([...KERNEL.config, ['NET_CLS_ACT', 'y'], ['NET_SCH_INGRESS', 'm'], ['NET_CLS_BPF', 'm']])
    const named = (...names: readonly string[]) => names.map((name) => ({ ...moduleFacts(object, 'm'), name }))
    const tc = (...names: readonly string[]) => judge(hookOf('tc'), withModules({ ...KERNEL, config }, named(...names)))
    expect(tc('sch_ingress').kind).toBe('not built')
    expect(tc('sch_ingress', 'cls_bpf').kind).toBe('not a symbol')
  })

  test('what is freed after loading is not listed', () => {
    const names = [...withModules(KERNEL, [moduleFacts(object, 'm')]).functions()]
    expect(names).toEqual(expect.arrayContaining(['vfs_read', 'add', 'quiet']))
    expect(names).not.toContain('init_module')
  })

  test('its exports, what it uses, and its parameters', () => {
    expect([...moduleFacts(object, 'm').exported]).toEqual(['add'])
    expect(usedSymbols(object)).toEqual(['__fentry__', 'printk'])
    expect(moduleParameters(object)).toEqual(['step', 'count'])
  })
})
