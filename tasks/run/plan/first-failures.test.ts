import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LabEvent } from '../../engine/event.ts'
import { MANIFEST } from '../../results/run.fixture.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { FirstFailures } from './first-failures.ts'

function outcome(arm: string, status: number) {
  const dir = tempDir()
  writeFileSync(join(dir, 'stderr'), 'starting\nmkdir: cannot create directory\n')
  const manifest = {
    ...MANIFEST,
    verdict: status === 0 ? ('passed' as const) : ('failed' as const),
    arm: { ...MANIFEST.arm, name: arm },
    workload: { ...MANIFEST.workload, status, signal: null },
  }
  return { dir, manifest }
}

test('the first failure of each arm is said once, with its reason, the last words and what is left', async () => {
  const events: LabEvent[] = []
  const failures = new FirstFailures({ emit: (event) => events.push(event) })
  await failures.look(outcome('limit=16M', 0), 'place', 9)
  await failures.look(outcome('limit=16M', 1), 'place', 8)
  await failures.look(outcome('limit=16M', 1), 'place', 7)
  await failures.look(outcome('limit=64M', 3), 'place', 1)
  const fact = (status: number) => `failed: the workload ended with status ${status} (mkdir: cannot create directory)`
  expect(events).toEqual([
    expect.objectContaining({ level: 'warning', text: fact(1), wayOut: '8 other runs go on; Ctrl-C ends them' }),
    expect.objectContaining({ level: 'warning', text: fact(3), wayOut: '1 other run goes on; Ctrl-C ends them' }),
  ])
})

test('the last run of a plan leaves it to the summary', async () => {
  const events: LabEvent[] = []
  await new FirstFailures({ emit: (event) => events.push(event) }).look(outcome('limit=16M', 1), 'place', 0)
  expect(events).toEqual([])
})
