import { describe, expect, test } from 'vitest'
import { isolationOf } from './isolation.ts'
import { Processes } from './processes.ts'
import { executed, said, trace } from './trace.fixture.ts'

/** The log of 13 January: who is writing the parameters? */
const events = trace(
  executed(2061, '/root/readbuff'),
  executed(2059, '/bin/cat'),
  executed(2029, '/usr/sbin/sshd'),
  said(2061, 'fd on params 3', 'matching targeted file descriptor', 'fd on params 3'),
  said(2029, 'fd on params 11', 'fd on params 4'),
  said(2059, 'fd on params 3'),
)

describe('R-1301-1: the isolation report', () => {
  const report = isolationOf(events, new Set([2061]), new Processes(events), (message) => message === 'fd on params 3')

  test('names everybody in the probed path, the workload first, with what they printed', () => {
    expect(report.actors.map(({ comm, pid, own, total, satisfying }) => [comm, pid, own, total, satisfying])).toEqual([
      ['readbuff', 2061, true, 3, 2],
      ['sshd', 2029, false, 2, 0],
      ['cat', 2059, false, 1, 1],
    ])
    expect(report.actors[1]?.messages).toEqual([{ shape: 'fd on params #', count: 2, satisfying: 0 }])
  })

  test('and who satisfies the filter without being the workload', () => {
    expect(report.collisions.map(({ comm }) => comm)).toEqual(['cat'])
    expect(report.lines).toContain('filter collision: cat-2059 satisfies the filter too, 1 time: filter by pid')
  })

  test('a workload that was alone has nothing to say', () => {
    expect(isolationOf(events, new Set([2061, 2029, 2059]), new Processes(events)).lines).toEqual([])
  })
})
