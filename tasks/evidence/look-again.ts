/**
 * A run looked at again, as after it was made: what there is to read is read here, and judged in a thread that has a
 * deadline.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { eventDigestOf } from '../trace/events/event-digest.ts'
import { eachInTable, readEvents } from '../trace/events/read-events.ts'
import { sameTyped } from '../trace/events/same-tables.ts'
import { typedFile } from '../trace/events/typed-name.ts'
import { interrupted } from '../engine/error.ts'
import type { Manifest } from '../results/manifest.ts'
import { optionsText, reportText } from '../host/trace-cmd.ts'
import { datOptions } from '../import/dat.ts'
import { TYPED, type TraceEvent } from '../linux/ftrace/trace-line.ts'
import type { Answer } from './replay-thread.ts'
import type { Raw, Replayed } from './replay.ts'

/** Beside this file: in the sources, or compiled. */
const THREAD = import.meta.filename.endsWith('.ts') ? './replay-thread.ts' : './replay-thread.js'

/**
 * Runs of the shipped lab take less than a second of it. Milliseconds, and more for each million characters of the
 * trace.
 */
const DEADLINE = 60_000
const MORE = 1000

/** Names of channels become part of names of files. */
const CHANNEL = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

/** Where a run and what it was made of are. */
export interface Kept {
  readonly dir: string
  readonly manifest: Manifest
  /** The format in which it is stored, where that is older than the current one. */
  readonly olderFormat?: number | undefined
  /** Kept directories, `results/.inputs`. */
  readonly inputs: string
  readonly toolRoot: string
}

async function textsOf(dir: string, { sha256 }: Manifest): Promise<Record<string, string>> {
  const names = Object.keys(sha256).filter((name) =>
    /\.(txt|json|ndjson)$|^std(out|err)$|^dmesg$|^kallsyms$|^console\.log$|^probe-.+\.out$/.test(name),
  )
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const)),
  )
}

async function builtFrom(kernel: string): Promise<Raw['built']> {
  const release = await readFile(join(kernel, 'release'), 'utf8').catch(() => '')
  const { source } = JSON.parse(await readFile(join(kernel, 'inputs.json'), 'utf8')) as { source?: unknown }
  return { release: release.trim(), source }
}

/** All that `replay` needs of a run. @throws what `lookAgain` throws */
export async function readRaw(
  { dir, manifest, olderFormat, inputs, toolRoot }: Kept,
  signal: AbortSignal,
): Promise<Raw> {
  const [dat, table] = [join(dir, 'trace.dat'), join(dir, 'events.parquet')]
  const channels = (manifest.trace.typed ?? []).map(({ name }) => name).filter((name) => CHANNEL.test(name))
  let typedEvents: readonly TraceEvent[] = []
  const typedDiffer: string[] = []
  const hasTable = existsSync(table)
  if (channels.length > 0 && hasTable) {
    const filter = { events: channels.map((name) => TYPED + name) }
    typedEvents = (await readEvents(table, filter, manifest.trace.events, false)).events
    for (const name of channels) {
      const own = join(dir, typedFile(name))
      if (!existsSync(own) || !(await sameTyped(table, own, name))) typedDiffer.push(name)
    }
  }
  return {
    dir,
    manifest,
    olderFormat,
    toolRoot,
    typedEvents,
    typedDiffer,
    labFile: join(inputs, manifest.inputs?.lab ?? '', 'lab.yaml'),
    texts: await textsOf(dir, manifest),
    built: await builtFrom(join(inputs, manifest.inputs?.kernel ?? '')),
    trace: existsSync(dat)
      ? { report: await reportText(dat, signal), options: datOptions(await optionsText(dat, signal)) }
      : undefined,
    tableDigest: hasTable ? await eventDigestOf(eachInTable(table, {}, false)) : undefined,
  }
}

/**
 * Ends the thread when it is late or the signal is aborted: a regular expression that goes on for ever listens to
 * nothing else.
 */
async function inThread(raw: Raw, signal: AbortSignal, deadline: number): Promise<Answer> {
  const worker = new Worker(new URL(THREAD, import.meta.url), { workerData: raw })
  const end = Promise.withResolvers<Answer>()
  const late = setTimeout(
    () =>
      end.resolve({
        why: `not done after ${deadline / 1000} s: a regular expression of its lab may never come to an end`,
      }),
    deadline,
  )
  const abort = () => end.reject(interrupted())
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  worker.on('message', (answer: Answer) => end.resolve(answer))
  worker.on('error', (error) => end.resolve({ why: error.message }))
  worker.on('exit', (code) => end.resolve({ why: `the thread ended with ${code}` }))
  try {
    return await end.promise
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

/**
 * @returns what was found, or why it cannot be looked at again @throws a Failure of trace-cmd or the disk, an Error of
 * DuckDB
 */
export async function lookAgain(
  kept: Kept,
  signal: AbortSignal,
  deadline: number = DEADLINE,
): Promise<Replayed | { readonly why: string }> {
  const raw = await readRaw(kept, signal)
  const more = ((raw.trace?.report.length ?? 0) / 1e6) * MORE
  const answer = await inThread(raw, signal, Math.round(deadline + more))
  return 'replayed' in answer ? answer.replayed : answer
}
