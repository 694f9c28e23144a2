/**
 * Step: import. A run out of a trace that was made elsewhere: its table of events, its account, and the file itself.
 */
import { constants } from 'node:fs'
import { copyFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { FileKind } from '../trace/events/file-kind.ts'
import { step, type Context, type StepHandle } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { hashFile, hashText } from '../engine/fingerprint.ts'
import { printable } from '../engine/printable.ts'
import { otherText } from '../linux/ftrace/other-text.ts'
import { moment, type Moment } from '../engine/moment.ts'
import { twinOf, withTwin } from '../results/capture.ts'
import { newRunId, putResult } from '../results/result.ts'
import type { Manifest } from '../results/manifest.ts'
import { kindOf } from './file.ts'
import { importedManifest } from './manifest.ts'
import type { Tally } from './tally.ts'
import { readCapture } from './capture.ts'
import { writeGraph } from './graph.ts'
import type { TextRead } from './text.ts'

export interface ImportRequest {
  readonly file: string
  /** The directory under results. */
  readonly name: string
  readonly results: string
}

/** What came of reading a file. */
interface Imported {
  readonly manifest: Manifest
  readonly tally: Tally
}

export interface ImportOutcome extends Imported {
  /** Directory of the result. */
  readonly dir: string
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const TABLE = 'events.parquet'
const OTHERS = 'not-understood.txt'
const GRAPH = 'graph.txt'

interface Work {
  readonly file: string
  readonly name: string
  readonly dir: string
  readonly results: string
  readonly kind: Exclude<FileKind, { form: 'other' }>
  readonly handle: StepHandle
  readonly signal: AbortSignal
}

function nothingFound({ name, kind }: Work, { tally, lines }: TextRead) {
  if (kind.form !== 'text')
    return userError({ place: name, fact: 'this trace.dat has no events', wayOut: 'was anything recorded?' })
  const known = otherText(tally.others.map(({ text }) => text))
  const fact = `no line of a trace in ${lines} line${lines === 1 ? '' : 's'} of text`
  return userError({
    place: name,
    fact: known === undefined ? fact : `${fact}: it looks like ${known.what}`,
    lines: tally.others.slice(0, 3).map(({ line, text }) => `${line}: ${printable(text, 100)}`),
    wayOut: known?.wayOut ?? 'lines look like "  readfile-95    [000] d...  8.498202: bpf_trace_printk: text"',
  })
}

async function fill(work: Work, experiment: string, run: string, started: Moment): Promise<Imported> {
  const { dir, kind, file } = work
  const kept = kind.form === 'text' ? 'trace.txt' : 'trace.dat'
  // The copy is what is read: nobody writes to it meanwhile.
  await copyFile(file, join(dir, kept), constants.COPYFILE_FICLONE)
  const { read, options } = await readCapture({
    file: join(dir, kept),
    table: join(dir, TABLE),
    form: kind.form,
    name: work.name,
    signal: work.signal,
    progress: (...words) => work.handle.progress(...words),
  })
  const { tally } = read
  if (tally.events === 0) throw nothingFound(work, read)
  if (tally.calls.seen > 0) await writeGraph(join(dir, TABLE), join(dir, GRAPH), tally.ticks)
  const others = tally.others.map(({ line, text }) => `${line}: ${printable(text)}\n`).join('')
  if (others !== '') await writeFile(join(dir, OTHERS), others)
  const sha256 = {
    [kept]: kind.form === 'text' ? read.sha256 : await hashFile(join(dir, kept)),
    [TABLE]: await hashFile(join(dir, TABLE)),
    ...(others === '' ? {} : { [OTHERS]: hashText(others) }),
    ...(tally.calls.seen > 0 ? { [GRAPH]: await hashFile(join(dir, GRAPH)) } : {}),
  }
  const plain = importedManifest({
    experiment,
    run,
    started,
    kept,
    read,
    options,
    sha256,
    file: basename(file),
    form: kind.form === 'text' ? 'text' : `trace.dat version ${kind.version}`,
    bytes: (await stat(join(dir, kept))).size,
  })
  const twin = await twinOf(work.results, { dir, run, manifest: plain })
  const manifest = twin === undefined ? plain : withTwin(plain, twin)
  await writeFile(join(dir, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
  return { manifest, tally }
}

/** @throws Failure (user) when the file is no trace, or has no event */
export async function importStep({ file, name, results }: ImportRequest, context: Context): Promise<ImportOutcome> {
  if (!NAME.test(name))
    throw userError({
      fact: `"${printable(name, 80)}" is not a valid name for runs`,
      wayOut: 'letters, digits, ".", "_" and "-", at most 63, the first a letter or digit',
    })
  const kind = await kindOf(file)
  const title = `import ${printable(basename(file), 80)}`
  return await step(context, title, title, async (handle) => {
    const started = moment()
    const run = newRunId(started.date)
    let imported: Imported | undefined
    const dir = await putResult(results, name, run, async (to) => {
      const work = { file, results, name: printable(file, 200), dir: to, kind, handle, signal: context.signal }
      imported = await fill(work, name, run, started)
    })
    if (!imported) throw new Error('a result was put in place without having been written')
    return { outcome: 'done', detail: `${imported.tally.events} events`, value: { dir, ...imported } }
  })
}
