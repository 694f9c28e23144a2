/** trace-cmd on the host: a trace.dat as text. */
import { run } from './sh.ts'

/** A damaged file must not keep the lab waiting. Milliseconds. */
const TIMEOUT = 300_000

const report = async (file: string, flags: readonly string[], signal: AbortSignal): Promise<string[]> =>
  (
    await run(['trace-cmd', 'report', '-N', ...flags, '-i', file], { signal, timeout: TIMEOUT, place: 'trace.dat' })
  ).stdout.split('\n')

/** "comm-pid  0d..1  12.345:" of the latency format: CPU and flags stand together, and a flag is never a digit first. */
const LATENCY = /-\d+\s+\d+([^\s\d]\S{3,4})\s+\d+\.\d+:/

/**
 * `trace-cmd report` with nanoseconds: one line per event, in order of time over all CPUs. Only the latency format (-l) has the flags, and
 * only the plain one has the whole comm (-l cuts it to 8 characters, trace-cmd 3.1), so one line is made of both.
 */
export async function reportText(file: string, signal: AbortSignal): Promise<string> {
  const [plain, latency] = await Promise.all([report(file, ['-t'], signal), report(file, ['-t', '-l'], signal)])
  if (plain.length !== latency.length) return plain.join('\n')
  return plain
    .map((line, index) => {
      const flags = LATENCY.exec(latency[index] ?? '')?.[1]
      return flags === undefined ? line : line.replace(/ (\[\d+\]) /, ` $1 ${flags} `)
    })
    .join('\n')
}

/** The flags in a line of `trace-cmd report -l`, if it has any. */
export const latencyFlags = (line: string): string | undefined => LATENCY.exec(line)?.[1]

/** Both forms of a file's text, of any size, as files. What trace-cmd said besides comes back, empty where all was well. Throws a lab failure. */
export async function reportFiles(
  file: string,
  { plain, latency }: { readonly plain: string; readonly latency: string },
  signal: AbortSignal,
): Promise<string> {
  const one = (stdoutFile: string, flags: readonly string[]) =>
    run(['trace-cmd', 'report', '-N', '-t', ...flags, '-i', file], { signal, stdoutFile, place: 'trace.dat' })
  const [{ stderr }] = await Promise.all([one(plain, []), one(latency, ['-l'])])
  return stderr
}

/** What a trace.dat says of its recording, as text; empty where trace-cmd cannot read it. */
export async function optionsText(file: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await run(['trace-cmd', 'dump', '--options', '-i', file], {
    ...{ signal, timeout: TIMEOUT, place: 'trace.dat' },
    accept: Array.from({ length: 256 }, (_, status) => status),
  })
  return stdout
}
