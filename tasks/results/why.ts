/** Why a run did not pass, in a sentence; and the last words of its workload. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { printable } from '../engine/printable.ts'
import { interpolate } from '../config/interpolate.ts'
import { signalText } from '../linux/signal.ts'
import { splatPlace } from './kernel-reports.ts'
import type { Manifest } from './manifest.ts'

type Judged = Pick<Manifest, 'verdict' | 'workload' | 'expectations' | 'failures' | 'trace' | 'arm'> &
  Partial<Pick<Manifest, 'splats'>>

/**
 * A line of an expectation with the values of the arm in place of its parameters; as it is where they are not known.
 */
export function withParams(line: string, params: Manifest['arm']['params']): string {
  try {
    return interpolate(line, params)
  } catch {
    return line
  }
}

/** The first thing that a reader needs to know; undefined for a run that passed. */
export function whyNot({
  verdict,
  workload,
  expectations,
  failures,
  trace,
  arm,
  splats = [],
}: Judged): string | undefined {
  if (verdict === 'passed' || verdict === 'imported') return undefined
  const splat = splats.find(({ allowed }) => !allowed)
  const unmet = expectations.find(({ ok }) => !ok)?.lines[0]
  const reasons = [
    splat && `the kernel reported ${splatPlace(splat)}`,
    workload.signal !== null && `the workload was ended by ${signalText(workload.signal)}`,
    workload.status !== null && workload.status !== 0 && `the workload ended with status ${workload.status}`,
    verdict === 'incomplete' && trace.reasons[0],
    unmet !== undefined && withParams(unmet, arm.params),
    failures[0]?.fact,
  ]
  const [first] = reasons.filter((reason) => typeof reason === 'string')
  return first === undefined ? undefined : printable(first, 200)
}

/** Of a file's end; bytes. */
const TAIL = 4096
const LAST_LINES = 5

async function tailOf(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const { size } = await handle.stat()
    const from = Math.max(0, size - TAIL)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from)
    return buffer.subarray(0, bytesRead).toString('utf8')
  } catch {
    return ''
  }
}

/**
 * The last lines that the workload of a failed run wrote to stderr, or to stdout where that is empty; none of one that
 * passed.
 */
export async function lastWords(
  dir: string,
  { verdict, workload }: Pick<Manifest, 'verdict' | 'workload'>,
): Promise<string[]> {
  if (verdict === 'passed' || (workload.status === 0 && workload.signal === null)) return []
  for (const name of ['stderr', 'stdout']) {
    const lines = (await tailOf(join(dir, name))).split('\n').filter((line) => line.trim() !== '')
    if (lines.length > 0) return lines.slice(-LAST_LINES).map((line) => printable(line, 200))
  }
  return []
}
