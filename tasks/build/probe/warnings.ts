/**
 * What a compiler warned of in a source of the lab. It is kept beside the object, so that a build out of the store says
 * it as well: a warning of clang is often the only plain word about what the verifier refuses later.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import type { Context } from '../../engine/context.ts'
import { codeOf } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import type { CompilerWarning } from '../../host/compiler-warnings.ts'
import { placeOf } from './lint.ts'

const FILE = 'warnings.json'

/** As many are shown: those after them often follow from the first. */
const SHOWN = 10

/** `file` is relative to the source's directory: the store is shared by hosts, whose directories differ. */
const Warnings = z.array(z.object({ file: z.string(), line: z.int(), col: z.int(), text: z.string() }))

/**
 * Keeps the warnings about these files beside an object. Others are about headers of a kernel or a library, and nobody
 * here can mend those.
 *
 * @param source the first source, whose directory the names are relative to
 */
export async function keepWarnings(
  object: string,
  source: string,
  files: readonly string[],
  warnings: readonly CompilerWarning[],
): Promise<void> {
  const own = new Set(files.map((file) => resolve(file)))
  const kept = warnings
    .filter(({ file }) => own.has(resolve(file)))
    .map((warning) => ({ ...warning, file: relative(dirname(source), warning.file) }))
  if (kept.length > 0) await writeFile(join(dirname(object), FILE), JSON.stringify(kept))
}

/** Says what `keepWarnings` kept beside an object. */
export async function sayWarnings(
  object: string,
  source: string,
  compiler: 'clang' | 'gcc',
  context: Context,
): Promise<void> {
  const text = await readFile(join(dirname(object), FILE), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '[]'
    throw error
  })
  const warnings = Warnings.parse(JSON.parse(text))
  for (const [index, { file, line, col, text: words }] of warnings.slice(0, SHOWN).entries()) {
    const more = index === SHOWN - 1 ? warnings.length - SHOWN : 0
    context.emit({
      type: 'notice',
      level: 'warning',
      standing: true,
      place: placeOf(join(dirname(source), file), line, col),
      text: `${compiler} warns: ${printable(words, 200)}${more > 0 ? ` (and ${plural(more, 'more warning')})` : ''}`,
      wayOut:
        compiler === 'clang'
          ? 'correct the source; what clang doubts, the verifier often refuses in other words'
          : 'correct the source, or switch the warning off with `flags:`',
    })
  }
}
