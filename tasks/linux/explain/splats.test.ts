import { expect, test } from 'vitest'
import { explainText } from './index.ts'
import { ORDINARY } from '../splats/ordinary.fixture.ts'
import { GOLDEN } from '../splats/splats.fixture.ts'

const splatsIn = (text: string) => explainText(text).filter(({ rule }) => rule.startsWith('splat: '))

test.each(GOLDEN)('$name: cause and what to do', ({ text, is }) => {
  const [found, ...others] = splatsIn(text)
  expect(others).toEqual([])
  expect(found?.rule).toBe(`splat: ${is.kind}`)
  expect(found?.lines).toEqual([is.line])
  expect(found?.cause.length).toBeGreaterThan(40)
  expect(found?.fixes.length).toBeGreaterThan(0)
  if (is.function !== undefined) expect(found?.what).toContain(` in ${is.function}`)
})

test('an ordinary log has none', () => {
  expect(splatsIn(ORDINARY)).toEqual([])
})

test('the same warning twice is one finding with two lines', () => {
  const line = '[    1.5] WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 demo+0x2a/0x50'
  const [found] = splatsIn(`${line}\n${line}\n`)
  expect([found?.lines, found?.count]).toEqual([[1, 2], 2])
})

test('a panic whose reason is known is explained once', () => {
  const text = '[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'
  expect(explainText(text).map(({ rule }) => rule)).toEqual(['boot: no root device'])
})

test('an oops in a kernel that has warned before says so', () => {
  const [found] = splatsIn(
    '[    3.1] BUG: kernel NULL pointer dereference, address: 0000000000000010\n[    3.1] CPU: 0 PID: 1 Comm: sh Tainted: G        W   O      5.10.223 #1\n',
  )
  expect(found?.cause).toContain('tainted before (W)')
})

test('a report that went through decode_stacktrace.sh names its line', () => {
  const report = [
    '[   63.218] BUG: kernel NULL pointer dereference, address: 0000000000000008',
    '[   63.220] Oops: 0000 [#1] SMP PTI',
    '[   63.222] RIP: 0010:copyout (lib/iov_iter.c:145 (discriminator 3)) demo',
    '[   63.225] Call Trace:',
    '[   63.226] copy_page_to_iter (lib/iov_iter.c:892 lib/iov_iter.c:1011)',
    '[   63.228] ---[ end trace 1 ]---',
  ]
  const [found] = explainText(report.join('\n'))
  expect(found?.what).toMatch(/^an oops in copyout \[demo\]: /)
  expect(found?.fixes[0]).toBe('read lib/iov_iter.c:145 in the source of exactly this kernel')
  const [trace] = explainText(report.filter((line) => !line.includes('RIP')).join('\n'))
  expect(trace?.fixes[0]).toContain('lib/iov_iter.c:892')
})

test.each([
  ['#PF: supervisor instruction fetch in kernel mode', /function pointer was NULL/],
  ['#PF: error_code(0x0003) - permissions violation', /mapped read-only/],
])('an oops with "%s" says what the access was', (line, cause) => {
  const [found] = splatsIn(`[    1.5] BUG: kernel NULL pointer dereference, address: 00\n[    1.5] ${line}`)
  expect(found?.cause).toMatch(cause)
})
