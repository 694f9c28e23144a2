/** An imported run against the file that it came from: read again, it must give the same table and the same account. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sameTables } from '../trace/events/same-tables.ts'
import { moment } from '../engine/moment.ts'
import { fullScratch, withScratch } from '../engine/scratch.ts'
import { readCapture } from '../import/capture.ts'
import { kindOf } from '../import/file.ts'
import { importedManifest } from '../import/manifest.ts'
import { compared, lossesAsCounted, open, right, wrong, type Finding } from './finding.ts'
import type { Kept } from './look-again.ts'

/** When, where and by which version it was imported; the file says nothing of that. */
const ELSEWHERE: ReadonlySet<string> = new Set(['started', 'seconds', 'host', 'writtenBy'])

/** @throws the errors of `readCapture` */
export async function verifyImport({ dir, manifest, olderFormat }: Kept, signal: AbortSignal): Promise<Finding[]> {
  const { experiment, run, imported, sha256 } = manifest
  if (imported === undefined || !Object.hasOwn(sha256, imported.kept))
    return [wrong('capture', 'the file that was imported is not in the result')]
  const file = join(dir, imported.kept)
  const kind = await kindOf(file)
  return await withScratch('verify', async (scratch) => {
    const table = join(scratch, 'events.parquet')
    const { read, options } = await readCapture({
      file,
      table,
      form: kind.form,
      name: imported.kept,
      signal,
      progress: () => undefined,
    }).catch((error: unknown) => {
      throw fullScratch(error)
    })
    const again = importedManifest({
      experiment,
      run,
      read,
      options,
      sha256,
      started: moment(),
      file: imported.file,
      kept: imported.kept,
      bytes: imported.bytes,
      form: kind.form === 'text' ? 'text' : `trace.dat version ${kind.version}`,
    })
    const { sameCaptureAs, ...account } = imported
    const facts = {
      ...again,
      trace: lossesAsCounted(again.trace, manifest.trace.losses, olderFormat),
      imported: { ...again.imported, bytes: (await stat(file)).size },
    }
    const findings = Object.entries(facts)
      .filter(([key]) => !ELSEWHERE.has(key))
      .map(([key, value]) => compared(key, key === 'imported' ? account : Reflect.get(manifest, key), value))
    const bad = findings.filter(({ ok }) => !ok)
    const same = read.tally.events > 0 && (await sameTables(join(dir, 'events.parquet'), table))
    return [
      ...(bad.length > 0 ? bad : [right('import', `${again.trace.events} events, as recorded`)]),
      same
        ? right('events.parquet', 'has the events of the file')
        : wrong('events.parquet', 'has not the events of the file'),
      open(
        'origin',
        `nobody recorded where ${imported.kept} was made${sameCaptureAs ? '; it was found to be the capture of another run, which is not in it' : ''}`,
      ),
    ]
  })
}
