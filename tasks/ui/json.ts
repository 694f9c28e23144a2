/**
 * `--json`: everything on stdout as NDJSON, one object a line, each with the time. The schema of the lines is
 * json-lines.ts.
 */
import type { LabEvent } from '../engine/event.ts'
import { ownVersion } from '../engine/own-version.ts'
import { safeJson } from '../engine/printable.ts'
import type { BugLog, CommandLogName } from './failures.ts'
import { reporter } from './failures.ts'
import type { JsonLine } from './json-lines.ts'
import type { Output } from './output.ts'
import type { Answer, View } from './types.ts'

const toLine = (line: JsonLine): string => `${safeJson({ at: new Date().toISOString(), ...line })}\n`

export interface JsonOptions {
  readonly stdout: Output
  readonly bugLog: BugLog
  readonly commandLog?: CommandLogName | undefined
  /** Also each outside program. */
  readonly verbose?: boolean
}

export function openJsonView({ stdout, bugLog, commandLog, verbose = false }: JsonOptions): View {
  const reports = reporter(bugLog, commandLog)
  stdout.write(toLine({ type: 'start', format: 1, lab: ownVersion() }))
  return {
    width: undefined,
    emit: (event: LabEvent) => {
      if (verbose || !event.type.startsWith('program-')) stdout.write(toLine(event))
    },
    // With --json the bytes of a guest are part of the answer; nothing else may be on stdout.
    raw: () => Promise.resolve(true),
    pipe: () => undefined,
    answer: ({ data }: Answer) => stdout.write(toLine({ type: 'answer', data })),
    failure: (thrown) => {
      for (const report of reports(thrown)) stdout.write(toLine({ type: 'error', ...report }))
    },
    close: () => stdout.flushed(),
  }
}
