/** docs/json.md, the schema, and what the view writes are the same thing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { labError, REASONS } from '../engine/error.ts'
import type { LabEvent } from '../engine/event.ts'
import { ownVersion } from '../engine/own-version.ts'
import { openJsonView } from './json.ts'
import { JsonLineSchema, LINES } from './json-lines.ts'
import { Output } from './output.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/json.md'), 'utf8')

/** Rows of the table under a heading cell: first cell -> the others. */
function rowsOf(heading: string): Map<string, string> {
  const [, table = ''] = PAGE.split(`| ${heading} |`)
  const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? []
  return new Map(rows.map((row) => [/^\| `([^`]+)`/.exec(row)?.[1] ?? '', row.replace(/^\|[^|]*\|/, '')]))
}

test('every kind of line is in the table, with all of its fields', () => {
  const rows = rowsOf('type')
  expect([...rows.keys()].toSorted()).toEqual(Object.keys(LINES).toSorted())
  for (const [type, { shape }] of Object.entries(LINES))
    for (const field of Object.keys(shape))
      if (field !== 'type') expect(rows.get(type), `${type} ${field}`).toContain(`\`${field}\``)
})

test('every reason of a failure is in the table', () => {
  const rows = rowsOf('reason')
  expect([...rows].map(([reason, meaning]) => [reason, meaning.replaceAll(/^ | \|$/g, '')])).toEqual(
    Object.entries(REASONS),
  )
})

const EVENTS: readonly LabEvent[] = [
  { type: 'step-start', step: 'kernel k', title: 'kernel k' },
  { type: 'step-progress', step: 'kernel k', phase: 'compile', done: 1, total: 2, unit: 'objects' },
  { type: 'step-end', step: 'kernel k', outcome: 'built', detail: undefined, seconds: 1.5 },
  { type: 'trace', lines: ['a'] },
  { type: 'program-start', program: 1, where: 'guest', argv: ['true'] },
  { type: 'program-end', program: 1, where: 'guest', name: 'true', status: 0, seconds: 0.1 },
  { type: 'notice', level: 'info', text: 'hello' },
]

test('the view writes what the schema says: the version first, then each line with its time', async () => {
  const stdout = new PassThrough()
  const bugLog = () => '/bug.log'
  const view = openJsonView({ stdout: new Output(stdout, { name: 'stdout' }), bugLog, verbose: true })
  for (const event of EVENTS) view.emit(event)
  view.failure(labError({ place: 'here', reason: 'timeout', fact: 'too slow', wayOut: 'wait', lines: ['x'] }))
  view.failure(new TypeError('x is undefined'))
  view.answer({ text: 'done', data: { a: [1] } })
  await view.close()
  const lines = String(stdout.read())
    .trim()
    .split('\n')
    .map((line) => JsonLineSchema.parse(JSON.parse(line)))
  expect(lines.map(({ type }) => type)).toEqual([
    'start',
    ...EVENTS.map(({ type }) => type),
    'error',
    'error',
    'answer',
  ])
  expect(lines[0]).toMatchObject({ format: 1, lab: ownVersion() })
  expect(lines.at(-1)).toMatchObject({ data: { a: [1] } })
})
