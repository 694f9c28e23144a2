/**
 * What a text said when it was read before: a lab file is read by every command, and parsing one of 700 lines takes
 * longer than most commands take for the rest. Kept in the cache by the hash of the text, and only for texts in which
 * nothing at all was found wrong: a finding needs its place, and the place needs the document.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { hashText } from '../../engine/fingerprint.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { replaceFile } from '../../engine/replace-file.ts'

/** Raise it when a text may be read in another way; known-texts.test.ts says when. */
const FORMAT = 2
/** A lab file and its recipe are two, and each edit of one makes another. */
const MOST = 64

let directory: string | undefined

/** From now on what texts say is kept below this directory of the cache. Without it nothing is kept. */
export const keepTextsIn = (cache: string): void => void (directory = join(cache, 'texts'))

const fileOf = (dir: string, text: string): string =>
  join(dir, `${hashText(`${FORMAT} ${ownVersion()}\n${text}`).slice(0, 32)}.json`)

/**
 * The data of a text without findings, or undefined where nobody knows it yet. An entry that is not what was written
 * (a damaged disk, a hand that edited it) is none: it would be another lab than the file says. Whoever can write whole
 * entries can also write kernels there; the cache is trusted as the tool is.
 */
export function knownData(text: string): unknown {
  if (directory === undefined) return undefined
  try {
    const [hash, json = ''] = readFileSync(fileOf(directory, text), 'utf8').split('\n')
    return hash === hashText(json) ? JSON.parse(json) : undefined
  } catch {
    return undefined
  }
}

/** Keeps the data of a text in which nothing was found, if JSON can say it. */
export function keepData(text: string, data: unknown): void {
  if (directory === undefined) return
  const dir = directory
  try {
    const json = JSON.stringify(data)
    // Not so for NaN, -0 and the like.
    if (!isDeepStrictEqual(JSON.parse(json), data)) return
    mkdirSync(dir, { recursive: true })
    replaceFile(fileOf(dir, text), `${hashText(json)}\n${json}`)
    const age = (name: string) => statSync(join(dir, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
    const names = readdirSync(dir).filter((name) => name.endsWith('.json'))
    if (names.length <= MOST) return
    const oldestFirst = names.map((name) => ({ name, time: age(name) })).toSorted((a, b) => a.time - b.time)
    for (const { name } of oldestFirst.slice(0, -MOST)) rmSync(join(dir, name), { force: true })
  } catch {
    // A cache that takes no file: the text is parsed again.
  }
}
