/**
 * What `lab --help` and the completion of shells say of each command, from the declarations: loading all of them takes
 * longer than either may take. `node tasks/test/overview.ts --write` after a command's usage, its line or its options
 * changed; a test compares.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { COMMANDS, loadCommand } from '../commands/registry.ts'

export const OVERVIEW_FILE = join(import.meta.dirname, '../commands/overview.json')

/** One row for each command, in the order of the registry. */
export async function overview(): Promise<{ usage: string; about: string; options: string[][] }[]> {
  const commands = await Promise.all(Object.keys(COMMANDS).map(loadCommand))
  return commands.map(({ usage, about, options = [] }) => ({
    usage,
    about,
    options: options.map(([flags, text]) => [flags, text]),
  }))
}

if (process.argv.includes('--write')) {
  const style = await resolveConfig(OVERVIEW_FILE)
  const text = await format(JSON.stringify(await overview()), { ...style, filepath: OVERVIEW_FILE })
  writeFileSync(OVERVIEW_FILE, text)
}
