/** What a plan comes to when its VMs cannot be opened, and which run a worker takes next: no guest boots here. */
import { expect, test } from 'vitest'
import { arms as armsOf, type Arm } from '../../config/arms.ts'
import { changed, open as openExample } from '../../config/lab.fixture.ts'
import { experimentError, labError } from '../../engine/error.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import type { Failed } from '../../trace/expect/expect-failure.ts'
import type { Context } from '../../engine/context.ts'
import type { LabEvent } from '../../engine/event.ts'
import type { ExperimentRequest } from '../request.ts'
import { placesOf } from '../../vm/places.ts'
import { PlanExecutor, type RunPlan, type RunsToMake } from './executor.ts'
import { schedule } from './schedule.ts'

const built = { fingerprint: 'f'.repeat(64), dir: '/nowhere', name: 'v5.10' }
const deployed = { ...built, name: 'holder', path: '/nowhere/holder' }

/** Two arms of three repeats; every VM is refused with `error`. */
function planOf(error: unknown, options: { readonly retries?: number; readonly early?: readonly Failed[] } = {}) {
  const text = changed(
    [
      '    repeat: 5\n',
      `    repeat: 3\n    order: sequential\n    start: shared\n    retries: ${options.retries ?? 0}\n`,
    ],
    ['params: { bytes: [16], count: [3] }', 'params: { bytes: [16, 32], count: [3] }'],
  )
  const { lab } = openExample(text)
  const { experiment, vm } = { experiment: lab.experiments['readiter'], vm: lab.vms['default'] }
  if (experiment === undefined || vm === undefined) throw new Error('the example has no such experiment')
  const arms = armsOf(experiment)
  const artefacts = {
    vm: { vm, kernel: { ...built, compat: [], release: '5.10.223' }, kernelWanted: 'v5.4', image: built },
    holder: deployed,
    objects: [],
    samples: [],
    modules: [],
    notCompiled: [],
    workload: undefined,
    beside: [],
  } as unknown as RunArtefacts
  const events: LabEvent[] = []
  const opened: number[] = []
  const request: ExperimentRequest = {
    lab,
    experiment,
    overrides: {},
    repeat: undefined,
    prepare: () => Promise.resolve(artefacts),
    open: () => {
      opened.push(Date.now())
      return Promise.reject(error as Error)
    },
  }
  const runs = schedule({ arms: arms.length, repeats: 3, warmup: 0, order: 'sequential', seed: 1 })
  const plan: RunPlan & RunsToMake = {
    arms,
    ready: new Map([[undefined, artefacts]]),
    early: new Map<Arm, readonly Failed[]>(options.early ? arms.map((arm) => [arm, options.early ?? []]) : []),
    kept: new Map([[undefined, {} as never]]),
    disks: {},
    tools: {},
    journal: { id: 'aaaaaaaaaaaa', order: 'sequential', seed: 1 },
    done: new Map(),
    begun: new Map(),
    runs,
    count: 1,
  }
  const places = placesOf(lab.directory)
  const context = { signal: new AbortController().signal, emit: (event: LabEvent) => events.push(event) } as unknown
  const phases: [string, number | undefined][] = []
  const handle = { progress: (phase: string, done?: number) => void phases.push([phase, done]) }
  const executor = new PlanExecutor(request, plan, places, context as Context, handle)
  const all = async () => {
    for (let run = executor.next(undefined); run; run = executor.next(run)) await executor.run(run, 0)
    await executor.close(0)
  }
  return { executor, all, arms, opened, phases }
}

test('an arm whose VM the lab refuses is given up at once, and the other arm still has its turn', async () => {
  const failure = labError({ place: 'vm default', fact: 'QEMU is not there', wayOut: 'install it' })
  const { executor, all, arms, opened } = planOf(failure, { retries: 2 })
  await all()
  expect(executor.leftovers.problems.map(({ arm, repeat, failure: error }) => [arm, repeat, error.parts.fact])).toEqual(
    arms.map(({ name }) => [name, 1, 'QEMU is not there']),
  )
  expect(executor.leftovers.left).toEqual(arms.map(({ name }) => ({ arm: name, why: 'no result', runs: 2 })))
  expect(opened).toHaveLength(2)
  expect(executor.results.size).toBe(0)
})

test('a VM that dies is tried again as often as `retries` says, before its arm is given up', async () => {
  const { executor, all, opened } = planOf(experimentError({ place: 'vm default', fact: 'the VM died', wayOut: '' }), {
    retries: 2,
  })
  await all()
  expect(opened).toHaveLength(2 * 3)
  expect(executor.leftovers.problems).toHaveLength(2)
})

test('what is no failure of a run ends the whole plan', async () => {
  const { all, opened } = planOf(new TypeError('undefined is not a function'))
  await expect(all()).rejects.toThrow(TypeError)
  expect(opened).toHaveLength(1)
})

test('progress counts the runs that are over, given up or made', async () => {
  const { all, arms, phases } = planOf(labError({ place: 'vm default', fact: 'no', wayOut: '' }))
  await all()
  // One run of three shows that the first arm has no VM; the other two are over with it.
  expect(phases).toEqual(arms.map(({ name }, index) => [name, index * 3]))
})
