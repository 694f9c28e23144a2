/**
 * `--json`: everything on stdout as NDJSON, one object a line, in the order it happened; nothing on stderr.
 * - every LabEvent as it is (`type`: step-start, step-progress, step-end, trace, notice; with --verbose also program-start and
 *   program-end);
 * - each failure: {"type":"error", kind, place?, fact, wayOut?, lines?, log?, commandLog?, exitCode}; `kind` is experiment, user, lab, interrupted
 *   or bug;
 * - the answer, as the last line: {"type":"answer", "data": ...}. No such line: the command did not get to an answer.
 */
import type { LabEvent } from '../engine/event.ts'
import { safeJson } from '../engine/printable.ts'
import type { BugLog, CommandLogName } from './failures.ts'
import { reporter } from './failures.ts'
import type { Output } from './output.ts'
import type { Answer, View } from './types.ts'

const toLine = (value: unknown): string => `${safeJson(value)}\n`

export interface JsonOptions {
  readonly stdout: Output
  readonly bugLog: BugLog
  readonly commandLog?: CommandLogName | undefined
  /** Also each outside program. */
  readonly verbose?: boolean
}

export function openJsonView({ stdout, bugLog, commandLog, verbose = false }: JsonOptions): View {
  const reports = reporter(bugLog, commandLog)
  return {
    width: undefined,
    emit: (event: LabEvent) => {
      if (verbose || !event.type.startsWith('program-')) stdout.write(toLine(event))
    },
    // With --json the bytes of a guest are part of the answer; nothing else may stand on stdout.
    raw: () => Promise.resolve(true),
    pipe: () => undefined,
    answer: ({ data }: Answer) => stdout.write(toLine({ type: 'answer', data })),
    failure: (thrown) => {
      for (const report of reports(thrown)) stdout.write(toLine({ type: 'error', ...report }))
    },
    close: () => stdout.flushed(),
  }
}
