/**
 * What tells an editor how a lab file is written: a line at the top of the file that names a JSON Schema beside it.
 * Editors with yaml-language-server (VS Code, Neovim, Emacs) read it. The schema is that of the version that is used,
 * so it is in `.lab`, not in git.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../engine/directory.ts'
import { messageOf } from '../engine/error.ts'
import { replaceFile } from '../engine/replace-file.ts'
import { labJsonSchema } from './schema/json-schema.ts'

/** Below the directory of the lab file. */
export const SCHEMA_FILE = '.lab/lab.schema.json'
export const EDITOR_LINE = `# yaml-language-server: $schema=${SCHEMA_FILE}`

export const schemaText = (): string => `${JSON.stringify(labJsonSchema(), null, 2)}\n`

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * Writes the schema that the lab file names, where it names ours and what is there is not what this version reads.
 * @returns why it could not be written, which is no reason to refuse anything else
 */
export function refreshSchema(labFile: string): string | undefined {
  const lines = textOf(labFile)?.split('\n', 10) ?? []
  if (!lines.some((line) => line.trimEnd() === EDITOR_LINE)) return undefined
  const file = join(dirname(labFile), SCHEMA_FILE)
  const text = schemaText()
  if (textOf(file) === text) return undefined
  try {
    makeDirectory(dirname(file), 0o700)
    replaceFile(file, text)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
