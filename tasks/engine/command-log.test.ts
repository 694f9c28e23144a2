import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { CommandLog, commandLogs, LARGEST_LOG } from './command-log.ts'
import { labError, userError } from './error.ts'

const start = { command: 'run', argv: ['run', 'hello'], facts: { lab: '1.2.3' } }
const STEP = { type: 'step-start', step: 'vm', title: 'boot' } as const
const entries = (file: string | undefined): Record<string, unknown>[] =>
  readFileSync(file ?? expect.unreachable(), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('a log has the command, its events, programs, failures with stacks and the end, each with its time', () => {
  const log = new CommandLog([tempDir()], start)
  log.event(STEP)
  log.event({ type: 'program-start', program: 1, where: 'host', argv: ['make', '-j2'] })
  log.event({ type: 'program-end', program: 1, where: 'host', name: 'make', status: 2, seconds: 1 })
  log.failure(labError({ place: 'kernel v5.4', fact: 'make ended with status 2' }, new Error('the cause')))
  log.end(69)
  const all = entries(log.name)
  expect(all.map(({ type }) => type)).toEqual(['command', 'step-start', 'program-start', 'program-end', 'error', 'end'])
  for (const { at } of all) expect(at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(all[0]).toMatchObject({ format: 1, command: 'run', argv: ['run', 'hello'], lab: '1.2.3' })
  expect(all[4]).toMatchObject({ kind: 'lab', place: 'kernel v5.4', stack: expect.stringContaining('the cause') })
  expect(all[5]).toMatchObject({ status: 69 })
  expect(statSync(log.name ?? '').mode & 0o077).toBe(0)
})

test('a command that only reads, or whose input is wrong, leaves no log', () => {
  const dir = tempDir()
  const log = new CommandLog([dir], start)
  log.event({ type: 'notice', level: 'info', text: 'x' })
  log.event({ type: 'program-start', program: 1, where: 'guest', argv: ['true'] })
  log.failure(userError({ fact: 'lab.yaml is wrong' }))
  log.end(2)
  expect([log.name, commandLogs(dir)]).toEqual([undefined, []])
})

test('of progress each phase is kept once, and nothing of a trace', () => {
  const log = new CommandLog([tempDir()], start)
  log.event(STEP)
  for (let done = 0; done < 100; done++) log.event({ type: 'step-progress', step: 'vm', phase: 'compile', done })
  log.event({ type: 'trace', lines: ['x'] })
  expect(entries(log.name).map(({ type }) => type)).toEqual(['command', 'step-start', 'step-progress'])
})

test('a log never grows beyond its bound; what the command ended with is in it all the same', () => {
  const log = new CommandLog([tempDir()], start)
  log.event(STEP)
  for (let count = 0; count < 300; count++) log.event({ type: 'notice', level: 'info', text: 'x'.repeat(10_000) })
  for (let count = 0; count < 300; count++)
    log.failure(labError({ fact: `failure ${count}` }, new Error('y'.repeat(40_000))))
  log.end(69)
  expect(statSync(log.name ?? '').size).toBeLessThanOrEqual(LARGEST_LOG)
  const types = entries(log.name).map(({ type }) => type)
  expect(types.filter((type) => type === 'cut')).toHaveLength(1)
  expect(types).toContain('error')
})

test('the last twenty are kept, and no other file is touched', () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'hello.console.log'), '')
  // No process has a number above the kernel's limit of 2^22.
  for (let hour = 0; hour < 24; hour++)
    writeFileSync(join(dir, `2026-01-01T${String(hour).padStart(2, '0')}0000Z-run-9999999.ndjson`), '')
  // One that is older than all of them belongs to a process that still runs.
  const running = `2025-01-01T000000Z-run-${process.ppid}.ndjson`
  writeFileSync(join(dir, running), '')
  const log = new CommandLog([dir], start)
  log.event(STEP)
  const names = commandLogs(dir)
  expect(names.filter((name) => name.includes('9999999'))).toHaveLength(19)
  expect(names).toEqual(expect.arrayContaining([running, '2026-01-01T230000Z-run-9999999.ndjson']))
  expect(names).toHaveLength(21)
  expect(statSync(join(dir, 'hello.console.log')).size).toBe(0)
})

test('where the first directory cannot be written the next one is; where none can, the name says so', () => {
  const [file, dir] = [join(tempDir(), 'file'), tempDir()]
  writeFileSync(file, '')
  const log = new CommandLog([join(file, 'logs'), dir], start)
  log.event(STEP)
  expect(log.name).toContain(dir)
  const none = new CommandLog([join(file, 'logs')], start)
  none.event(STEP)
  expect(none.name).toMatch(/^it could not be written: .*ENOTDIR/)
  expect(() => none.bug('stack')).toThrow('ENOTDIR')
  mkdirSync(join(dir, 'x'))
})
