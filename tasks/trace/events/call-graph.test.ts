import { expect, test } from 'vitest'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { callGraphs, graphFunctions, graphText } from './call-graph.ts'

let at = 0n
const event = (name: string, message: string, pid = 7): TraceEvent => ({
  cpu: 0,
  comm: 'reader',
  pid,
  event: name,
  message,
  timeNs: (at += 1n),
})
const enter = (name: string, depth: number, pid = 7) => event('funcgraph_entry', `--> ${name} (${depth})`, pid)
const leave = (name: string, depth: number, ns: number, pid = 7) =>
  event(
    'funcgraph_exit',
    `<-- ${name} (${depth}) (start: 1000  end: ${(0x1000 + ns).toString(16)}) over: ${depth}`,
    pid,
  )
const facts = { functions: ['vfs_read'], called: ['copyout'], unknown: [], traceable: 12 }

test('calls nest, each with its time, and messages of probes stand where they were printed', () => {
  const events = [
    enter('vfs_read', 0),
    enter('rw_verify_area', 1),
    leave('rw_verify_area', 1, 500),
    event('bpf_trace_printk', 'ext4 file read'),
    enter('ext4_file_read_iter', 1),
    leave('ext4_file_read_iter', 1, 2500),
    leave('vfs_read', 0, 10_000),
    event('bpf_trace_printk', 'of another process', 8),
  ]
  const [graph, ...others] = callGraphs(events, () => 'reader')
  expect(others).toEqual([])
  expect(graph).toMatchObject({ calls: 3, unclosed: 0, orphans: 0 })
  expect([...graphFunctions(events)]).toEqual(['vfs_read', 'rw_verify_area', 'ext4_file_read_iter'])
  const text = graphText(graph ? [graph] : [], facts)
  expect(text.split('\n\n')[1]?.trimEnd().split('\n')).toEqual([
    '# reader-7: 3 calls',
    '   10.000 us | vfs_read() {',
    '    0.500 us |   rw_verify_area();',
    '             |   /* ext4 file read */',
    '    2.500 us |   ext4_file_read_iter();',
    '             | }',
  ])
  expect(text).toContain('Not in the tree, and called all the same (a probe fired): copyout')
  expect(text).toContain('lib/ functions cannot be in it')
})

test('a call without an end and an end without a begin are counted and do not shift the others', () => {
  const [graph] = callGraphs(
    [
      leave('began_before', 2, 5),
      enter('vfs_read', 0),
      enter('never_ends', 1),
      enter('inner', 2),
      leave('inner', 2, 100),
      enter('next', 1),
      leave('next', 1, 200),
      leave('vfs_read', 0, 1000),
      enter('cut', 0),
    ],
    () => 'reader',
  )
  expect(graph).toMatchObject({ calls: 5, unclosed: 2, orphans: 1 })
  expect(graph?.roots).toMatchObject([
    {
      name: 'vfs_read',
      ns: 1000,
      children: [
        { name: 'never_ends', ns: null, children: [{ name: 'inner', ns: 100 }] },
        { name: 'next', ns: 200 },
      ],
    },
    { name: 'cut', ns: null },
  ])
  expect(graphText(graph ? [graph] : [], facts)).toContain(
    '        ? us |   never_ends() { /* its end is not in the trace */',
  )
})

test('a trace without any says so', () => {
  expect(graphText([], { ...facts, called: [] })).toBe(
    '# Call trees below vfs_read; each call with the time that it took, probes and tracing included\n\n# no call of these functions in the trace\n',
  )
})
