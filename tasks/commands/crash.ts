/** `lab crash`: opens the dump that a run left, with the vmlinux of the kernel that it is of. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hostStep } from '../build/host-tools.ts'
import { userError } from '../engine/error.ts'
import type { Fingerprint } from '../engine/fingerprint.ts'
import { printable } from '../engine/printable.ts'
import { makeScratch } from '../engine/scratch.ts'
import { readerOf } from '../host/dump-readers.ts'
import { GDB_COMMANDS, GDB_INIT } from '../host/gdb.ts'
import { DUMP_READERS } from '../host/packages.ts'
import { attended } from '../host/sh.ts'
import { sectionTable } from '../linux/objects/elf.ts'
import { fits } from '../results/run-name.ts'
import { listRuns } from '../results/result.ts'
import { crashesDir, readDump, VMCORE, type AboutDump } from '../vm/dump.ts'
import type { Places } from '../vm/places.ts'
import { labPlaces } from './shared/places.ts'
import { oneWordOf, repeated } from './shared/values.ts'
import { defineCommand } from './command.ts'

interface KeptDump extends AboutDump {
  readonly dir: string
}

/** Every dump of this lab, oldest first: of guests that died, and those among the files of a result. */
async function dumpsOf(places: Places): Promise<KeptDump[]> {
  const crashes = crashesDir(places.vms)
  const died = (await readdir(crashes).catch(() => [])).map((name) => join(crashes, name))
  const results = (await listRuns(places.results)).filter(({ manifest }) => manifest.sha256[VMCORE] !== undefined)
  const dirs = [...died, ...results.map(({ dir }) => dir)]
  const read = await Promise.all(dirs.map(async (dir) => ({ dir, about: await readDump(dir) })))
  return read
    .flatMap(({ dir, about }) => (about && existsSync(join(dir, VMCORE)) ? [Object.assign(about, { dir })] : []))
    .toSorted((a, b) => (a.taken < b.taken ? -1 : 1))
}

function pickDump(dumps: readonly KeptDump[], name: string | undefined): KeptDump {
  const matching = name === undefined || name === 'last' ? dumps.slice(-1) : dumps.filter(({ run }) => fits(run, name))
  const [only] = matching
  if (only !== undefined && matching.length === 1) return only
  throw userError({
    fact:
      dumps.length === 0
        ? 'there are no dumps'
        : `${matching.length === 0 ? 'no dump is' : `${matching.length} dumps are`} of a run called "${printable(name ?? '')}"`,
    lines: dumps.slice(-8).map(({ run, why }) => `${printable(run, 60)}: ${printable(why, 100)}`),
    wayOut:
      dumps.length === 0
        ? 'write `dump: on-panic` in the VM: a run whose guest panics or hangs then leaves one'
        : 'name one of these',
  })
}

function hasDwarf(vmlinux: string): boolean {
  const file = openSync(vmlinux, 'r')
  try {
    return sectionTable((offset, size) => {
      const bytes = Buffer.alloc(size)
      return bytes.subarray(0, readSync(file, bytes, 0, size, offset))
    }).some(({ name }) => name === '.debug_info')
  } finally {
    closeSync(file)
  }
}

const WITH = [
  '--with <program>',
  'gdb (the default), or crash or drgn, which need a kernel with `debug: dwarf`',
  oneWordOf('reader of dumps', ['gdb', 'crash', 'drgn']),
] as const

export const command = defineCommand({
  usage: 'crash [run]',
  about: 'open the memory dump that a run left',
  options: [
    WITH,
    ['--ex <command>', 'a command for that program, which ends after the last one; can be repeated', repeated],
  ],
  examples: [
    ['lab crash', 'the newest dump'],
    ['lab crash last --ex "thread apply all lab-bt"', 'without a terminal'],
    ['lab crash --with crash --ex bt', 'the stack of the task that panicked'],
  ],
  work: async (session, [name], options) => {
    const { context } = session
    const reader = options.with ?? 'gdb'
    const commands = options.ex ?? []
    const dump = pickDump(await dumpsOf(labPlaces(session)), name)
    if (commands.length === 0 && !process.stdin.isTTY)
      throw userError({ fact: 'lab crash needs a terminal', wayOut: 'for scripts: lab crash --ex bt' })
    const kernel = await context.store.get('kernel', dump.kernel.fingerprint as Fingerprint)
    if (kernel === undefined)
      throw userError({
        place: `dump of run ${printable(dump.run, 60)}`,
        fact: `the kernel that it is of is not in the cache any more (${printable(dump.kernel.name, 60)}, ${printable(dump.kernel.release, 60)})`,
        wayOut: `\`lab build kernel ${printable(dump.kernel.name, 60)}\` makes it again, as long as its declaration is the same`,
      })
    await hostStep(context, [DUMP_READERS[reader]], [])
    const vmlinux = join(kernel.dir, 'vmlinux')
    if (reader !== 'gdb' && !hasDwarf(vmlinux))
      throw userError({
        place: '--with',
        fact: `${reader} needs the types of the kernel, and ${printable(dump.kernel.name, 60)} was built without DWARF`,
        wayOut:
          'write `debug: dwarf` in the kernel and run it again, or open the dump with gdb (`lab-bt` there shows the stack)',
      })
    const scratch = await makeScratch('crash')
    try {
      const files = { vmlinux, vmcore: join(dump.dir, VMCORE) }
      const { argv, script } = readerOf(reader, files, commands, scratch)
      await writeFile(join(scratch, GDB_INIT), GDB_COMMANDS)
      if (script) await writeFile(script.file, script.text, { mode: 0o600 })
      return await attended(argv, { cwd: scratch, signal: context.signal })
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  },
})
