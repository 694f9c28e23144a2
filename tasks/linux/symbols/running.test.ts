import { describe, expect, test } from 'vitest'
import { factsOfRunning, type RunningTexts } from './running.ts'

const KALLSYMS = `ffffffff81000000 T _text
ffffffff81000100 T vfs_read
ffffffff81000200 t helper
ffffffff81000300 t helper
ffffffff81000400 T do_int3
ffffffff81000500 W weak_one
ffffffff81800000 T _etext
ffffffff81800100 r __ksymtab_vfs_read
ffffffff81800200 d __tracepoint_sys_enter
ffffffff81800300 D jiffies
ffffffff81900000 T _sinittext
ffffffff81900100 t setup_once
ffffffff81a00000 T _einittext
0000000000014000 A this_cpu_off
ffffffffc0000100 t ext_fn	[mymod]
`
const TEXTS: RunningTexts = {
  release: '6.1.0-test',
  kallsyms: KALLSYMS,
  traceable: 'vfs_read\nhelper\next_fn [mymod]\nunknown_fn\n',
  blacklist: '0xffffffff81000400-0xffffffff81000480\tdo_int3\n',
  events: 'sched:sched_switch\nnot an event\nraw_syscalls:sys_enter\n',
  config: new Map([['KPROBES', 'y']]),
}
const facts = factsOfRunning(TEXTS)

describe('the functions of a running kernel', () => {
  test('are the code of kallsyms, with the module', () => {
    const names = [...facts.functions()]
    expect(names).toEqual(expect.arrayContaining(['vfs_read', 'helper', 'weak_one', 'setup_once', 'ext_fn']))
    expect(names).not.toContain('jiffies')
    expect(facts.places('ext_fn')).toMatchObject([{ module: 'mymod', traceable: true }])
    expect(facts.places('no_such_function')).toEqual([])
  })

  test('are traceable where available_filter_functions lists them', () => {
    expect(facts.places('vfs_read')).toMatchObject([{ traceable: true }])
    expect(facts.places('do_int3')).toMatchObject([{ traceable: false }])
  })

  test('share a name: without addresses all are meant, with addresses one', () => {
    expect(facts.count('helper')).toBe(2)
    expect(facts.places('helper').map(({ traceable }) => traceable)).toEqual([true, true])
    const exact = factsOfRunning({ ...TEXTS, traceable: 'ffffffff81000304 helper\n' })
    expect(exact.places('helper').map(({ traceable }) => traceable)).toEqual([false, true])
  })

  test.each([
    ['do_int3', 'blacklist', 'in kprobes/blacklist'],
    ['setup_once', 'init', 'in .init.text (__init)'],
    ['_einittext', 'init', 'outside of the text that stays'],
  ])('%s is refused: %s', (name, refused, why) => {
    expect(facts.places(name)).toMatchObject([{ refused, why }])
  })

  test('is not refused inside of the text, nor in a module', () => {
    for (const name of ['vfs_read', 'weak_one', 'ext_fn'])
      expect(facts.places(name)).toMatchObject([expect.not.objectContaining({ refused: expect.anything() as unknown })])
  })
})

test('data, exports, tracepoints and events', () => {
  expect([facts.isData('jiffies'), facts.isData('vfs_read'), facts.count('jiffies')]).toEqual([true, false, 1])
  expect(facts.isData('this_cpu_off')).toBe(true)
  expect([...facts.exported]).toEqual([['vfs_read', 'vmlinux']])
  expect([...(facts.tracepoints ?? [])]).toEqual(['sys_enter'])
  expect([...(facts.events ?? [])]).toEqual(['sched:sched_switch', 'raw_syscalls:sys_enter'])
})

test('without KALLSYMS_ALL nothing is known about tracepoints', () => {
  const small = factsOfRunning({ ...TEXTS, kallsyms: 'ffffffff81000100 T vfs_read\n' })
  expect([small.listsData, small.tracepoints]).toEqual([false, undefined])
})

test('a kernel that counts symbols refuses a name that several functions have', () => {
  expect(facts.refusesAmbiguous).toBe(false)
  const counting = factsOfRunning({ ...TEXTS, kallsyms: `${KALLSYMS}ffffffff81000600 t count_symbols\n` })
  expect(counting.refusesAmbiguous).toBe(true)
})
