import { describe, expect, test } from 'vitest'
import { parseTraceText } from '../../linux/ftrace/trace-line.ts'
import { LOG } from '../../linux/ftrace/trace-log.fixture.ts'
import { Processes } from './processes.ts'
import { sequencesOf, type Matches, type Sequence } from './sequences.ts'
import { executed, exited, forked, said, trace } from './trace.fixture.ts'

const is =
  (wanted: string): Matches =>
  (message) =>
    message === wanted
const like =
  (wanted: RegExp): Matches =>
  (message) =>
    wanted.test(message)

/** A sequence in short: "abc", with what is said of it. */
const short = ({ events, complete, partialBecause, pid }: Sequence): string =>
  [pid, events.map(({ message }) => message).join(''), complete ? 'whole' : 'not whole', partialBecause ?? '']
    .join(' ')
    .trim()

const ABC = ['a', 'b', 'c'].map(is)
const own = (
  steps: ReturnType<typeof trace>,
  pids: number[],
  order: readonly Matches[] = ABC,
  per?: 'sequence' | 'run',
) => sequencesOf(steps, new Set(pids), new Processes(steps), order, per).sequences.map(short)

describe('the log', () => {
  const all = (lines: readonly string[], order: readonly Matches[]) => {
    const { events } = parseTraceText(lines)
    return sequencesOf(events, new Set(events.map(({ pid }) => pid)), new Processes(events), order)
  }

  test('R-1801-2, R-0802-1: 8/2: six messages are one whole sequence', () => {
    const { sequences, others } = all(LOG['8/2'], [
      ...['ext4 file read', 'generic file read', 'copy_page_to_iter', 'copy_page_to_iter_iovec'].map(is),
      is('entering copyout'),
      like(/^copyout to 0x[0-9a-f]+ from 0x[0-9a-f]+ len 16$/),
    ])
    expect(sequences).toMatchObject([{ pid: 2425, comm: 'readiter', complete: true, startNs: 5_644_654_606_000n }])
    expect(sequences[0]?.partialBecause).toBeUndefined()
    expect(others).toEqual([])
  })

  test('R-0702-2: six reads of six processes, the first of which began before the capture', () => {
    const copyout = /^copyout to (0x[0-9a-f]+) from (0x[0-9a-f]+) len (\d+)$/
    const { sequences } = all(LOG['7/2'], [is('copy_page_to_iter'), is('entering copyout'), like(copyout)])
    expect(sequences.map(({ pid, complete, partialBecause }) => [pid, complete, partialBecause])).toEqual([
      [18721, false, 'started before the capture'],
      ...[18724, 18727, 18729, 18796, 18798].map((pid) => [pid, true, undefined]),
    ])
    const copies = sequences.map(({ events }) => copyout.exec(events.at(-1)?.message ?? '')?.slice(1) ?? [])
    expect(new Set(copies.map(([to]) => to)).size).toBe(6)
    expect(new Set(copies.map(([, from, length]) => `${from} ${length}`))).toEqual(new Set(['0x000000001461c6d7 16']))
  })
})

describe('reads', () => {
  test('are cut at the first message, per process, in order of their beginnings', () => {
    const steps = trace(
      said(7, 'a'),
      said(8, 'a'),
      said(7, 'b'),
      said(8, 'b'),
      said(7, 'c', 'a', 'b', 'c'),
      said(8, 'c'),
    )
    expect(own(steps, [7, 8])).toEqual(['7 abc whole', '8 abc whole', '7 abc whole'])
  })

  test('hold nothing of other processes, which are counted by themselves', () => {
    const steps = trace(said(7, 'a', 'b'), said(9, 'a', 'x'), said(7, 'c'), said(10, 'b'), executed(10, '/bin/cat'))
    const { sequences, others } = sequencesOf(steps, new Set([7]), new Processes(steps), ABC)
    expect(sequences.map(short)).toEqual(['7 abc whole'])
    expect(others).toEqual([
      { pid: 9, comm: '<...>', events: 2 },
      { pid: 10, comm: 'cat', events: 1 },
    ])
  })

  test('hold nothing but messages of probes', () => {
    const marker = { pid: 7, event: 'tracing_mark_write', message: 'x' }
    expect(own(trace(said(7, 'a'), marker, said(7, 'b', 'c'), exited(7, 'x')), [7])).toEqual(['7 abc whole'])
  })

  test('that end early say so, wherever they end', () => {
    expect(own(trace(said(7, 'a', 'a', 'b', 'a', 'b', 'c', 'a')), [7])).toEqual([
      '7 a not whole ended early',
      '7 ab not whole ended early',
      '7 abc whole',
      '7 a not whole ended early',
    ])
  })

  test.each([
    ['a message too much', ['a', 'b', 'x', 'c'], '7 abxc not whole'],
    ['one after the last', ['a', 'b', 'c', 'c'], '7 abcc not whole'],
    ['a wrong order', ['a', 'c', 'b'], '7 acb not whole'],
    ['the middle alone', ['b'], '7 b not whole'],
  ])('with %s are neither whole nor partial', (_, messages, expected) => {
    expect(own(trace(said(7, ...messages)), [7])).toEqual([expected])
  })

  test('may have the first message in their middle, where it is what must come', () => {
    const order = ['a', 'b', 'a', 'c'].map(is)
    expect(own(trace(said(7, 'a', 'b', 'a', 'c', 'a', 'b', 'a', 'c')), [7], order)).toEqual([
      '7 abac whole',
      '7 abac whole',
    ])
    expect(own(trace(said(7, 'a', 'a', 'b', 'a', 'c')), [7], order)).toEqual([
      '7 a not whole ended early',
      '7 abac whole',
    ])
    expect(own(trace(said(7, 'a', 'x', 'a', 'b')), [7], order)).toEqual([
      '7 ax not whole',
      '7 ab not whole ended early',
    ])
  })
})

describe('what began before the capture', () => {
  test('is the end of a first sequence', () => {
    expect(own(trace(said(7, 'c', 'a', 'b', 'c')), [7])).toEqual([
      '7 c not whole started before the capture',
      '7 abc whole',
    ])
  })

  test('is nothing of a process whose beginning is in the trace', () => {
    expect(own(trace(forked(1, 7), said(7, 'c')), [7])).toEqual(['7 c not whole'])
    expect(own(trace(executed(7, '/x'), said(7, 'b', 'c')), [7])).toEqual(['7 bc not whole'])
  })
})

describe('reads of execve()', () => {
  test('are what comes before the exec of the process that the lab started', () => {
    const steps = trace(forked(1, 7), said(7, 'a', 'b', 'a', 'b'), executed(7, '/data/x'), said(7, 'a', 'b', 'c'))
    expect(own(steps, [7])).toEqual(['7 ab not whole exec', '7 ab not whole exec', '7 abc whole'])
  })

  test('are not the program’s, however whole: before its exec it was another program', () => {
    const steps = trace(forked(1, 7), said(7, 'a', 'b', 'c', 'x'), executed(7, '/data/x'), said(7, 'a', 'b', 'c'))
    expect(own(steps, [7])).toEqual(['7 abcx not whole exec', '7 abc whole'])
  })

  test('end at the exec, also when the next message would go on', () => {
    const steps = trace(said(7, 'a', 'b'), executed(7, '/data/x'), said(7, 'c'))
    expect(own(steps, [7])).toEqual(['7 ab not whole exec', '7 c not whole'])
  })

  test('are not the reads of a child before it becomes another program', () => {
    const steps = trace(
      forked(1, 7),
      executed(7, '/bin/sh'),
      said(7, 'a', 'b', 'c'),
      forked(7, 8),
      said(8, 'a', 'b', 'c', 'a', 'b', 'a'),
      executed(8, '/data/y'),
      said(8, 'a', 'b', 'c'),
    )
    expect(own(steps, [7, 8])).toEqual([
      '7 abc whole',
      '8 abc whole',
      '8 ab not whole exec',
      '8 a not whole exec',
      '8 abc whole',
    ])
  })

  test('are not the reads of a program that executes another one', () => {
    const steps = trace(
      forked(1, 7),
      said(7, 'a'),
      executed(7, '/bin/sh'),
      said(7, 'a', 'b', 'x', 'a', 'b', 'c', 'a', 'b'),
      executed(7, '/data/y'),
      said(7, 'a', 'b', 'c'),
    )
    expect(own(steps, [7])).toEqual([
      '7 a not whole exec',
      '7 abx not whole',
      '7 abc whole',
      '7 ab not whole exec',
      '7 abc whole',
    ])
  })
})

describe('per run', () => {
  test('there is one sequence, over all processes, however often it begins', () => {
    const steps = trace(said(7, 'a'), said(8, 'b'), said(7, 'c'))
    expect(own(steps, [7, 8], ABC, 'run')).toEqual(['7 abc whole'])
    expect(own(trace(said(7, 'a', 'b', 'c', 'a')), [7], ABC, 'run')).toEqual(['7 abca not whole'])
    expect(own(trace(said(9, 'a')), [7], ABC, 'run')).toEqual([])
  })

  test('and what execve() read stands apart', () => {
    const steps = trace(said(7, 'a', 'b', 'a', 'b'), executed(7, '/x'), said(7, 'a', 'b', 'c'))
    expect(own(steps, [7], ABC, 'run')).toEqual(['7 abab not whole exec', '7 abc whole'])
  })

  test('partial ones have their reasons', () => {
    expect(own(trace(said(7, 'b', 'c')), [7], ABC, 'run')).toEqual(['7 bc not whole started before the capture'])
    expect(own(trace(said(7, 'a', 'b')), [7], ABC, 'run')).toEqual(['7 ab not whole ended early'])
  })
})
