/** error_log of tracefs: the error, its command, and the word under the caret. */
import { expect, test } from 'vitest'
import { explainText } from './index.ts'

const log = (error: string, command: string, column: number, head = '[   88.1] trace_kprobe') =>
  [`${head}: error: ${error}`, `  Command: ${command}`, `${' '.repeat('  Command: '.length + column)}^`].join('\n')

test.each([
  ['Failed to register probe event', 'r:p/x xfs:f', 6, 'xfs:f', /module/],
  ['Invalid argument number', 'p:x vfs_read a=$arg99', 13, 'a=$arg99', /%di/],
  ['Unknown type is specified', 'p:x vfs_read a=%di:u7', 19, 'a=%di:u7', /u8 to u64/],
  ['Event name must follow the same rules as C identifiers', 'p:a.b vfs_read', 2, 'p:a.b', /identifiers/],
  ['A message that no table has', 'p:x y', 4, 'y', /p\[:/],
])('%s', (error, command, column, word, says) => {
  const found = explainText(`before\n${log(error, command, column)}\nafter`)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({
    what: `trace_kprobe: ${error}: ${word}`,
    lines: [2],
    evidence: [command, expect.stringMatching(/\^$/)],
  })
  expect(`${found[0]?.cause} ${found[0]?.fixes.join(' ')}`).toMatch(says)
})

test('histograms say who they are with blanks and colons; two errors are two findings', () => {
  const two = `${log("Couldn't find field", 'hist:keys=nosuch', 10, '[ 1.0] hist:sched:sched_switch')}\n${log('Array is not closed', 'p:x y a=%di:u8[', 9)}`
  expect(explainText(two).map(({ rule }) => rule)).toEqual([
    'tracefs refuses a definition',
    'tracefs refuses a definition',
  ])
})

test('errors of other programs are not those of tracefs', () => {
  expect(explainText('main.c:3: error: expected ; before }\nld: error: cannot open x\nserver: error: no')).toEqual([])
})
