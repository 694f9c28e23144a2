/** Checks of workloads: which keys go together, and that no two files of one have the same name in the guest. */
import { basename } from 'node:path'
import type { Path, Problem } from '../text/diagnostic.ts'
import type { Workload } from '../schema/schema-workload.ts'
import { programName, sampleName, sourcesOf } from '../workload.ts'
import type { Check } from './check.ts'

type Key = keyof Workload

/** Keys that say nothing without another, or against it. */
const TOGETHER: readonly {
  readonly key: Key
  readonly goes: (workload: Workload) => boolean
  readonly message: string
  readonly wayOut: string
}[] = [
  {
    key: 'program',
    goes: ({ source }) => source === undefined,
    message: '`program` is a program that is ready, `source` one that is compiled: a workload has one of them',
    wayOut: 'keep one; further files of the host go under `files:`',
  },
  {
    key: 'style',
    goes: ({ source }) => source !== undefined,
    message: '`style` says how `source` is built, and there is none',
    wayOut: 'add source: [NAME_user.c, NAME_kern.c]',
  },
  {
    key: 'flags',
    goes: ({ source, style }) => source !== undefined && style === undefined,
    message: '`flags` are for a `source` that the lab compiles itself',
    wayOut: 'take them out; a sample is built with the flags of the kernel tree',
  },
  {
    key: 'libraries',
    goes: ({ source, style }) => source !== undefined && style === undefined,
    message: '`libraries` are for a `source` that the lab links itself',
    wayOut: 'take them out; a sample is linked as those of the kernel tree',
  },
]

/** What is built of the kernel's tree is all of it. */
const ALONE: readonly Key[] = ['source', 'program', 'style', 'flags', 'libraries', 'files']

/** A workload is a command, or a selftest, which has one of its own. */
function* ofSelftest(workload: Workload, at: Path): Iterable<Problem> {
  if (workload.kselftest === undefined) {
    if (workload.run === undefined)
      yield {
        severity: 'error',
        path: at,
        at: 'key',
        message: 'the workload has no `run`: what is to run in the guest?',
        wayOut: 'run: COMMAND; only a `kselftest` has a command of its own',
      }
    return
  }
  for (const key of ALONE)
    if (workload[key] !== undefined)
      yield {
        severity: 'error',
        path: [...at, key],
        at: 'key',
        message: `\`${key}\` does not go with \`kselftest\`: the kernel's tree has all that a selftest is made of`,
        wayOut: `take out ${key}; arguments of the test go into \`run\``,
      }
}

/** `style: samples` needs a pair. */
function pairProblem(workload: Workload): Pick<Problem, 'message' | 'wayOut'> | undefined {
  if (workload.style !== 'samples' || workload.source === undefined) return undefined
  const sources = sourcesOf(workload)
  const name = sampleName(sources)
  if (name !== undefined && sources.some((source) => basename(source) === `${name}_kern.c`)) return undefined
  const [first = 'NAME.c'] = sources
  const stem = name ?? basename(first).replace(/(_kern)?\.c$/, '')
  return {
    message: `a sample is two sources of one name, ${stem}_user.c and ${stem}_kern.c`,
    wayOut: `source: [bpf/${stem}_user.c, bpf/${stem}_kern.c]`,
  }
}

/** Files that would lie over one another in the guest's directory. */
function* sameName(workload: Workload, at: Path): Iterable<Problem> {
  const sources = sourcesOf(workload)
  const program = programName({ sources, style: workload.style, program: workload.program })
  const taken = new Map<string, string>([['lab-holder', 'the program of the lab in the guest']])
  if (program !== undefined) taken.set(program, 'the program')
  for (const [index, file] of (workload.files ?? []).entries()) {
    const other = taken.get(basename(file))
    taken.set(basename(file), `"${file}"`)
    if (other === undefined) continue
    yield {
      severity: 'error',
      path: [...at, 'files', index],
      at: 'value',
      message: `"${file}" has the same name in the guest as ${other}`,
      wayOut: 'give one of them another name',
    }
  }
}

const workloads: Check = function* ({ lab: { experiments } }) {
  for (const [name, { workload }] of Object.entries(experiments)) {
    const at: Path = ['experiments', name, 'workload']
    yield* ofSelftest(workload, at)
    for (const { key, goes, message, wayOut } of workload.kselftest === undefined ? TOGETHER : [])
      if (workload[key] !== undefined && !goes(workload))
        yield { severity: 'error', path: [...at, key], at: 'key', message, wayOut }
    const pair = pairProblem(workload)
    if (pair !== undefined) yield { severity: 'error', path: [...at, 'source'], at: 'value', ...pair }
    yield* sameName(workload, at)
  }
}

export const WORKLOAD_CHECKS: readonly Check[] = [workloads]
