/** trace-cmd on the host: a trace.dat as text. It parses what a guest wrote, so it runs confined (host/sandbox). */
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { boundsFor, runConfined, type Bounds } from './sandbox.ts'
import { which } from './which.ts'

/** Of what is taken into memory, as one string: V8 takes no longer one than 2^29 - 24 characters. Bytes. */
const MOST_IN_MEMORY = 400 * 2 ** 20

const bounds = async (file: string): Promise<Bounds> => boundsFor((await stat(file)).size)

async function inMemory(file: string, words: readonly string[], signal: AbortSignal, accept?: readonly number[]) {
  const own = await bounds(file)
  return await runConfined((name) => ['trace-cmd', ...words, '-i', name], {
    file,
    signal,
    bounds: { ...own, output: Math.min(own.output, MOST_IN_MEMORY) },
    place: 'trace.dat',
    ...(accept === undefined ? {} : { accept }),
  })
}

const report = async (file: string, flags: readonly string[], signal: AbortSignal): Promise<string[]> =>
  (await inMemory(file, ['report', '-N', ...flags], signal)).stdout.split('\n')

/** Of two reports of such a file, both fit into one string. Bytes. */
const SMALL = 4 * 2 ** 20
/** $1: trace-cmd, $2: the file, $3: what is between the two reports. */
const BOTH = 'set -e; "$1" report -N -t -i "$2"; echo "$3"; exec "$1" report -N -t -l -i "$2"'

/**
 * The plain report and the latency format from one confined program: a start of one costs more than trace-cmd's work
 * for a short run. Nobody can have written the line between them, which is drawn for it.
 */
async function bothReports(file: string, signal: AbortSignal): Promise<[plain: string[], latency: string[]]> {
  const between = randomBytes(16).toString('hex')
  const program = which('trace-cmd') ?? 'trace-cmd'
  const { stdout } = await runConfined((name) => ['sh', '-c', BOTH, 'sh', program, name, between], {
    file,
    signal,
    bounds: await bounds(file),
    place: 'trace.dat',
    starts: 'trace-cmd',
  })
  const [plain = '', latency = ''] = stdout.split(`${between}\n`)
  return [plain.split('\n'), latency.split('\n')]
}

/**
 * "comm-pid  0d..1  12.345:" of the latency format: CPU and flags stand together, and a flag is never a digit first.
 */
const LATENCY = /-\d+\s+\d+([^\s\d]\S{3,4})\s+\d+\.\d+:/

/**
 * `trace-cmd report` with nanoseconds: one line per event, in order of time over all CPUs. Only the latency format (-l)
 * has the flags, and only the plain one has the whole comm (-l cuts it to 8 characters, trace-cmd 3.1), so one line is
 * made of both.
 * @throws Failure (experiment, sandbox's `isDamaged`) where trace-cmd cannot read it or dies of it
 */
export async function reportText(file: string, signal: AbortSignal): Promise<string> {
  const { size } = await stat(file)
  const [plain, latency] = await (size <= SMALL
    ? bothReports(file, signal)
    : Promise.all([report(file, ['-t'], signal), report(file, ['-t', '-l'], signal)]))
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

/**
 * Both forms of a file's text, of any size, as files. What trace-cmd said besides comes back, empty where all was well.
 * @throws as `reportText`
 */
export async function reportFiles(
  file: string,
  { plain, latency }: { readonly plain: string; readonly latency: string },
  signal: AbortSignal,
): Promise<string> {
  const own = await bounds(file)
  const one = (stdoutFile: string, flags: readonly string[]) =>
    runConfined((name) => ['trace-cmd', 'report', '-N', '-t', ...flags, '-i', name], {
      file,
      signal,
      stdoutFile,
      bounds: own,
      place: 'trace.dat',
    })
  const [{ stderr }] = await Promise.all([one(plain, []), one(latency, ['-l'])])
  return stderr
}

/** Any status: trace-cmd ends with one where an option is missing. */
const ANY = [...Array.from({ length: 128 }, (_, status) => status), 255]

/**
 * What a trace.dat says of its recording, as text; empty where trace-cmd cannot read it. @throws as `reportText`, where
 * it dies
 */
export const optionsText = async (file: string, signal: AbortSignal): Promise<string> =>
  (await inMemory(file, ['dump', '--options'], signal, ANY)).stdout
