import { expect, test } from 'vitest'
import { onProgram, programStarted, type ProgramEvent } from './programs.ts'

test('a listener hears each start and end, with argv and status, until it stops listening', () => {
  const heard: ProgramEvent[] = []
  const stop = onProgram((event) => heard.push(event))
  const first = programStarted(['make', '-j2'])
  const second = programStarted(['uname'], 'guest')
  second(0)
  first('interrupted')
  first(0)
  stop()
  programStarted(['ls'])(0)
  const [a, b, c, d] = heard
  expect([a, b]).toEqual([
    { type: 'program-start', program: expect.any(Number), where: 'host', argv: ['make', '-j2'] },
    { type: 'program-start', program: expect.any(Number), where: 'guest', argv: ['uname'] },
  ])
  expect([c, d]).toEqual([
    { type: 'program-end', program: b?.program, where: 'guest', name: 'uname', status: 0, seconds: expect.any(Number) },
    {
      type: 'program-end',
      program: a?.program,
      where: 'host',
      name: 'make',
      status: 'interrupted',
      seconds: expect.any(Number),
    },
  ])
  expect(heard).toHaveLength(4)
})

test('a command line of any length makes an event of bounded size', () => {
  const heard: ProgramEvent[] = []
  const stop = onProgram((event) => heard.push(event))
  programStarted(['ld', ...Array.from({ length: 10_000 }, () => 'x'.repeat(5000))])(0)
  stop()
  const text = JSON.stringify(heard)
  expect(text.length).toBeLessThan(300_000)
  expect(text).toContain('(9801 more)')
  expect(text).toContain('(5000 characters)')
})
