/** `lab run`: experiments, their verdicts, and an exit code that tells the truth. */
import { arms, overridesOf } from '../config/arms.ts'
import { named } from '../config/open.ts'
import { EXIT, userError } from '../engine/error.ts'
import { experimentStep, type RunOutcome } from '../experiment.ts'
import { ready } from '../plan.ts'
import { runText, summaryText } from '../experiment/text.ts'
import { openApp } from './app.ts'
import { choicesOf } from './choices.ts'
import { planAnswer } from './plan.ts'
import type { CommandModule } from './index.ts'

function repeatOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw userError({ place: '--repeat', fact: 'not a number of repeats', wayOut: 'a whole number from 1 to 99999' })
}

export const work: CommandModule['work'] = async (session, [words], options) => {
  const { lab, context, places } = openApp(session)
  const names = Array.isArray(words) ? words.map(String) : []
  const choices = choicesOf(options)
  const repeat = repeatOf(options['repeat'])
  const overrides = overridesOf(Array.isArray(options['param']) ? options['param'].map(String) : [])
  const experiments = names.map((name) => named(lab.experiments, 'experiment', name))
  // A wrong parameter is told before anything is built.
  for (const experiment of experiments) arms(experiment, overrides)
  if (options['dryRun']) {
    const plans = await Promise.all(
      experiments.map((one) => planAnswer(lab, named(lab.vms, 'vm', one.vm), one, choices, context, repeat)),
    )
    return { text: plans.map(({ text }) => text).join('\n\n'), data: plans.map(({ data }) => data) }
  }
  const outcomes: RunOutcome[] = []
  for (const experiment of experiments) {
    const things = await ready(lab, experiment, choices, context)
    outcomes.push(
      ...(await experimentStep(
        { lab, experiment, things, overrides, repeat, cold: options['cold'] === true },
        places,
        context,
      )),
    )
  }
  const last = outcomes.at(-1)
  const failed = outcomes.some(({ manifest }) => manifest.verdict !== 'passed')
  return {
    text: [...(last ? [runText(last), ''] : []), summaryText(outcomes)].join('\n'),
    data: outcomes.map(({ dir, manifest }) => ({ dir, manifest })),
    status: failed ? EXIT.experiment : EXIT.done,
  }
}
