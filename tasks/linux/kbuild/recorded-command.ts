/**
 * Commands that kbuild keeps beside each object (`.NAME.o.cmd`), so that a source can be compiled again exactly as it
 * was, and a little more.
 */
import { commandsOf } from './shell-commands.ts'
import { reading } from '../c/includes.ts'

/** `cmd_fs/file.o := gcc ...`; since 6.2 `savedcmd_`. Behind it may follow objtool or recordmcount. */
const RECORDED = /^(?:saved)?cmd_\S+ := (.*)$/m

/** The command that compiled the object, or undefined where the file does not say one. */
export function recordedCommand(text: string): string[] | undefined {
  const script = RECORDED.exec(text)?.[1]
  return script === undefined ? undefined : commandsOf(script).find((argv) => argv.includes('-c'))
}

/**
 * Debug information of every type that a source sees. gcc leaves out what the source does not use, and of a kernel's
 * headers a single file uses little.
 */
const ALL_TYPES = ['-g', '-gdwarf-4', '-fno-eliminate-unused-debug-types']

/** The same compilation, with the types, to another file. */
export const withTypes = (argv: readonly string[], object: string): string[] => [
  ...reading(argv),
  ...ALL_TYPES,
  '-c',
  '-o',
  object,
]
