import { expect, test } from 'vitest'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { graphOfRun } from './graph.ts'
import type { HolderLine } from './holder.ts'

const PATH = { suffix: 'x', entry: 'generic_file_read', functions: ['copy_page', 'copyout'] }
const KERNEL = { parallelPaths: [PATH] } as unknown as Parameters<typeof graphOfRun>[0]['kernel']
const LIB = ['copy_page', 'copyout', 'copy_page_x', 'copyout_x']

const enter = (name: string, depth: number, timeNs: bigint): TraceEvent =>
  ({ event: 'funcgraph_entry', message: `--> ${name} (${depth})`, pid: 7, comm: 'w', cpu: 0, timeNs }) as TraceEvent

/** @param hits of a kprobe on copyout_x */
const text = (functions: readonly string[], hits: number): string =>
  graphOfRun({
    events: functions.map((name, depth) => enter(name, depth, BigInt(depth))),
    lines: [{ event: 'hits', program: 'p', section: 'kprobe/copyout_x', hits, missed: 0, skipped: 0 }] as HolderLine[],
    kernel: KERNEL,
    kallsyms: [...LIB, ...functions].map((name) => `0 t ${name}\n`).join(''),
    traceable: functions.map((name) => `${name}\n`).join(''),
  })

test('the tree of an fsync says nothing of a read path that it never comes to', () => {
  expect(text(['vfs_fsync', 'ext4_sync_file'], 0)).not.toContain('Not in the tree')
})

test('of a path that the tree leads into, only what a probe saw is said to be called', () => {
  const read = text(['vfs_read', 'generic_file_read'], 3)
  expect(read).toContain('# Not in the tree, and called all the same (a probe fired): copyout_x\n')
  expect(read).toContain('# Not in the tree, whether they were called or not: copy_page, copy_page_x, copyout\n')
})
