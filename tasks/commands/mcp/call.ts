/** One call of a tool: the command in a process of its own, and what it said. */
import { join } from 'node:path'
import { EXIT } from '../../engine/error.ts'
import { JsonLineSchema, type JsonLine } from '../../ui/json-lines.ts'
import { run } from '../../host/sh.ts'
import { TOOL_ROOT } from '../shared/session.ts'

type Of<Kind extends JsonLine['type']> = Extract<JsonLine, { readonly type: Kind }>

export interface CommandOutput {
  readonly status: number
  readonly answer: Of<'answer'> | undefined
  readonly errors: readonly Of<'error'>[]
  readonly notices: readonly Of<'notice'>[]
}

/** @returns undefined for a line that a later version of lab wrote, and that says nothing to this one */
function lineOf(text: string): JsonLine | undefined {
  try {
    return JsonLineSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/**
 * Runs `lab` with these words, which have --json among them.
 * @param onLine is told of each line as it comes
 * @throws Failure (interrupted) where the signal ends it
 */
export async function callLab(
  words: readonly string[],
  signal: AbortSignal,
  onLine: (line: JsonLine) => void,
): Promise<CommandOutput> {
  const errors: Of<'error'>[] = []
  const notices: Of<'notice'>[] = []
  let answer: Of<'answer'> | undefined
  const { status } = await run([join(TOOL_ROOT, 'lab'), ...words], {
    signal,
    accept: Object.values(EXIT),
    place: `lab ${words[0] ?? ''}`,
    onLine: (text) => {
      const line = lineOf(text)
      if (line === undefined) return
      if (line.type === 'answer') answer = line
      if (line.type === 'error') errors.push(line)
      if (line.type === 'notice') notices.push(line)
      onLine(line)
    },
  })
  return { status, answer, errors, notices }
}
