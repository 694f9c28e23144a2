/** Programs that open the dump of a guest. */
import { join } from 'node:path'
import { GDB_INIT } from './gdb.ts'
import type { DUMP_READERS } from './packages.ts'

export type DumpReader = keyof typeof DUMP_READERS

interface Dump {
  readonly vmlinux: string
  readonly vmcore: string
}

/** Where a reader takes its commands from, and how it ends after them. */
interface Script {
  readonly name: string
  readonly text: (commands: readonly string[]) => string
}

interface Reader {
  readonly argv: (dump: Dump, script: string | undefined) => string[]
  readonly script: Script
}

/** Commands of one line each. */
const lines = (commands: readonly string[]): string => commands.map((command) => `${command}\n`).join('')

const READERS: Readonly<Record<DumpReader, Reader>> = {
  gdb: {
    argv: ({ vmlinux, vmcore }, script) => [
      'gdb',
      '-q',
      ...(script === undefined ? [] : ['-batch', '-ex', 'set pagination off']),
      '-ex',
      'set architecture i386:x86-64',
      '-x',
      GDB_INIT,
      ...(script === undefined ? [] : ['-x', script]),
      // As arguments: `core-file` takes no quotes (gdb 13).
      vmlinux,
      vmcore,
    ],
    script: { name: 'commands.gdb', text: lines },
  },
  crash: {
    argv: ({ vmlinux, vmcore }, script) => [
      'crash',
      ...(script === undefined ? [] : ['-s', '-i', script]),
      vmlinux,
      vmcore,
    ],
    script: { name: 'commands.crash', text: (commands) => lines([...commands, 'quit']) },
  },
  drgn: {
    argv: ({ vmlinux, vmcore }, script) => [
      'drgn',
      '-c',
      vmcore,
      '-s',
      vmlinux,
      ...(script === undefined ? [] : [script]),
    ],
    script: { name: 'commands.py', text: lines },
  },
}

/** The command line that opens a dump; `dir` is where the file with its commands is put. */
export function readerOf(reader: DumpReader, dump: Dump, commands: readonly string[], dir: string) {
  const { argv, script } = READERS[reader]
  if (commands.length === 0) return { argv: argv(dump, undefined) }
  const file = join(dir, script.name)
  return { argv: argv(dump, file), script: { file, text: script.text(commands) } }
}
