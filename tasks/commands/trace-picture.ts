/** `lab trace --svg`: the path of one read as a picture. */
import { writeFile } from 'node:fs/promises'
import { timelineSvg } from '../data/timeline-svg.ts'
import { typicalRead } from '../data/typical-read.ts'
import { userError } from '../engine/error.ts'
import { diskFailure } from '../engine/store.ts'
import type { Manifest } from '../experiment/manifest.ts'
import type { TraceEvent } from '../linux/trace-line.ts'
import type { Outcome } from './index.ts'

/** Draws the read of the median duration into a file. */
export async function picture(file: string, events: readonly TraceEvent[], manifest: Manifest): Promise<Outcome> {
  const group = typicalRead(events)
  if (group.length === 0)
    throw userError({
      place: `run ${manifest.run}`,
      fact: 'it has no messages of the workload to draw',
      wayOut: '--all takes those of other processes too',
    })
  const { experiment, arm, kernel, guest } = manifest
  const title = [`${experiment} ${arm.name}`.trim(), `Linux ${kernel.release}`, guest.accel.accel.toUpperCase()].join(
    ', ',
  )
  const first = group[0]?.timeNs ?? 0n
  const steps = group.map(({ timeNs, message }) => ({ time: Number(timeNs - first), message }))
  await writeFile(file, timelineSvg(steps, title)).catch((error: unknown) => {
    throw diskFailure(error, file)
  })
  return { text: `${file}: ${group.length} messages`, data: { file, messages: group.length } }
}
