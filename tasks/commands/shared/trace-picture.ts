/** `lab trace --svg`: the path of one read as a picture. */
import { timelineSvg } from '../../trace/export/timeline-svg.ts'
import { typicalRead } from '../../trace/events/typical-read.ts'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { Manifest } from '../../results/manifest.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { writeWhole } from '../../results/report/files.ts'
import { hasTicks } from '../../results/events.ts'
import type { Outcome } from '../command.ts'
import { outputFile } from '../output-file.ts'
import type { Session } from './session.ts'

/** Draws the read of the median duration into a file. */
export async function picture(
  output: string,
  events: readonly TraceEvent[],
  manifest: Manifest,
  session: Session,
): Promise<Outcome> {
  const { file, onStderr } = await outputFile(output, session)
  const group = typicalRead(events)
  if (group.length === 0)
    throw userError({
      place: `run ${manifest.run}`,
      fact: 'it has no messages of the workload to draw',
      wayOut: '--all includes those of other processes',
    })
  const { experiment, arm, kernel, guest } = manifest
  const { completeness } = manifest.trace
  const title = [
    `${experiment} ${arm.name}`.trim(),
    `Linux ${kernel.release}`,
    guest.accel.accel.toUpperCase(),
    ...(completeness === 'complete' ? [] : [`TRACE ${completeness.toUpperCase()}`]),
  ].join(', ')
  const first = group[0]?.timeNs ?? 0n
  const steps = group.map(({ timeNs, message }) => ({ time: Number(timeNs - first), message }))
  await writeWhole(file, timelineSvg(steps, title, { ticks: hasTicks(manifest) }), session.context)
  const note = completeness === 'complete' ? '' : `; this trace is ${completeness}`
  return {
    text: `${printable(file)}: ${group.length} messages${note}`,
    data: { file, messages: group.length, completeness },
    onStderr,
  }
}
