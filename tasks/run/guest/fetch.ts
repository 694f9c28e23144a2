/**
 * Brings files of the guest to the host. Names, types and sizes are the guest's word and are checked before anything is
 * kept.
 */
import { Readable } from 'node:stream'
import { later } from '../../engine/later.ts'
import { labError, messageOf } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { Exec } from '../../vm/served.ts'

const tarStream = later<typeof import('tar-stream')>('tar-stream')

/** What a guest may send for one run, all files together. Bytes. */
const LIMIT = 1024 * 2 ** 20

/**
 * Reads a tar archive's regular files whose plain name passes `wanted`; anything else is refused, never written
 * anywhere.
 */
export async function readArchive(
  bytes: Buffer,
  wanted: RegExp,
): Promise<{ files: Map<string, Buffer>; refused: string[] }> {
  const files = new Map<string, Buffer>()
  const refused: string[] = []
  const tar = tarStream().extract()
  Readable.from([bytes]).pipe(tar)
  for await (const entry of tar) {
    const { name, type } = entry.header
    const plain = name.replace(/^\.\//, '')
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    if (type === 'directory') continue
    if (type === 'file' && wanted.test(plain) && !files.has(plain)) files.set(plain, Buffer.concat(chunks))
    else refused.push(printable(name, 80))
  }
  return { files, refused }
}

/** Whether a line of the holder stands where its archive should be. */
const isLine = (bytes: Buffer): boolean => bytes.toString('latin1', 0, 10) === '{"event":"'

/** The archive's wanted files; anything else in it is a failure. */
export async function keepFiles(bytes: Buffer, wanted: RegExp): Promise<Map<string, Buffer>> {
  const { files, refused } = await readArchive(bytes, wanted).catch((error: unknown) => {
    throw labError(
      {
        place: 'guest',
        fact: isLine(bytes)
          ? 'lines came after the last line of the holder: something in the guest wrote into its output'
          : `its archive is not complete: ${messageOf(error)}`,
        wayOut: 'run it again; a workload must leave the descriptors of the holder alone',
      },
      error,
    )
  })
  if (refused.length === 0) return files
  throw labError({
    place: 'guest',
    fact: 'it sent files that were not asked for',
    lines: refused.slice(0, 10),
    wayOut: 'nothing of them was kept; did the workload write into /run/lab?',
  })
}

/** Runs the holder, whose lines end with one for which `onLine` is true, and keeps the archive that follows. */
export async function runAndFetch(
  exec: Exec,
  argv: readonly string[],
  wanted: RegExp,
  options: { signal: AbortSignal; timeout: number; onLine?: (line: string) => boolean },
): Promise<{ files: Map<string, Buffer>; stderr: string }> {
  const { status, stdout, stderr } = await exec(argv, { ...options, limit: LIMIT })
  if (status !== 0)
    throw labError({
      place: 'guest',
      fact:
        status > 128
          ? `the holder was ended by signal ${status - 128}`
          : `the holder could not send its files (status ${status})`,
      lines: [printable(stderr, 300)],
      wayOut: 'the run is lost (is the guest out of memory?); the console log has the last output of the guest',
    })
  return { files: await keepFiles(stdout, wanted), stderr }
}
