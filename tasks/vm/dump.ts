/**
 * Dumps of a guest's memory (`dump: on-panic`). QEMU stops at a panic instead of ending, and writes what the guest's
 * memory is to a file: the guest has no part in it. Dumps are private, no larger than the guest's memory allows, and
 * stand under their names only when they are whole.
 */
import { randomBytes } from 'node:crypto'
import { chmod, copyFile, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeDirectory } from '../engine/directory.ts'
import { labError, type Failure } from '../engine/error.ts'
import { partialIn } from '../engine/process.ts'
import { DUMP_SOCKET } from '../host/qemu.ts'
import { Qmp } from '../host/qmp.ts'
import { run } from '../host/sh.ts'
import type { KnownVm, VmState } from './state.ts'

export const VMCORE = 'vmcore'
/** What a dump is of. */
const ABOUT = 'crash.json'

const AboutSchema = z.object({
  run: z.string(),
  vm: z.string(),
  kernel: z.object({ name: z.string(), fingerprint: z.string(), release: z.string() }),
  /** Why it was taken, in words. */
  why: z.string(),
  taken: z.string(),
})
export type AboutDump = Readonly<z.infer<typeof AboutSchema>>

/**
 * Milliseconds in which a dump must be written: a gigabyte takes two seconds on a disk, and QEMU holds the guest
 * meanwhile.
 */
const DEADLINE = 180_000
/** What an ELF file has beside the memory: a program header of 56 bytes for each range that is mapped. Bytes. */
const HEADERS = 256 * 2 ** 20

/** Beside `.lab/vms`. */
export const crashesDir = (vms: string): string => join(vms, '..', 'crashes')

/** Whether a VM was started with `dump: on-panic`. */
export const keepsDumps = ({ argv }: Pick<VmState, 'argv'>): boolean =>
  argv.some((word) => word.startsWith(`unix:${DUMP_SOCKET},`))

type Dumped = Pick<KnownVm, 'dir'> & { readonly state: VmState }

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const Query = z.object({ status: z.string() })
const Memory = z.object({ 'base-memory': z.number() })

const failed = (state: VmState, fact: string): Failure =>
  labError({
    place: `dump of vm ${state.vm}`,
    fact,
    wayOut: 'free space on the disk of .lab, or give the VM less memory',
  })

/** Lets QEMU write the file, and ends it where that is not done in time or in size. */
async function write(qmp: Qmp, { dir, state }: Dumped, file: string): Promise<void> {
  const bytes = Memory.parse(await qmp.execute('query-memory-size-summary'))['base-memory']
  const { bavail, bsize } = await statfs(dir)
  if (bavail * bsize < bytes + HEADERS)
    throw failed(state, `the disk has no room for ${Math.ceil((bytes + HEADERS) / 2 ** 20)} MB`)
  // With page tables: gdb reads virtual addresses only. QEMU opens the file in its working directory.
  await qmp.execute('dump-guest-memory', { paging: true, protocol: `file:${file}`, detach: true, format: 'elf' })
  for (const until = performance.now() + DEADLINE; ;) {
    const { status } = Query.parse(await qmp.execute('query-dump'))
    if (status === 'completed') return
    if (status === 'failed') throw failed(state, 'QEMU could not write it')
    const size = (await stat(join(dir, file)).catch(() => undefined))?.size ?? 0
    if (size > bytes + HEADERS || performance.now() > until) {
      // It cannot be asked to stop.
      await qmp.execute('quit').catch(() => undefined)
      throw failed(state, 'it became larger than the memory of the guest, or was not written in time')
    }
    await sleep(50)
  }
}

/** One dump of one run, put in place when it is whole. @returns its directory */
async function take(qmp: Qmp, vm: Dumped, name: string, why: string): Promise<string> {
  const { dir, state } = vm
  const crashes = crashesDir(join(dir, '..'))
  const partial = partialIn(crashes)
  const file = `vmcore-${randomBytes(4).toString('hex')}`
  await qmp.execute('stop').catch(() => undefined)
  try {
    await write(qmp, vm, file)
    makeDirectory(crashes, 0o700)
    makeDirectory(partial, 0o700)
    await rename(join(dir, file), join(partial, VMCORE))
    await chmod(join(partial, VMCORE), 0o600)
    // Most of a guest's memory was never written to.
    await run(['fallocate', '--dig-holes', join(partial, VMCORE)], { accept: [0, 1], place: `vm ${state.vm}` })
    const { kernel } = state
    const about: AboutDump = {
      run: name,
      vm: state.vm,
      kernel: { name: kernel.name, fingerprint: kernel.fingerprint, release: kernel.release },
      why,
      taken: new Date().toISOString(),
    }
    await writeFile(join(partial, ABOUT), `${JSON.stringify(about, null, 1)}\n`, { mode: 0o600 })
    await rename(partial, join(crashes, name))
    return join(crashes, name)
  } finally {
    await rm(join(dir, file), { force: true })
    await rm(partial, { recursive: true, force: true })
  }
}

/** What a directory of `.lab/crashes` has a dump of; undefined if it is not one. */
export async function readDump(dir: string): Promise<AboutDump | undefined> {
  try {
    return AboutSchema.parse(JSON.parse(await readFile(join(dir, ABOUT), 'utf8')))
  } catch {
    return undefined
  }
}

/** Puts a dump among the files of a result. @returns their names */
export async function moveDump(dir: string, to: string): Promise<readonly string[]> {
  const names = [VMCORE, ABOUT]
  for (const name of names)
    // `results/` may be on another disk; holes are not copied then.
    await rename(join(dir, name), join(to, name)).catch(() => copyFile(join(dir, name), join(to, name)))
  await rm(dir, { recursive: true, force: true })
  return names
}

/** Looks at one VM while a run is in it. */
export class DumpWatch implements AsyncDisposable {
  readonly #vm: Dumped
  readonly #run: string
  #qmp: Qmp | undefined
  #panicked: Promise<string> | undefined

  private constructor(vm: Dumped, name: string) {
    this.#vm = vm
    this.#run = name
  }

  /** @returns undefined for a VM without `dump:` */
  static async open(vm: Dumped, name: string): Promise<DumpWatch | undefined> {
    if (!keepsDumps(vm.state)) return undefined
    const watch = new DumpWatch(vm, name)
    watch.#qmp = await Qmp.open(join(vm.dir, DUMP_SOCKET), ({ event }) => {
      // A kernel that has panicked asks for a reboot (panic=-1), and QEMU stops in its place.
      if (event === 'SHUTDOWN') watch.#panic()
    })
    return watch
  }

  #panic(): void {
    if (this.#panicked || this.#qmp === undefined) return
    const qmp = this.#qmp
    this.#panicked = take(qmp, this.#vm, this.#run, 'the kernel panicked').finally(() =>
      qmp.execute('quit').catch(() => undefined),
    )
    this.#panicked.catch(() => undefined)
  }

  /**
   * The dump of a guest that was lost, or that hangs: the one of its panic, or one that is taken now; the guest then
   * goes on.
   * @returns its directory, or why there is none
   */
  async dump(why: string): Promise<{ readonly dir: string } | { readonly why: string }> {
    try {
      if (this.#panicked) return { dir: await this.#panicked }
      if (this.#qmp === undefined) return { why: 'QEMU has ended' }
      const dir = await take(this.#qmp, this.#vm, this.#run, why)
      await this.#qmp.execute('cont').catch(() => undefined)
      return { dir }
    } catch (error) {
      return { why: error instanceof Error ? error.message : String(error) }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#panicked?.catch(() => undefined)
    this.#qmp?.close()
  }
}
