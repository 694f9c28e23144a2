/**
 * Unified diffs, applied to the text of a tree; one that does not apply is shown against the nearest place of the
 * source.
 */
import type { StructuredPatch, StructuredPatchHunk } from 'diff'
import { printable } from '../../engine/printable.ts'
import { messageOf, userError } from '../../engine/error.ts'
import { later } from '../../engine/later.ts'
import { layered, type SourceTree } from './source-tree.ts'

const diff = later<typeof import('diff')>('diff')

export interface Patch {
  /** As the user knows it: the file's name. */
  readonly name: string
  readonly text: string
}

/** -p1: the first folder is git's "a" or "b", or that of whoever made the diff. */
const strip = (name: string | undefined): string | undefined =>
  name === undefined || name === '/dev/null' ? undefined : name.replace(/^"(.*)"$/, '$1').replace(/^[^/]*\//, '')

/** What a patch can do that is not a change of text. */
function unsupported(file: StructuredPatch): string | undefined {
  if (file.isBinary) return 'a binary change'
  if (file.isRename || file.isCopy) return 'a renamed or copied file'
  if (file.isDelete || file.newFileName === '/dev/null') return 'a removed file'
  return file.hunks.length === 0 ? 'no change of text' : undefined
}

function targetOf(file: StructuredPatch, place: string): string {
  const path = strip(file.newFileName) ?? ''
  if (path === '' || path.startsWith('/') || path.split('/').includes('..'))
    throw userError({
      place,
      fact: `it names a file outside the kernel tree: ${printable(file.newFileName ?? '', 120)}`,
      wayOut: 'make the patch inside the tree, with `git diff` or `diff -u a/… b/…`',
    })
  const what = unsupported(file)
  if (what !== undefined)
    throw userError({
      place,
      fact: `it has ${what} (${path}), which the lab does not do to a tree`,
      wayOut: 'do it in a tree of your own and name that with `source: { tree: … }`',
    })
  return path
}

const oldLines = ({ lines }: StructuredPatchHunk): string[] =>
  lines.filter((line) => /^[ -]/.test(line) || line === '').map((line) => line.slice(1))

/** The place of a text that has most of a hunk's old lines, each where it should be; the earliest of equals. */
export function nearestMatch(text: string, wanted: readonly string[]): { line: number; equal: number } {
  const lines = text.split('\n').map((line) => line.trim())
  const trimmed = wanted.map((line) => line.trim())
  let best = { line: 1, equal: 0 }
  for (let at = 0; at + trimmed.length <= Math.max(lines.length, trimmed.length); at++) {
    let equal = 0
    // An empty line or a lone brace is equal everywhere and says nothing.
    for (const [index, line] of trimmed.entries()) if (/\w/.test(line) && lines[at + index] === line) equal++
    if (equal > best.equal) best = { line: at + 1, equal }
  }
  return best
}

/** A line of the source, fit to print; tabs as the kernel has them. */
const shown = (line: string): string => printable(line.replaceAll('\t', '        '), 160)

/** The hunk that failed, and beside it what the source has. */
function describeFailure(text: string, hunk: StructuredPatchHunk): string[] {
  const wanted = oldLines(hunk)
  const { line, equal } = nearestMatch(text, wanted)
  const telling = wanted.filter((one) => /\w/.test(one)).length
  const head = `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`
  const hunkLines = [head, ...hunk.lines.slice(0, 14).map((one) => shown(one))]
  if (equal === 0) return [...hunkLines, 'the source has nothing like it']
  const there = text.split('\n').slice(line - 1, line - 1 + wanted.length)
  const found = there.slice(0, 14).map((one, index) => `${one.trim() === wanted[index]?.trim() ? ' ' : '!'}${one}`)
  return [
    ...hunkLines,
    `nearest match: line ${line}, ${equal} of ${telling} lines ("!" differs)`,
    ...found.map((one) => shown(one)),
  ]
}

/** Finds the first hunk that does not apply, by applying one after the other. */
function failingHunk(text: string, { hunks, ...file }: StructuredPatch): { index: number; text: string } {
  let current = text
  for (const [index, hunk] of hunks.entries()) {
    const next = diff().applyPatch(current, { ...file, hunks: [{ ...hunk, oldStart: hunk.newStart }] })
    if (next === false) return { index, text: current }
    current = next
  }
  return { index: hunks.length - 1, text: current }
}

function applyFile(tree: SourceTree, file: StructuredPatch, place: string): [path: string, text: string] {
  const path = targetOf(file, place)
  const before = tree.read(path)
  const made = strip(file.oldFileName) === undefined || file.oldFileName === '/dev/null'
  if (before === undefined && !made)
    throw userError({
      place,
      fact: `it changes ${path}, which this source does not have`,
      wayOut: 'the file may have another name in this version; regenerate the patch, or leave it out for this kernel',
    })
  const after = before !== undefined && made ? false : diff().applyPatch(before ?? '', file)
  if (after !== false) return [path, after]
  if (diff().applyPatch(before ?? '', diff().reversePatch(file)) !== false)
    throw userError({
      place,
      fact: `${path} has this change already`,
      wayOut: 'take the patch out of `patches:` for this kernel',
    })
  const { index, text } = failingHunk(before ?? '', file)
  const hunk = file.hunks[index] as StructuredPatchHunk
  throw userError({
    place,
    fact: `hunk ${index + 1} of ${file.hunks.length} does not apply to ${path}`,
    lines: describeFailure(text, hunk),
    wayOut: 'regenerate the patch for this version of the source, or leave it out for this kernel',
  })
}

/** What each mail of git format-patch begins with: a commit, and a date that is always the same. */
const MAIL = /^(?=From [0-9a-f]{4,64} )/m
/** What it ends with: "-- " and git's version. */
const SIGNATURE = /\n-- \n[^\n]*\n*$/
/** The first line that belongs to the patch; what comes before it are words, in which lines may begin with "---". */
const BEGINNING = /^(?:diff --git |Index: |--- .*\n\+\+\+ )/m

/** The parts of a file that are patches: one, or of a mailbox one for each mail. */
const patchesIn = (text: string): string[] =>
  text.split(MAIL).map((mail) => {
    const begins = BEGINNING.exec(mail)?.index ?? 0
    return mail.slice(begins).replace(SIGNATURE, '\n')
  })

function parse({ name, text }: Patch): StructuredPatch[] {
  const place = `patch ${name}`
  const wayOut = 'a patch is what `git diff` or `diff -u` prints'
  try {
    const files = patchesIn(text.replaceAll('\r\n', '\n'))
      .flatMap((part) => diff().parsePatch(part))
      .filter((file) => file.hunks.length > 0 || file.oldFileName !== undefined || file.isGit === true)
    if (files.length > 0) return files
  } catch (error) {
    throw userError({ place, fact: `not a unified diff: ${printable(messageOf(error), 160)}`, wayOut }, error)
  }
  throw userError({ place, fact: 'it changes nothing', wayOut })
}

/**
 * Path -> new text after all patches, in their order; nothing is written. @throws a user's error with hunk and nearest
 * match
 */
export function applyPatches(tree: SourceTree, patches: readonly Patch[]): Map<string, string> {
  const changed = new Map<string, string>()
  for (const patch of patches)
    for (const file of parse(patch)) {
      const [path, text] = applyFile(layered(tree, changed), file, `patch ${patch.name}`)
      changed.set(path, text)
    }
  return changed
}
