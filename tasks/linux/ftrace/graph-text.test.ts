/**
 * function_graph in the layouts of its options, from tracefs and from trace-cmd: one form of events, and one call tree.
 */
import { describe, expect, test } from 'vitest'
import { callGraphs, graphText } from '../../trace/events/call-graph.ts'
import { GraphText } from './graph-text.ts'
import { parseTraceText, type TraceEvent } from './trace-line.ts'

const read = (text: string) => parseTraceText(text.split('\n'))
const messages = (events: readonly TraceEvent[]) => events.map(({ message }) => message.replace(/ \(start.*/, ''))
const tree = (events: readonly TraceEvent[]) =>
  graphText(
    callGraphs(events, () => 'x'),
    { functions: ['f'], called: [], unknown: [], traceable: 1 },
  )
    .split('\n')
    .filter((line) => !line.startsWith('#') && line !== '')

const CALLS = ['--> f (0)', '--> g (1)', '<-- g (1)', '<-- f (0)']

describe('the same two calls, whatever is printed in front of them', () => {
  test.each([
    ['as it is', [' 0)               |  f() {', ' 0)   1.389 us    |    g();', ' 0)   2.500 us    |  }']],
    ['long calls marked', [' 1)               |  f() {', ' 1) + 12.389 us   |    g();', ' 1) ! 227.812 us  |  }']],
    [
      'with processes',
      [
        ' 0)   cat-95      |               |  f() {',
        ' 0)   cat-95      |   1.389 us    |    g();',
        ' 0)   cat-95      |   2.500 us    |  }',
      ],
    ],
    [
      'with times',
      [
        '    1.000001 |   0)               |  f() {',
        '    1.000002 |   0)   1.389 us    |    g();',
        '    1.000004 |   0)   2.500 us    |  }',
      ],
    ],
    [
      'with times, processes and flags',
      [
        '    1.000001 |   0)   cat-95    |  d..1. |               |  f() {',
        '    1.000002 |   0)   cat-95    |  d..1. |   1.389 us    |    g();',
        '    1.000004 |   0)   cat-95    |  d..1. |   2.500 us    |  }',
      ],
    ],
    [
      'with the names of ends',
      [' 0)               |  f() {', ' 0)   1.389 us    |    g();', ' 0)   2.500 us    |  } /* f */'],
    ],
    [
      'with return values',
      [
        ' 0)               |  f() {',
        ' 0)   1.389 us    |    g(); /* = 0x0 */',
        ' 0)   2.500 us    |  } /* f = 0x10 */',
      ],
    ],
    [
      'with callers and arguments',
      [' 0)               |  f(x=1) { /* <-h+0x1 */', ' 0)   1.389 us    |    g(a=2);', ' 0)   2.500 us    |  }'],
    ],
    [
      'with modules',
      [' 0)               |  f [fuse]() {', ' 0)   1.389 us    |    g [fuse]();', ' 0)   2.500 us    |  }'],
    ],
    [
      'as trace-cmd',
      [
        '             cat-95    [000]     1.000001: funcgraph_entry:                   |  f() {',
        '             cat-95    [000]     1.000002: funcgraph_entry:        1.389 us   |    g();',
        '             cat-95    [000]     1.000004: funcgraph_exit:         2.500 us   |  }',
      ],
    ],
  ])('%s', (_, lines) => {
    const { events, notUnderstood } = read(lines.join('\n'))
    expect(notUnderstood).toEqual([])
    expect(messages(events)).toEqual(CALLS)
    const last = events.at(-1)?.message ?? ''
    const [, start = '0', end = '0'] = /start: (\w+) +end: (\w+)/.exec(last) ?? []
    expect(Number.parseInt(end, 16) - Number.parseInt(start, 16)).toBe(lines[2]?.includes('227') ? 227_812 : 2500)
    expect(tree(events)).toHaveLength(3)
  })
})

test('a tree with its durations, and what a probe printed in the middle', () => {
  const { events } = read(
    ' 0)               |  f() {\n 0)               |  /* hello */\n 0)   1.389 us    |    g();\n 0)   2.500 us    |  }',
  )
  expect(tree(events)).toEqual([
    '    2.500 us | f() {',
    '             |   /* hello */',
    '    1.389 us |   g();',
    '             | }',
  ])
})

test('a change of the process, interrupts and rulers are no calls', () => {
  const text = ` 0)   1.000 us    |  g();
 ------------------------------------------
 0)    cat-95    =>   sshd-12
 ------------------------------------------

 0)   ==========> |
 0)   2.000 us    |  irq_enter();
 0)   <========== |`
  const { events, notUnderstood } = read(text)
  expect(notUnderstood).toEqual([])
  expect(events.map(({ comm, pid }) => `${comm}-${pid}`)).toEqual(['cpu 0-0', 'cpu 0-0', 'sshd-12', 'sshd-12'])
})

test('an end whose begin is not in the text is one without a name, and times never go back', () => {
  const graph = new GraphText()
  const lines = [
    ' 1) ! 227.812 us  |      }',
    ' 0)   1.389 us    |            __might_sleep();',
    ' 1)   0.100 us    |  f();',
  ]
  const events = lines.flatMap((line) => graph.line(line)?.events ?? [])
  expect(messages(events)).toEqual([
    '<-- ? (2)',
    '--> __might_sleep (5)',
    '<-- __might_sleep (5)',
    '--> f (0)',
    '<-- f (0)',
  ])
  const times = events.map(({ timeNs }) => timeNs)
  expect(times).toEqual(times.toSorted((a, b) => Number(a - b)))
  expect([graph.timesAreDurations, graph.cpuForProcess]).toEqual([true, true])
})

test.each(['a | b', '| Header | Other |', ' 0) first point', '---- | ----', 'x 1.0 us | y'])(
  '%s is no call',
  (line) => {
    expect(read(line).events).toEqual([])
  },
)
