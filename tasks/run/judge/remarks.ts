/**
 * What a reader of a verdict should know although nothing failed: programs that never fired, and expectations that
 * could not have failed.
 */
import { fullName, type Arm } from '../../config/arms.ts'
import { interpolate } from '../../config/interpolate.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import type { Expectation } from '../../config/schema/schema-expect.ts'
import { printable } from '../../engine/printable.ts'
import { bytes, plural } from '../../engine/text.ts'
import type { ProbeReport } from '../../results/manifest.ts'
import { countRule } from '../../trace/expect/expect-count.ts'
import { of, type HolderLine } from '../guest/holder.ts'
import { expectedOn } from './expectations.ts'

/** What is asked for, in the words of the lab file. */
const shown = (text: string): string => printable(text, 120)

/** Programs that an expectation speaks of: their zero is what is looked at, and was judged. */
function spokenOf(expected: readonly Expectation[]): (program: string) => boolean {
  const named = new Set<string>()
  let all = false
  for (const expectation of expected) {
    if ('hits' in expectation) for (const program of Object.keys(expectation.hits)) named.add(program)
    if ('misses' in expectation) for (const program of Object.keys(expectation.misses)) named.add(program)
    if (!('failure' in expectation)) continue
    if (expectation.program === undefined) all = true
    else named.add(expectation.program)
  }
  return (program) => all || named.has(program)
}

function neverFired(probes: readonly ProbeReport[], expected: readonly Expectation[]): string[] {
  const judged = spokenOf(expected)
  return probes
    .filter(({ program, attached, hits }) => attached !== null && hits === 0 && !judged(program))
    .map(({ program, section }) => `program ${shown(program)} (${shown(section)}) was attached and never fired`)
}

/** The parts of an expectation that ask for the absence of messages: "messages x: 0", "at most 5", no such sequence. */
function absences(expectation: Expectation, params: Arm['params']): string[] {
  const isAbsence = (count: string | number) => {
    const rule = countRule(interpolate(String(count), params))
    return rule !== undefined && (rule.sign === '<' || rule.sign === '<=' || (rule.sign === '=' && rule.number === 0))
  }
  if ('order' in expectation)
    return expectation.times !== undefined && isAbsence(expectation.times)
      ? [`order ${expectation.order[0] ?? ''}, ...: ${expectation.times}`]
      : []
  if (!('messages' in expectation)) return []
  return Object.entries(expectation.messages).flatMap(([text, count]) =>
    isAbsence(count) ? [`${text}: ${count}`] : [],
  )
}

/** Messages that are rightly absent only because no program ran that could have printed one. */
function notPutToTheTest(
  probes: readonly ProbeReport[],
  expected: readonly Expectation[],
  printed: number,
  params: Arm['params'],
): string[] {
  if (printed > 0 || probes.some(({ hits }) => hits > 0)) return []
  return expected.flatMap((expectation) =>
    absences(expectation, params).map(
      (what) => `expectation "${shown(what)}" was not put to the test: no program fired, so none could print a message`,
    ),
  )
}

/** A count that any number satisfies. */
const anyNumber = (expected: readonly Expectation[], params: Arm['params']): string[] =>
  expected.flatMap((expectation) => {
    const counts =
      'messages' in expectation
        ? expectation.messages
        : 'hits' in expectation
          ? expectation.hits
          : 'misses' in expectation
            ? expectation.misses
            : {}
    return Object.entries(counts).flatMap(([what, count]) => {
      const rule = countRule(interpolate(String(count), params))
      return rule?.sign === '>=' && rule.number === 0
        ? [`expectation "${shown(what)}: ${shown(String(count))}" holds for any number: it could not have failed`]
        : []
    })
  })

/** An experiment that expects something, and nothing of this run. */
function nothingExpected(
  { expect }: Pick<ResolvedExperiment, 'expect'>,
  kernel: string,
  arm: Pick<Arm, 'probes'>,
  expected: readonly Expectation[],
): string[] {
  const speaks = arm.probes === undefined || arm.probes.some((name) => name === fullName(name))
  if (expect.length === 0 || expected.length > 0 || !speaks) return []
  return [
    `none of the ${expect.length} expectations is for kernel ${shown(kernel)} and this arm: nothing was expected of this run`,
  ]
}

/** A sample that tests itself and ends has nothing attached any more when the workload begins. */
export const endedBefore = (lines: readonly HolderLine[]): string[] =>
  of(lines, 'companion')
    .filter(({ state }) => state === 'ended')
    .map(
      ({ name }) =>
        `${shown(name)} ended by itself before the workload began: nothing of it was attached while the workload ran`,
    )

/** A script that calls exit() is gone before the workload is. */
export const endedDuring = (lines: readonly HolderLine[]): string[] =>
  of(lines, 'companion-ended')
    .filter(({ early }) => early !== 0)
    .map(({ name }) => `${shown(name)} ended by itself while the workload ran: from then on nothing of it was attached`)

/** A program that prints trace_pipe never ends by itself. */
export const endedAtPipe = (lines: readonly HolderLine[]): string[] =>
  of(lines, 'exited').some(({ endedAt }) => endedAt !== undefined)
    ? [
        'the workload was ended where it only waited for more of trace_pipe (`tracePipe: ours`): what it would have printed is in the trace',
      ]
    : []

/**
 * Sentences, the same in each run in which they are true.
 * @param printed how many messages the whole trace has
 */
export function remarksOf(
  experiment: Pick<ResolvedExperiment, 'expect'>,
  arm: Pick<Arm, 'probes' | 'params'>,
  kernel: string,
  probes: readonly ProbeReport[],
  printed: number,
): string[] {
  const expected = expectedOn(experiment, kernel, arm)
  return [
    ...neverFired(probes, expected),
    ...notPutToTheTest(probes, expected, printed, arm.params),
    ...anyNumber(expected, arm.params),
    ...nothingExpected(experiment, kernel, arm, expected),
  ]
}

/** So many processes are named. */
const NAMED = 5

/** Processes and modules that outlived the workload, and output that was not kept. */
export function endRemarks(lines: readonly HolderLine[]): string[] {
  const survivors = of(lines, 'survivor')
  const named = survivors.slice(0, NAMED).map(({ pid, comm }) => `${printable(comm, 32)} (pid ${pid})`)
  const more = survivors.length > NAMED ? ` and ${survivors.length - NAMED} more` : ''
  return [
    ...(survivors.length === 0
      ? []
      : [
          `${plural(survivors.length, 'process', 'processes')} outlived the workload and ${survivors.length === 1 ? 'was' : 'were'} killed: ${named.join(', ')}${more}`,
        ]),
    ...of(lines, 'module-left').map(
      ({ module, text }) =>
        `module ${printable(module, 60)} stays loaded (${printable(text, 60)}): \`start: cold\` or \`start: warm\` gives each run a guest without it`,
    ),
    ...of(lines, 'mappings').flatMap(({ lost, errno }) =>
      errno === 0 && lost === 0
        ? []
        : [
            `stacks of programs have no names: ${errno === 0 ? `the kernel dropped ${plural(lost, 'record')} of where their code is` : `the kernel does not tell where their code is (errno ${errno})`}`,
          ],
    ),
    ...of(lines, 'output-cut').map(
      ({ file, kept, dropped }) =>
        `${printable(file, 20)} of the workload was cut after ${bytes(kept)}: ${bytes(dropped)} more were written, and metrics and expectations know nothing of them`,
    ),
  ]
}
