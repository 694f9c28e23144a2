/**
 * The file `results/.index`: a first line with its format, a second with what lists need of every run as JSON, and then
 * the details of each run, one after the other. Those are most of the bytes, and stay bytes until somebody asks.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ownVersion } from '../engine/own-version.ts'
import { replaceFile } from '../engine/replace-file.ts'
import type { Definition } from './definition.ts'
import type { RunDetails, RunLine } from './listed-run.ts'

/** Changes whenever an entry has something else in it, or the facts of a definition are computed in another way. */
const FORMAT = 10

/** What is known of one directory, as long as its manifest has this size (bytes) and this time (milliseconds). */
export interface Entry {
  readonly size: number
  readonly time: number
  readonly listed?: RunLine
  /** Parses them. */
  readonly details?: () => RunDetails
  /** The same as JSON in UTF-8. */
  readonly json?: () => Uint8Array
  /** Why it is no run. */
  readonly why?: string
}

export interface Index {
  /** By `experiment/run`. */
  readonly entries: Map<string, Entry>
  readonly definitions: Map<string, Definition>
}

/** In the file: `from` and `to` are bytes, counted from the end of the second line; `why` is for what is no run. */
type Line = readonly [name: string, size: number, time: number, listed: RunLine | string, from: number, to: number]

interface Head {
  readonly definitions: readonly Definition[]
  readonly lines: readonly Line[]
}

/** The version computed the definitions. */
const firstLine = (): string => `lab index ${FORMAT} of lab ${ownVersion()}\n`

const utf8 = new TextDecoder()

/** Details that are bytes of the index. */
export const detailsIn = (json: () => Uint8Array): Pick<Entry, 'details' | 'json'> => ({
  json,
  details: () => JSON.parse(utf8.decode(json())) as RunDetails,
})

function entryOf([, size, time, listed, from, to]: Line, bytes: Buffer, start: number): Entry {
  if (typeof listed === 'string') return { size, time, why: listed }
  if (start + to > bytes.length) throw new Error('the end of the index is missing')
  return { size, time, listed, ...detailsIn(() => bytes.subarray(start + from, start + to)) }
}

/** @returns an empty index if there is none, or half of one: what is missing is read again */
export function loadIndex(file: string): Index {
  try {
    const bytes = readFileSync(file)
    const first = firstLine()
    if (bytes.toString('utf8', 0, Buffer.byteLength(first)) !== first) throw new Error('of another version')
    const end = bytes.indexOf('\n', first.length)
    const head = JSON.parse(bytes.toString('utf8', first.length, end)) as Head
    return {
      entries: new Map(head.lines.map((line) => [line[0], entryOf(line, bytes, end + 1)])),
      definitions: new Map(head.definitions.map((definition) => [definition.id, definition])),
    }
  } catch {
    return { entries: new Map(), definitions: new Map() }
  }
}

export function saveIndex(file: string, { entries, definitions }: Index): void {
  const used = new Set([...entries.values()].map(({ listed }) => listed?.definition))
  const details: Uint8Array[] = []
  let at = 0
  const lines = [...entries].map(([name, { size, time, listed, json, why }]): Line => {
    const bytes = json?.() ?? new Uint8Array()
    details.push(bytes)
    const from = at
    at += bytes.length
    return [name, size, time, listed ?? why ?? '', from, at]
  })
  // Thousands of runs share a definition.
  const head: Head = { definitions: [...definitions.values()].filter(({ id }) => used.has(id)), lines }
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    replaceFile(file, Buffer.concat([Buffer.from(`${firstLine()}${JSON.stringify(head)}\n`), ...details]))
  } catch {
    // A directory that cannot be written is read the long way each time.
  }
}
