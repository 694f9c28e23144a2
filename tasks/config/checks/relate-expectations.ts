/** Checks of what an experiment expects. */
import { messageOf, Failure } from '../../engine/error.ts'
import { concerns } from '../arms.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { patternsOf } from '../schema/expect-texts.ts'
import { interpolate, patternOf, references } from '../interpolate.ts'
import { isRegex } from '../text/regex.ts'
import { repeated } from './lists.ts'
import { vmOf } from '../lookup.ts'
import { armsOf } from './relate-matrix.ts'
import type { Check } from './check.ts'
import type { Experiment, ParamValue } from '../schema/schema.ts'

/**
 * `patternOf` for a first set of values: whether a pattern compiles does not depend on values that are put in as
 * literal text.
 */
function patternProblem(
  text: string,
  params: NonNullable<Experiment['params']>,
): Pick<Problem, 'message' | 'wayOut'> | undefined {
  const first = Object.fromEntries(Object.entries(params).map(([name, values]) => [name, values[0] ?? '']))
  // Undeclared parameters are another check's problem; with a stand-in this one can still be made.
  for (const { name } of references(text)) if (!Object.hasOwn(first, name)) first[name] = '0'
  try {
    patternOf(text, first)
    return undefined
  } catch (error) {
    const failure = error instanceof Failure ? error.parts : { fact: messageOf(error), wayOut: undefined }
    return { message: failure.fact, wayOut: failure.wayOut }
  }
}

/** A pattern with flags behind it is taken as plain text, which no trace will ever show. */
const FLAGS = /^\/.+\/[dgimsuvy]{1,3}$/

const patterns: Check = function* ({ lab: { experiments } }) {
  for (const [name, { expect = [], params = {}, metrics = {} }] of Object.entries(experiments)) {
    for (const [metric, metricOf] of Object.entries(metrics)) {
      if ('load' in metricOf) continue
      const [kind, text] =
        'stdout' in metricOf ? (['stdout', metricOf.stdout] as const) : (['message', metricOf.message] as const)
      if (!FLAGS.test(text)) continue
      const path = ['experiments', name, 'metrics', metric, kind] as const
      const wayOut = 'a regular expression ends with "/" and takes no flags'
      yield { severity: 'error', path, at: 'value', message: `${text} has something after its last slash`, wayOut }
    }
    for (const [index, expectation] of expect.entries()) {
      for (const [path, text, at = 'value'] of patternsOf(expectation)) {
        const here = { path: ['experiments', name, 'expect', index, ...path], at } as const
        const broken = references(text).some(({ valid }) => !valid)
        // A source of `same` is a regular expression with or without slashes.
        const pattern = path[0] === 'same' && !isRegex(text) ? `/${text}/` : text
        const problem = isRegex(pattern) && !broken ? patternProblem(pattern, params) : undefined
        if (problem !== undefined) yield { severity: 'error', ...here, ...problem }
        if (!FLAGS.test(text)) continue
        const wayOut = 'a regular expression ends with "/" and takes no flags'
        yield { severity: 'warning', ...here, message: `${text} is plain text here, not a regular expression`, wayOut }
      }
    }
  }
}

/** `times` of each arm must be a whole number; it may come from a parameter, whose values may be anything. */
function* times({ expect = [], params = {} }: Experiment, at: Path): Iterable<Problem> {
  for (const [index, expectation] of expect.entries()) {
    if (!('order' in expectation) || expectation.times === undefined) continue
    const text = String(expectation.times)
    const [reference] = references(text)
    const values =
      reference !== undefined && Object.hasOwn(params, reference.name) ? (params[reference.name] ?? []) : []
    const timesOf = (value: ParamValue) => interpolate(text, { [reference?.name ?? '']: value })
    const here = { severity: 'error', path: [...at, 'expect', index, 'times'], at: 'value' } as const
    const many = (reference === undefined ? [text] : values.map(timesOf)).find((count) => Number(count) > 1)
    if (expectation.per === 'run' && many !== undefined)
      yield {
        ...here,
        message: `times is ${many}, and a run has one sequence: it would always fail`,
        wayOut: 'write `per: sequence`, or leave times out',
      }
    const bad = values.find((value) => !/^[0-9]{1,9}$/.test(timesOf(value)))
    if (bad === undefined) continue
    const message = `times is ${text}, and "${String(bad)}" is not a number of times`
    const wayOut = `give ${reference?.name} whole numbers only, or write times as a number`
    yield { ...here, message, wayOut }
  }
}

const looksAtTrace = (expectation: NonNullable<Experiment['expect']>[number]): boolean =>
  'order' in expectation ||
  'messages' in expectation ||
  'calls' in expectation ||
  ('same' in expectation && expectation.same.some((source) => 'message' in source))

const expectations: Check = function* ({ lab: { experiments } }) {
  for (const [name, experiment] of Object.entries(experiments)) {
    const at: Path = ['experiments', name]
    const { expect, collect } = experiment
    yield* times(experiment, at)
    for (const [index, { kernels = [] }] of (expect ?? []).entries()) {
      yield* repeated(kernels, [...at, 'expect', index, 'kernels'])
    }
    if (expect?.length === 0) {
      const message = `experiment ${name} expects nothing: every run would pass`
      yield {
        severity: 'warning',
        path: [...at, 'expect'],
        at: 'key',
        message,
        wayOut: 'add an entry, or remove "expect"',
      }
    } else if (expect?.some(looksAtTrace) === true && collect !== undefined && !collect.includes('trace')) {
      const message = 'expect looks at the trace, and collect does not keep it'
      yield { severity: 'error', path: [...at, 'collect'], at: 'value', message, wayOut: 'add trace to collect' }
    }
  }
}

/** Calls are seen by one tracer only. */
const calls: Check = function* ({ lab: { experiments } }) {
  for (const [name, { expect = [], trace }] of Object.entries(experiments)) {
    for (const [index, expectation] of expect.entries()) {
      if (!('calls' in expectation) || trace?.function_graph !== undefined) continue
      yield {
        severity: 'error',
        path: ['experiments', name, 'expect', index, 'calls'],
        at: 'key',
        message: 'calls are in the call tree, and this experiment does not record one',
        wayOut: `add trace: { function_graph: { functions: [${expectation.calls[0]}] } }`,
      }
    }
  }
}

/**
 * An arm, on a kernel that it may run on, of which no expectation speaks: it would pass without anything being checked.
 */
const coverage: Check = function* ({ lab: { experiments, vms }, names }) {
  for (const [name, experiment] of Object.entries(experiments)) {
    const { expect = [] } = experiment
    if (expect.length === 0) continue
    const machine = vmOf(experiment, names.vms ?? []) ?? ''
    const kernel = Object.hasOwn(vms, machine) ? vms[machine]?.kernel : undefined
    const bootable =
      kernel === undefined ? [] : typeof kernel === 'string' ? [kernel] : [kernel.use, ...(kernel.fallback ?? [])]
    const open = new Set<string>()
    for (const arm of armsOf(name, experiment) ?? [])
      for (const each of arm.kernel === undefined ? bootable : [arm.kernel]) {
        // Without a probe there is nothing to show.
        if (!concerns({}, each, arm) || expect.some((expectation) => concerns(expectation, each, arm))) continue
        const by = experiment.matrix?.probe === undefined ? '' : ` with ${arm.probes?.join(', ')}`
        open.add(arm.kernel === undefined ? `${each}${by}, which vm ${machine} may boot` : `the arms on ${each}${by}`)
      }
    if (open.size === 0) continue
    const message = `no expectation of experiment ${name} applies to ${[...open].join('; ')}`
    const wayOut = 'add an entry for it, or an entry without "kernels" and "probes"'
    yield { severity: 'warning', path: ['experiments', name, 'expect'], at: 'key', message, wayOut }
  }
}

export const EXPECTATION_CHECKS: readonly Check[] = [patterns, expectations, calls, coverage]
