/** A command as somebody would type it, from the values that its declaration made. */
import { commandLine as shellLine } from '../../linux/kbuild/shell-commands.ts'
import type { OptionRow } from '../command.ts'

const camel = (flag: string): string => flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** `--repeat 4 --only probe=none`, in the order of the declaration. */
export function optionWords(rows: readonly OptionRow[], values: Readonly<Record<string, unknown>>): string[] {
  return rows.flatMap(([flags]) => {
    const long = /--([a-z-]+)/.exec(flags)?.[1] ?? ''
    const value = values[camel(long)]
    if (value === undefined || value === false) return []
    if (value === true) return [`--${long}`]
    const texts = Array.isArray(value) ? value.map(String) : [String(value as string | number)]
    return texts.flatMap((text) => [`--${long}`, text])
  })
}

/** The whole line, quoted for a shell. */
export const commandLine = (words: readonly string[]): string => shellLine(['lab', ...words])
