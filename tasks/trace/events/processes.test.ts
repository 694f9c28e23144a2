import { describe, expect, test } from 'vitest'
import { parseTraceText } from '../../linux/ftrace/trace-line.ts'
import { LOG } from '../../linux/ftrace/trace-log.fixture.ts'
import { Processes } from './processes.ts'
import { executed, exited, forked, said, trace } from './trace.fixture.ts'

describe('comm', () => {
  const { events } = parseTraceText(LOG['7/2'])

  test('R-0702-1: <...> is resolved from what the lab knows of the process that it started', () => {
    const processes = new Processes(events, new Map([[18727, 'readiter']]))
    expect(processes.comm(18727)).toBe('readiter')
    expect(events.map((event) => processes.named(event)).filter(({ pid }) => pid === 18727)).toMatchObject([
      { comm: 'readiter' },
      { comm: 'readiter' },
      { comm: 'readiter' },
    ])
  })

  test('R-0702-1: without it <...> stays, and is not dropped', () => {
    const processes = new Processes(events)
    expect(processes.comm(18727)).toBe('<...>')
    expect(events.map((event) => processes.named(event)).filter(({ comm }) => comm === '<...>').length).toBe(9)
  })

  test('a name that the trace has stays as it is', () => {
    const processes = new Processes(events, new Map([[18724, 'other']]))
    const [event] = events.filter(({ pid }) => pid === 18724)
    expect(event && processes.named(event)).toBe(event)
  })

  test.each([
    ['a record of the process', trace({ ...said(7, 'x')[0]!, comm: 'readfile' }), 'readfile'],
    ['the last name wins', trace({ ...said(7, 'x')[0]!, comm: 'sh' }, { ...said(7, 'x')[0]!, comm: 'cat' }), 'cat'],
    ['its exec', trace(executed(7, '/run/lab/a b/a-very-long-name-indeed')), 'a-very-long-nam'],
    ['its fork', trace(forked(1, 7, 'holder')), 'holder'],
    ['its exit', trace(exited(7, 'gone')), 'gone'],
    ['nobody', trace(said(8, 'x')), '<...>'],
  ])('from %s', (_, steps, comm) => expect(new Processes(steps).comm(7)).toBe(comm))
})

describe('times', () => {
  const processes = new Processes(
    trace(forked(1, 7), executed(7, '/bin/sh'), said(7, 'x'), executed(7, '/bin/cat'), exited(7, 'cat'), said(8, 'y')),
  )

  test('of every exec, and of the exit', () => {
    expect(processes.execs(7)).toEqual([
      { timeNs: 2000n, filename: '/bin/sh' },
      { timeNs: 4000n, filename: '/bin/cat' },
    ])
    expect(processes.execTime(7)).toBe(4000n)
    expect(processes.exitTime(7)).toBe(5000n)
    expect([processes.execs(8), processes.execTime(8), processes.exitTime(8)]).toEqual([[], undefined, undefined])
  })

  test('a process began in the trace when its fork or its exec is there', () => {
    expect([7, 8].map((pid) => processes.beganInTrace(pid))).toEqual([true, false])
  })

  test('of the exec of a thread: it is its leader’s from then on, and was its own before', () => {
    const threads = new Processes(trace(forked(7, 9), executed(7, '/bin/cat', 9)))
    expect([7, 9].map((pid) => threads.execTime(pid))).toEqual([2000n, 2000n])
  })
})

describe('descendants', () => {
  const processes = new Processes(trace(forked(1, 7), forked(7, 8), forked(8, 9), forked(1, 10), forked(7, 11)))

  test('are children and theirs, and the process itself', () => {
    expect(processes.descendants(7)).toEqual(new Set([7, 8, 9, 11]))
    expect([...processes.descendants(9)]).toEqual([9])
    expect([...processes.descendants(5000)]).toEqual([5000])
    expect([7, 9, 1].map((pid) => processes.parent(pid))).toEqual([1, 8, undefined])
  })

  test('are not confused by a comm that looks like a field', () => {
    const odd = new Processes(trace(forked(7, 8, 'x child_pid=1 ')))
    expect([...odd.descendants(7)]).toEqual([7, 8])
    expect(odd.comm(8)).toBe('x child_pid=1 ')
    expect(odd.parent(1)).toBeUndefined()
  })

  test('end, also where pids were used again in a circle', () => {
    expect([...new Processes(trace(forked(7, 8), forked(8, 7))).descendants(7)]).toEqual([7, 8])
  })
})
