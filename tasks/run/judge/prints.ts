/** What each program of a run prints when it runs: from its object, and again from the run's probes.json. */
import { z } from 'zod'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { checkFormat } from '../../linux/lint/printk.ts'
import type { Format, ProgramMessages } from '../../linux/objects/bpf-messages.ts'
import { parseVersion, type Version } from '../../linux/version.ts'
import { ProgramSchema, type ProbeReport } from '../../results/manifest.ts'
import { messageLedger, type FiredProgram } from '../../trace/events/message-ledger.ts'
import { of, type HolderLine } from '../guest/holder.ts'

const Kept = z.object({ programs: z.array(ProgramSchema.pick({ program: true, section: true, prints: true })) })

const isRefused = ({ text, open }: Format, version: Version): boolean =>
  !open &&
  checkFormat({ format: text, values: undefined, ownNewline: true, most: Infinity }, version).problems.some(
    ({ level }) => level === 'error',
  )

/**
 * A kernel prints nothing of a format that it refuses. Its version alone does not prove that, so the message may come
 * all the same.
 */
function onKernel(messages: ProgramMessages, version: Version): ProgramMessages {
  const refused = messages.formats.filter((format) => isRefused(format, version))
  if (refused.length === 0) return messages
  const fewer = refused.reduce((sum, { most }) => sum + most, 0)
  return {
    ...messages,
    least: Math.max(0, messages.least - fewer),
    formats: messages.formats.map((format) => (refused.includes(format) ? { ...format, least: 0 } : format)),
  }
}

/** Programs of several objects that have one name and one section: what holds for each of them. */
function either(a: ProgramMessages, b: ProgramMessages): ProgramMessages {
  const lacks = (format: Format, other: ProgramMessages) =>
    !other.formats.some(({ text, open }) => text === format.text && open === format.open)
  return {
    ...a,
    least: Math.min(a.least, b.least),
    most: Math.max(a.most, b.most),
    formats: [
      ...a.formats.map((format) => {
        const same = b.formats.find(({ text, open }) => text === format.text && open === format.open)
        return {
          ...format,
          least: Math.min(format.least, same?.least ?? 0),
          most: Math.max(format.most, same?.most ?? 0),
        }
      }),
      ...b.formats.filter((format) => lacks(format, a)).map((format) => ({ ...format, least: 0 })),
    ],
  }
}

/** Only what is known of every program of that name. @param release of the kernel that they run on */
export function printsOf(
  objects: readonly { readonly messages: readonly ProgramMessages[] }[],
  release: string,
): ProgramMessages[] {
  const version = parseVersion(release)
  const all = objects.flatMap(({ messages }) => messages)
  return [...Map.groupBy(all, ({ program, section }) => `${section} ${program}`).values()].flatMap((same) => {
    const one = same.reduce(either)
    return version === undefined ? one : onKernel(one, version)
  })
}

/** As a run has kept it; results of earlier versions have none. @throws Error for a text that is no probes.json */
export const keptPrints = (probesJson: string): ProgramMessages[] =>
  Kept.parse(JSON.parse(probesJson)).programs.flatMap(({ program, section, prints }) =>
    prints === undefined ? [] : [{ program, section, ...prints }],
  )

/**
 * Differences between what programs must have printed and what is in the trace; holders of earlier versions do not
 * count for it.
 */
export function messageLosses(
  lines: readonly HolderLine[],
  probes: readonly ProbeReport[],
  printed: readonly TraceEvent[],
): string[] {
  const fired = of(lines, 'hits').flatMap(({ program, firedLeast, firedMost }, index): FiredProgram[] =>
    firedLeast === undefined || firedMost === undefined
      ? []
      : [
          {
            program,
            least: Math.max(0, firedLeast),
            most: firedMost < 0 ? undefined : firedMost,
            prints: probes[index]?.prints,
          },
        ],
  )
  const alone = of(lines, 'companion').length === 0 && of(lines, 'other-program').length === 0
  return fired.some(({ prints }) => prints !== undefined)
    ? messageLedger(
        fired,
        printed.map(({ message }) => message),
        alone,
      )
    : []
}
