/** Checks of what an experiment compares: points name axes that there are, and an arm says all of them. */
import { OBSERVERS } from '../observers.ts'
import { Failure } from '../../engine/error.ts'
import { type Arm, NO_PROBE, arms } from '../arms.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { MOST_ARMS, cpusOf, vmOf } from '../lookup.ts'
import { repeated } from './lists.ts'
import type { Check } from './check.ts'
import type { Experiment, Vm } from '../schema/schema.ts'
import { nameWayOut } from '../text/suggest.ts'
import { wordsProblem } from '../text/words.ts'

type Point = NonNullable<Experiment['include']>[number]

/** Axes in the order in which an arm's name has them. */
const axesOf = ({ params = {}, matrix = {}, observer }: Experiment): string[] => [
  ...Object.keys(params),
  ...Object.keys(matrix),
  ...(observer === 'yes' ? ['observer'] : []),
]

function* unknownAxes(point: Point, axes: readonly string[], path: Path): Iterable<Problem> {
  for (const axis of Object.keys(point)) {
    if (axes.includes(axis)) continue
    yield {
      severity: 'error',
      path: [...path, axis],
      at: 'key',
      message: `there is nothing called "${axis}" to choose in this experiment`,
      wayOut: nameWayOut(axis, axes, 'params', 'declare it under params: or matrix:'),
    }
  }
}

function* included(experiment: Experiment, at: Path): Iterable<Problem> {
  const axes = axesOf(experiment)
  for (const [index, point] of (experiment.include ?? []).entries()) {
    const path = [...at, 'include', index]
    yield* unknownAxes(point, axes, path)
    const missing = axes.filter((axis) => !Object.hasOwn(point, axis))
    if (missing.length === 0) continue
    yield {
      severity: 'error',
      path,
      at: 'value',
      message: `the arm says nothing about ${missing.join(' and ')}`,
      wayOut: 'an arm that is added needs a value for each parameter and axis',
    }
  }
}

/**
 * The arms of an experiment, none where none is left; undefined where they are more than are allowed, which is reported
 * elsewhere.
 */
export function armsOf(name: string, experiment: Experiment): readonly Arm[] | undefined {
  const { params = {}, include = [], exclude = [], probes = [] } = experiment
  const { kernel, probe } = experiment.matrix ?? {}
  const matrix = { ...(kernel && { kernel }), ...(probe && { probe }) }
  const lists = [...Object.values(params), ...Object.values(matrix)]
  if (lists.reduce((product, values) => product * values.length, 1) > MOST_ARMS) return undefined
  try {
    return arms({ name, params, matrix, include, exclude, probes, observer: experiment.observer === 'yes' })
  } catch (error) {
    if (error instanceof Failure) return []
    throw error
  }
}

/** A value that no arm has takes nothing away: a typing error more likely than not. */
function* excluded(experiment: Experiment, at: Path): Iterable<Problem> {
  const axes = axesOf(experiment)
  const values = new Map<string, readonly unknown[] | undefined>([
    ...Object.entries(experiment.params ?? {}),
    ...Object.entries(experiment.matrix ?? {}),
    ...(experiment.observer === 'yes' ? [['observer', OBSERVERS] as const] : []),
  ])
  for (const [index, point] of (experiment.exclude ?? []).entries()) {
    const path = [...at, 'exclude', index]
    yield* unknownAxes(point, axes, path)
    for (const [axis, value] of Object.entries(point)) {
      const list = values.get(axis)
      if (list === undefined || list.includes(value)) continue
      yield {
        severity: 'error',
        path: [...path, axis],
        at: 'value',
        message: `no arm has ${axis} ${JSON.stringify(value)}: nothing is left out`,
        wayOut: `its values are ${list.map((value) => JSON.stringify(value)).join(', ')}`,
      }
    }
  }
}

function* lists({ matrix = {}, before = [] }: Experiment, at: Path): Iterable<Problem> {
  for (const [axis, values] of Object.entries(matrix)) yield* repeated(values ?? [], [...at, 'matrix', axis])
  for (const [index, step] of before.entries()) {
    if (typeof step === 'string' || !('run' in step)) continue
    const problem = wordsProblem(step.run)
    if (problem !== undefined)
      yield { severity: 'error', path: [...at, 'before', index, 'run'], at: 'value', ...problem }
  }
}

/** Arms without probes, and with empty ones, are what the observer brings. */
function* observers({ observer, matrix }: Experiment, at: Path): Iterable<Problem> {
  if (observer !== 'yes' || matrix?.probe === undefined) return
  yield {
    severity: 'error',
    path: [...at, 'matrix', 'probe'],
    at: 'key',
    message: 'observer: yes chooses the probes of each arm itself',
    wayOut: 'remove the axis probe, or observer',
  }
}

function* seeds({ order, seed }: Experiment, at: Path): Iterable<Problem> {
  if (seed === undefined || order === 'shuffled') return
  yield {
    severity: 'warning',
    path: [...at, 'seed'],
    at: 'key',
    message: 'a seed does nothing here: the order is not shuffled',
    wayOut: 'add `order: shuffled`, or remove it',
  }
}

function* controls({ control, start }: Experiment, at: Path): Iterable<Problem> {
  if (control === undefined || start === 'warm') return
  yield {
    severity: 'error',
    path: [...at, 'control'],
    at: 'key',
    message: 'there is nothing to compare with cold runs: the runs do not start warm',
    wayOut: 'add `start: warm`, or remove it',
  }
}

function* untils({ repeat, metrics = {} }: Experiment, at: Path): Iterable<Problem> {
  if (typeof repeat !== 'object') return
  const { min, max } = repeat.until
  if (min !== undefined && min > max)
    yield {
      severity: 'error',
      path: [...at, 'repeat', 'until', 'min'],
      at: 'value',
      message: `at least ${min} runs are more than the ${max} that there are at most`,
      wayOut: 'make min smaller, or max larger',
    }
  if (Object.hasOwn(metrics, repeat.until.metric)) return
  yield {
    severity: 'error',
    path: [...at, 'repeat', 'until', 'metric'],
    at: 'value',
    message: `there is no metric "${repeat.until.metric}"`,
    wayOut: nameWayOut(repeat.until.metric, Object.keys(metrics), 'metrics', 'declare it under metrics:'),
  }
}

/** What an experiment asks of its VM that the VM does not have. */
function* onItsVm(experiment: Experiment, vm: Vm, at: Path): Iterable<Problem> {
  const { start, before = [] } = experiment
  const cpus = cpusOf(vm)
  const mounts = Object.values(vm.disks ?? {}).map((disk) => disk.mount.replace(/\/$/, ''))
  if (start === 'warm' && vm.deterministic === 'yes')
    yield {
      severity: 'error',
      path: [...at, 'start'],
      at: 'value',
      message: 'a deterministic VM boots for each run: there is no warm start',
      wayOut: 'leave `start:` out, or take another VM',
    }
  for (const [index, step] of before.entries()) {
    if (typeof step === 'string') continue
    if ('remount' in step && !mounts.includes(step.remount))
      yield {
        severity: 'error',
        path: [...at, 'before', index, 'remount'],
        at: 'value',
        message: `the VM has no data disk on ${step.remount}`,
        wayOut: nameWayOut(step.remount, mounts, 'its disks are on', 'declare one under `disks:` of the VM'),
      }
    if (!('pin' in step)) continue
    const beyond = [step.pin].flat().find((cpu) => cpu >= cpus)
    if (beyond === undefined) continue
    yield {
      severity: 'error',
      path: [...at, 'before', index, 'pin'],
      at: 'value',
      message: `the VM has no CPU ${beyond}: it has ${cpus}, from 0 on`,
      wayOut: 'pin to one that it has, or give the VM more `cpus:`',
    }
  }
}

export const MATRIX_CHECKS: readonly Check[] = [
  function* ({ lab: { experiments, vms }, names }) {
    for (const [name, experiment] of Object.entries(experiments)) {
      const machine = vmOf(experiment, names.vms ?? []) ?? ''
      const vm = Object.hasOwn(vms, machine) ? vms[machine] : undefined
      if (vm !== undefined) yield* onItsVm(experiment, vm, ['experiments', name])
    }
  },
  function* ({ lab: { experiments } }) {
    for (const [name, experiment] of Object.entries(experiments)) {
      const at = ['experiments', name]
      if (experiment.exclude !== undefined && armsOf(name, experiment)?.length === 0)
        yield {
          severity: 'error',
          path: [...at, 'exclude'],
          at: 'key',
          message: 'no arm is left: `exclude` takes all of them away',
          wayOut: 'remove a line of it',
        }
      for (const check of [included, excluded, lists, observers, seeds, controls, untils]) yield* check(experiment, at)
    }
  },
  function* ({ lab: { experiments, probes } }) {
    for (const [name, { observer, probes: own = [] }] of Object.entries(experiments)) {
      const sample =
        observer === 'yes'
          ? own.find((probe) => Object.hasOwn(probes, probe) && !('source' in (probes[probe] ?? {})))
          : undefined
      if (sample !== undefined)
        yield {
          severity: 'error',
          path: ['experiments', name, 'observer'],
          at: 'value',
          message: `probe ${sample} is a sample of the kernel with a loader of its own: there is no empty one to compare it with`,
          wayOut: 'observe a probe that has a source',
        }
    }
    if (Object.hasOwn(probes, NO_PROBE))
      yield {
        severity: 'error',
        path: ['probes', NO_PROBE],
        at: 'key',
        message: `a probe cannot be called "${NO_PROBE}": on the axis probe it means no probe`,
        wayOut: 'choose another name',
      }
  },
]
