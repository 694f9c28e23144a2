/** trace-cmd on the host: a trace.dat as text. */
import { run } from './sh.ts'

/** A damaged file must not keep the lab waiting. Milliseconds. */
const TIMEOUT = 300_000

/** `trace-cmd report` with nanoseconds: one line per event, in order of time over all CPUs. */
export async function reportText(file: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await run(['trace-cmd', 'report', '-t', '-l', '-i', file], {
    signal,
    timeout: TIMEOUT,
    place: 'trace.dat',
  })
  return stdout
}
