/** `lab import FILE`: a run out of a trace that was made elsewhere. */
import { printable } from '../engine/printable.ts'
import type { Imported } from '../results/manifest.ts'
import { importStep, type ImportOutcome } from '../import/import.ts'
import { plural } from '../engine/text.ts'
import type { CommandModule } from './command.ts'
import { labPlaces } from './shared/places.ts'

/** Lines that are shown of what was not understood; the file beside the run has more. */
const SHOWN = 8

/** The capture is known already: what that was, so that nobody takes it for a second one. */
function twinLines({ experiment, run, by, provenance }: NonNullable<Imported['sameCaptureAs']>): string[] {
  const { release, bootId, started, command } = provenance
  const known = Object.entries({ Linux: release, boot: bootId.slice(0, 8), recorded: started, workload: command })
  const facts = known
    .filter(([, value]) => value !== 'unknown')
    .map(([name, value]) => `${name} ${printable(value, 80)}`)
  return [
    `IDENTICAL CAPTURE: ${by === 'raw file' ? 'this very file is' : 'each of these events is'} in ${printable(experiment, 60)} ${printable(run, 60)} already`,
    ...(facts.length > 0 ? [`  made there: ${facts.join(', ')}`] : []),
  ]
}

/** Every line of the file, as what it was. */
function account({ dir, manifest, tally }: ImportOutcome): string {
  const { imported, trace } = manifest
  const names = tally.names.slice(0, 6).map(([name, count]) => `${printable(name, 40)} ${count}`)
  const more = tally.names.length > names.length ? [`${tally.names.length - names.length} more names`] : []
  const calls = tally.calls
  const twin = imported?.sameCaptureAs
  const lines = [
    ...(twin ? twinLines(twin) : []),
    `${plural(trace.events, 'event')} from ${plural(imported?.lines ?? 0, 'line')} (${[...names, ...more].join(', ')})`,
    `trace ${trace.completeness}`,
    ...trace.reasons.map((reason) => `  ${reason}`),
    ...(calls.unclosed > 0 ? [`  ${plural(calls.unclosed, 'call')} of function_graph without a return`] : []),
    ...(calls.unopened > 0 ? [`  ${plural(calls.unopened, 'return')} of function_graph without a call`] : []),
    ...(tally.inProse > 0 ? [`${plural(tally.inProse, 'event')} stood inside other text`] : []),
    ...(tally.headings > 0 ? [`${plural(tally.headings, 'heading or blank line', 'headings and blank lines')}`] : []),
  ]
  if (tally.notUnderstood > 0) {
    const rest = tally.notUnderstood - SHOWN
    lines.push(
      `not understood: ${plural(tally.notUnderstood, 'line')}`,
      ...tally.others.slice(0, SHOWN).map(({ line, text }) => `  ${line}: ${printable(text, 100)}`),
      ...(rest > 0 ? [`  ... ${rest} more: not-understood.txt beside the run`] : []),
    )
  }
  return [...lines, dir].join('\n')
}

export const work: CommandModule['work'] = async (session, [file], options) => {
  const { results } = labPlaces(session)
  const name = typeof options['name'] === 'string' ? options['name'] : 'imported'
  const outcome = await importStep({ file: String(file), name, results }, session.context)
  const { dir, manifest, tally } = outcome
  return {
    text: account(outcome),
    data: {
      ...{ run: manifest.run, dir, trace: manifest.trace, imported: manifest.imported },
      events: Object.fromEntries(tally.names),
      notUnderstood: tally.others.slice(0, 100),
    },
  }
}
