/**
 * A pack in one line: is it what was recorded, how did its runs end, and does it answer the question that was asked?
 */
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Context } from '../engine/context.ts'
import { Failure } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { withScratch } from '../engine/scratch.ts'
import { INPUTS_DIR } from '../results/kept-inputs.ts'
import { readKeptLab } from '../results/kept-lab.ts'
import type { ResolvedLab } from '../config/resolved.ts'
import { openPack } from './pack.ts'
import { differences, questionOf } from './question.ts'
import { verifyRun } from './verify.ts'

export interface PackVerdict {
  /** Name of its file, without its endings. */
  readonly pack: string
  /** Everything is as it was recorded. */
  readonly sound: boolean
  readonly experiments: readonly string[]
  readonly passed: number
  /** Failed or incomplete. An imported trace is neither: nothing was expected of it. */
  readonly notPassed: number
  /** What its labs ask otherwise than the one that was given; undefined where none was. */
  readonly differs: readonly string[] | undefined
  /** What is wrong with it, first things first. */
  readonly problems: readonly string[]
}

/** What one pack may take. Milliseconds. */
const DEADLINE = 60_000

const directories = (dir: string): string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .toSorted()
  } catch {
    return []
  }
}

interface RunFacts {
  readonly verdict: string
  readonly kept: string
}

/** Of its manifest, which nobody has checked yet. */
function factsOf(dir: string): RunFacts {
  try {
    const { verdict, inputs } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as {
      verdict?: unknown
      inputs?: { lab?: unknown }
    }
    const text = (value: unknown) => (typeof value === 'string' ? value : '')
    return { verdict: text(verdict), kept: text(inputs?.lab) }
  } catch {
    return { verdict: 'unknown', kept: '' }
  }
}

/** How the question of one kept lab differs from the one that was asked. */
function compared(kept: string, experiment: string, asked: ResolvedLab, toolRoot: string): string[] {
  const question = questionOf(asked, experiment, 'in place', toolRoot)
  if (question === undefined) return [`experiment ${experiment} is not asked for`]
  try {
    return differences(
      question,
      questionOf(readKeptLab(join(kept, 'lab.yaml'), toolRoot), experiment, 'kept', toolRoot),
    )
  } catch {
    return ['its lab file cannot be read']
  }
}

async function inScratch(
  file: string,
  asked: ResolvedLab | undefined,
  to: string,
  context: Context,
): Promise<PackVerdict> {
  const { toolRoot } = context
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE)])
  const problems = [...(await openPack(file, to))]
  const results = join(to, 'results')
  const differs = new Set<string>()
  const experiments = directories(results)
  let [passed, notPassed, imported] = [0, 0, 0]
  for (const experiment of experiments)
    for (const run of directories(join(results, experiment))) {
      const dir = join(results, experiment, run)
      const bad = (await verifyRun(dir, join(results, INPUTS_DIR), toolRoot, signal)).filter(({ ok }) => !ok)
      problems.push(...bad.map(({ what, fact }) => `${run}: ${what}: ${fact}`))
      const { verdict, kept } = factsOf(dir)
      if (verdict === 'passed') passed++
      else if (verdict === 'imported') imported++
      else notPassed++
      if (asked !== undefined && /^lab-[0-9a-f]{32}$/.test(kept))
        for (const what of compared(join(results, INPUTS_DIR, kept), experiment, asked, toolRoot)) differs.add(what)
      else if (asked !== undefined) differs.add('no lab file was kept')
    }
  if (passed + notPassed + imported === 0) problems.push('there is no result in it')
  return {
    pack: nameOf(file),
    sound: problems.length === 0,
    experiments,
    passed,
    notPassed,
    differs: asked && [...differs],
    problems,
  }
}

const nameOf = (file: string): string => basename(file).replace(/(\.evidence)?\.tar\.gz$/, '')

/** Never throws for what a pack is: one that cannot be read, or takes too long, is one that is not sound. */
export async function packVerdict(
  file: string,
  asked: ResolvedLab | undefined,
  context: Context,
): Promise<PackVerdict> {
  try {
    return await withScratch('verify', (to) => inScratch(file, asked, to, context))
  } catch (error) {
    if (context.signal.aborted) throw error
    const problem = error instanceof Failure ? error.parts.fact : `it took more than ${DEADLINE / 1000} s`
    return {
      pack: nameOf(file),
      sound: false,
      experiments: [],
      passed: 0,
      notPassed: 0,
      differs: undefined,
      problems: [printable(problem, 200)],
    }
  }
}
