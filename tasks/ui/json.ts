/**
 * `--json`: everything on stdout as NDJSON, one object a line, in the order it happened; nothing on stderr.
 * - every LabEvent as it is (`type`: step-start, step-progress, step-end, notice);
 * - each failure: {"type":"error", kind, place?, fact, wayOut?, lines?, log?, exitCode}; `kind` is experiment, user, lab, interrupted
 *   or bug;
 * - the answer, as the last line: {"type":"answer", "data": ...}. No such line: the command did not get to an answer.
 */
import type { LabEvent } from '../engine/event.ts'
import { safeJson } from '../engine/printable.ts'
import type { BugLog } from './failures.ts'
import { reporter } from './failures.ts'
import type { Output } from './output.ts'
import type { Answer, View } from './types.ts'

const toLine = (value: unknown): string => `${safeJson(value)}\n`

export function openJsonView({ stdout, bugLog }: { stdout: Output; bugLog: BugLog }): View {
  const reports = reporter(bugLog)
  return {
    width: undefined,
    emit: (event: LabEvent) => stdout.write(toLine(event)),
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
