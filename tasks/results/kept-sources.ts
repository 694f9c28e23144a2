/** Digests of the C files that a result was made of, from the copies in results/.inputs. */
import { lstatSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { hashText } from '../engine/fingerprint.ts'
import { includedNames } from '../linux/c/includes.ts'

/** A kept file can come out of somebody else's pack: a source is never this large. Bytes. */
const LARGEST = 4 * 2 ** 20

function textOf(file: string): string | undefined {
  const facts = lstatSync(file, { throwIfNoEntry: false })
  return facts?.isFile() === true && facts.size <= LARGEST ? readFileSync(file, 'utf8') : undefined
}

/**
 * One digest for a source and the files of the lab that it includes. Includes are followed only inside the kept
 * directory.
 * @param kept directory of the kept lab
 * @param source absolute path of a file in it
 * @returns undefined if the source was not kept
 */
export function sourceDigest(kept: string, source: string): string | undefined {
  const texts = new Map<string, string>()
  const open = (file: string): void => {
    if (texts.has(file) || !file.startsWith(kept + sep)) return
    const text = textOf(file)
    if (text !== undefined) texts.set(file, text)
  }
  open(source)
  // A map's iterator also visits what is added on the way.
  for (const [file, text] of texts)
    for (const { name } of includedNames(text)) for (const from of [file, source]) open(join(dirname(from), name))
  if (texts.size === 0) return undefined
  const lines = [...texts].map(([file, text]) => `${file.slice(kept.length + 1)} ${hashText(text)}\n`)
  return hashText(lines.toSorted().join('')).slice(0, 12)
}
