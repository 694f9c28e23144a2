/** Checks of experiments: their VM, their command, their parameters. */
import { moduleParams } from '../modules.ts'
import { commandOf, programName, selftestOf, sourcesOf } from '../workload.ts'
import { DEFAULTS } from '../defaults.ts'
import { sizeText } from '../describe.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { type Reference, references } from '../interpolate.ts'
import { repeated } from './lists.ts'
import { type ExpectText, parameterised } from '../schema/expect-texts.ts'
import type { Check, Context } from './check.ts'
import { type Experiment, bytesOf } from '../schema/schema.ts'
import { nameWayOut } from '../text/suggest.ts'
import { wordsProblem } from '../text/words.ts'
import { MOST_ARMS, cpusOf, vmOf } from '../lookup.ts'

/** Columns that results have beside the parameters: a parameter of the same name could not be told apart. */
const RESERVED = ['arm', 'experiment', 'kernel', 'lab', 'observer', 'probe', 'repeat', 'run', 'vm', 'workload']
const machines: Check = function* ({ lab: { experiments }, names }) {
  for (const [name, experiment] of Object.entries(experiments)) {
    if (names.vms === undefined || vmOf(experiment, names.vms) !== undefined) continue
    const none = names.vms.length === 0
    yield {
      severity: 'error',
      path: ['experiments', name],
      at: 'missing',
      message: none
        ? `experiment ${name} needs a vm, and none is declared`
        : `experiment ${name} must say which vm it uses`,
      wayOut: none
        ? 'declare one under "vms:"'
        : `add "vm:" with one of ${names.vms.join(', ')}, or call one of them default`,
    }
  }
}

/** Keys and values of map slots, at any depth. */
function* slotTexts(value: unknown, at: Path): Iterable<ExpectText> {
  if (typeof value === 'string') yield [at, value]
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    yield [[...at, key], key, 'key']
    yield* slotTexts(inner, [...at, key])
  }
}

/** Known only when a run has begun, so only in what is read then: `expect` and `maps`. */
export const RUN_VALUES = ['workload.pid'] as const

/** Texts of an experiment that may hold parameters. */
export function* templates({ workload, modules, before, expect, maps, metrics }: Experiment): Iterable<ExpectText> {
  yield [['workload', 'run'], commandOf(workload)]
  for (const [name, value] of Object.entries(workload.env ?? {}))
    if (typeof value === 'string') yield [['workload', 'env', name], value]
  for (const [index, module] of (modules ?? []).entries())
    for (const [name, value] of Object.entries(moduleParams(module)))
      if (typeof value === 'string') yield [['modules', index, 'params', name], value]
  for (const [index, step] of (before ?? []).entries())
    if (typeof step !== 'string' && 'run' in step) yield [['before', index, 'run'], step.run]
    else if (typeof step !== 'string' && 'sysctl' in step)
      for (const [key, value] of Object.entries(step.sysctl))
        if (typeof value === 'string') yield [['before', index, 'sysctl', key], value]
  yield* slotTexts(maps ?? {}, ['maps'])
  for (const [name, metric] of Object.entries(metrics ?? {}))
    if ('stdout' in metric) yield [['metrics', name, 'stdout'], metric.stdout]
    else if ('message' in metric) yield [['metrics', name, 'message'], metric.message]
  for (const [index, expectation] of (expect ?? []).entries())
    for (const [path, text, at] of parameterised(expectation)) yield [['expect', index, ...path], text, at]
}

function referenceProblem(
  reference: Reference,
  text: string,
  declared: readonly string[],
): Pick<Problem, 'message' | 'wayOut'> | undefined {
  const written = text.slice(...reference.span)
  if (!reference.valid)
    return { message: `"${written}" is not a parameter`, wayOut: 'write ${name}, or $${ for the two characters' }
  if (declared.includes(reference.name)) return undefined
  const wayOut = nameWayOut(reference.name, declared, 'params', `declare it: params: { ${reference.name}: [...] }`)
  return { message: `${written} is used, and no parameter "${reference.name}" is declared`, wayOut }
}

const parameters: Check = function* ({ lab: { experiments } }) {
  for (const [name, experiment] of Object.entries(experiments)) {
    const at: Path = ['experiments', name]
    const declared = Object.keys(experiment.params ?? {})
    const used = new Set<string>()
    for (const [where, text, is] of templates(experiment)) {
      // What is done before the workload starts, and its own command, cannot know its pid.
      const early = where[0] === 'workload' || where[0] === 'before' || where[0] === 'modules'
      const known = early || where.at(-1) === 'times' ? declared : [...declared, ...RUN_VALUES]
      for (const reference of references(text)) {
        used.add(reference.name)
        const problem = referenceProblem(reference, text, known)
        if (problem !== undefined) {
          const span = is === 'key' ? undefined : reference.span
          yield { severity: 'error', path: [...at, ...where], at: is ?? 'value', span, ...problem }
        }
      }
    }
    yield* declarations(experiment, at, used)
    yield* quickLists(experiment, at)
  }
}

function* declarations({ params = {} }: Experiment, at: Path, used: ReadonlySet<string>): Iterable<Problem> {
  for (const [param, values] of Object.entries(params)) {
    const here = { path: [...at, 'params', param], at: 'key' } as const
    if (RESERVED.includes(param) || RUN_VALUES.some((value) => value === param)) {
      const message = `a parameter cannot be called "${param}": results have a column of that name`
      yield { ...here, severity: 'error', message, wayOut: 'choose another name' }
    } else if (!used.has(param)) {
      const message = `parameter "${param}" is declared and never used: its arms would all be the same`
      yield { ...here, severity: 'warning', message, wayOut: `use \${${param}} in run or expect, or remove it` }
    }
    yield* repeated(values, [...at, 'params', param])
  }
  const count = Object.values(params).reduce((product, values) => product * values.length, 1)
  if (count <= MOST_ARMS) return
  const message = `the parameters make ${count} arms, more than the ${MOST_ARMS} that are allowed`
  yield {
    severity: 'error',
    path: [...at, 'params'],
    at: 'key',
    message,
    wayOut: 'split the experiment, or shorten a list',
  }
}

/** Values of a first look: of parameters that there are. */
function* quickLists({ params = {}, quick = {} }: Experiment, at: Path): Iterable<Problem> {
  const declared = Object.keys(params)
  for (const [param, values] of Object.entries(quick)) {
    const path = [...at, 'quick', param]
    if (!declared.includes(param)) {
      const message = `no parameter "${param}" is declared`
      const wayOut = nameWayOut(param, declared, 'params', `declare it: params: { ${param}: [...] }`)
      yield { severity: 'error', path, at: 'key', message, wayOut }
    }
    yield* repeated(values, path)
  }
}

const commands: Check = function* ({ lab: { experiments } }) {
  for (const [name, { workload, probes = [], collect }] of Object.entries(experiments)) {
    const at: Path = ['experiments', name]
    const command = commandOf(workload)
    const problem = command === '' ? undefined : wordsProblem(command)
    if (problem !== undefined) yield { severity: 'error', path: [...at, 'workload', 'run'], at: 'value', ...problem }
    yield* repeated(probes, [...at, 'probes'])
    yield* repeated(collect ?? [], [...at, 'collect'])
    const sources = sourcesOf(workload).map((source) => source.replace(/^lab:/, ''))
    const kselftest = workload.kselftest === undefined ? undefined : selftestOf(workload.kselftest)
    const program = programName({ sources, style: workload.style, program: workload.program, kselftest })
    // Also in a script or behind env, so the name anywhere in the command counts.
    if (program === undefined || command.includes(program)) continue
    const is =
      kselftest === undefined
        ? workload.program === undefined
          ? 'source is compiled to'
          : 'program is'
        : 'kselftest is'
    const key = kselftest === undefined ? (workload.program === undefined ? 'source' : 'program') : 'kselftest'
    yield {
      severity: 'warning',
      path: [...at, 'workload', 'run'],
      at: 'value',
      message: `the command does not run "${program}", which workload.${is}`,
      wayOut: `begin the command with ${program}, or remove "${key}"`,
    }
  }
}

/** Only a probe with a loader of its own prints anything, and only while the experiment has it. */
const printingProbes: Check = function* ({ lab: { experiments, probes: all } }) {
  for (const [name, { metrics = {}, probes = [], matrix }] of Object.entries(experiments))
    for (const [metric, source] of Object.entries(metrics)) {
      const probe = 'stdout' in source ? source.of : undefined
      const declared = probe !== undefined && Object.hasOwn(all, probe) ? all[probe] : undefined
      if (probe === undefined || declared === undefined) continue
      const here = { severity: 'error', path: ['experiments', name, 'metrics', metric, 'of'], at: 'value' } as const
      if ('source' in declared)
        yield {
          ...here,
          message: `probe "${probe}" is loaded by the lab and prints nothing itself`,
          wayOut: 'read its messages: `message: PATTERN` in place of `stdout:` and `of:`',
        }
      else if (!probes.includes(probe) && matrix?.probe?.includes(probe) !== true)
        yield {
          ...here,
          message: `experiment ${name} does not have the probe "${probe}", so there is no output of it`,
          wayOut: `add it: probes: [${[...probes, probe].join(', ')}]`,
        }
    }
}

/** Ring buffers are allocated whole when tracing starts; a guest that cannot hold them fails in the middle of a run. */
const buffers: Check = function* ({ lab: { experiments, vms }, names }: Context) {
  const told = new Set<string>()
  for (const [name, experiment] of Object.entries(experiments)) {
    const machine = vmOf(experiment, names.vms ?? []) ?? ''
    const vm = Object.hasOwn(vms, machine) ? vms[machine] : undefined
    const { buffer, onLoss } = experiment.trace ?? {}
    // What no experiment says is said once, at the VM.
    if (vm === undefined || (buffer === undefined && told.has(machine))) continue
    const { memory = DEFAULTS.memory } = vm
    const cpus = cpusOf(vm)
    // A retry doubles it.
    const all = bytesOf(buffer ?? DEFAULTS.buffer) * cpus * (onLoss === 'retry' ? 2 : 1)
    if (all <= bytesOf(memory) / 2) continue
    if (buffer === undefined) told.add(machine)
    yield {
      severity: 'error',
      path: buffer === undefined ? ['vms', machine, 'memory'] : ['experiments', name, 'trace', 'buffer'],
      at: 'value',
      message:
        `ring buffers of ${buffer ?? `${DEFAULTS.buffer} (the default)`} on ${cpus} CPU${cpus === 1 ? '' : 's'} take ${sizeText(all)}, ` +
        `more than half of vm ${machine}'s memory (${memory})`,
      wayOut: `make the ${buffer === undefined ? `buffer of experiment ${name} (trace: { buffer: 1M })` : 'buffer'} smaller or the memory of the vm larger`,
    }
  }
}

export const EXPERIMENT_CHECKS: readonly Check[] = [machines, parameters, commands, printingProbes, buffers]
