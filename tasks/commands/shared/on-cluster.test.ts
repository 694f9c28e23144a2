import { expect, test } from 'vitest'
import type { LabEvent } from '../../engine/event.ts'
import { sayAllRepeats } from './on-cluster.ts'

const said = (until: { metric: string; precision: number; min: number } | undefined) => {
  const events: LabEvent[] = []
  const experiment = { name: 'cost', repeat: 40, ...(until && { until }) }
  sayAllRepeats(experiment, (event) => void events.push(event))
  return events
}

test('`until:` is said to end no arm early on a cluster, with how many repeats there will be', () => {
  expect(said({ metric: 'ns', precision: 0.1, min: 5 })).toMatchObject([
    { place: 'experiment cost', text: expect.stringContaining('all 40 repeats'), wayOut: expect.anything() },
  ])
})

test('a fixed number of repeats needs no warning', () => {
  expect(said(undefined)).toEqual([])
})
