/**
 * A run in a sealed guest (`deterministic: yes`): kernel, image, data disks, programs and the commands of the run are
 * one archive in memory, QEMU runs it from power-on to its end, and only then is anything read. There is no connection:
 * what could come over it would come at another moment each time.
 */
import { diskLines } from '../../vm/seed.ts'
import { readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { experimentError, Failure, labError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { diskFull } from '../../engine/disk.ts'
import { sealedArgv, SEALED_CONSOLE, SEALED_OUTPUT } from '../../host/qemu-sealed.ts'
import { ProgramFailure, run as runProgram } from '../../host/sh.ts'
import { commandLine } from '../../linux/kbuild/shell-commands.ts'
import { guessBootFailure } from '../../linux/explain/boot-failure.ts'
import { S_IFDIR, S_IFREG, type CpioEntry } from '../../linux/objects/cpio.ts'
import { tarLength } from '../../linux/objects/tar-length.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import type { Places } from '../../vm/vm.ts'
import { diskImage } from '../../vm/disks.ts'
import { writeInitramfs } from '../../vm/initramfs.ts'
import { endVmAtForcedEnd, newVmDir } from '../../vm/state.ts'
import { keepFiles } from './fetch.ts'
import { killedForMemory, memoryBefore, type MemoryBefore } from '../../vm/out-of-memory.ts'
import { FILES, underStrace } from './guest-run.ts'
import type { GuestRun } from './guest-output.ts'
import { HolderLines, holderArgv, parseHolderLine, type HolderLine, type HolderRequest } from './holder.ts'
import { assembleMeta, META_FILES, staticSymbols, type BootMeta } from './meta.ts'
import { deployables, type Recorded } from './record.ts'

/** In the guest. */
export const SEALED_BUNDLE = '/lab'
const RESULT = '/run/lab-result'
const META = '/run/lab-meta'
/** What QEMU has for boot and the way back beside the workload's own deadline, on a busy host. Milliseconds. */
const MARGIN = 180_000
/** Instructions take longer here than the guest's clock says: how much, on a busy host. */
const SLOWER = 10
const CONSOLE_LINES = 30
/** QEMU drops what it has no room for, and says nothing; less than this is no room. Bytes. */
const ROOM = 64 * 1024
/** What a guest may write, as over ssh. Bytes. */
const MOST_OUTPUT = 2 ** 30

export interface SealedRun {
  readonly guest: GuestRun
  readonly meta: BootMeta
  readonly vm: Recorded['vm']
  /** Removes what the run left on the host. */
  readonly close: () => Promise<void>
}

export interface SealedRequest extends HolderRequest {
  readonly strace: boolean
  /** Commands before the run. */
  readonly commands: readonly (readonly string[])[]
}

const file = (name: string, mode: number, data: Buffer | string): CpioEntry => ({
  name: `lab/${name}`,
  mode: S_IFREG | mode,
  data: Buffer.from(data),
})

/** Block that an image is cut into. Bytes. */
const EXTENT = 64 * 1024

/**
 * What of an image is not zeros, as files that are called after the block where they begin: most of a disk is a hole.
 */
function extentEntries(name: string, image: Buffer): CpioEntry[] {
  const zeros = Buffer.alloc(EXTENT)
  const entries: CpioEntry[] = [{ name: `lab/${name}`, mode: S_IFDIR | 0o755 }]
  const isZero = (at: number) => image.subarray(at, at + EXTENT).equals(zeros.subarray(0, image.length - at))
  for (let at = 0; at < image.length;) {
    let end = at
    while (end < image.length && !isZero(end)) end += EXTENT
    if (end > at) entries.push(file(`${name}/${at / EXTENT}`, 0o644, image.subarray(at, end)))
    at = end + EXTENT
  }
  return entries
}

/**
 * The commands of a run; the one that fails ends it. What they print is the output, and only the holder prints there.
 */
function script({ commands, strace, ...wanted }: SealedRequest, symbols: boolean): string {
  const { holder, events } = wanted
  const own = holderArgv({ ...wanted, dir: RESULT })
  const meta = [holder, '--meta', META, ...(symbols ? ['--no-symbols'] : [])]
  return [
    '#!/bin/sh',
    ...commands.map((argv) => `${commandLine(argv)} >&2 || exit`),
    commandLine(strace ? underStrace(own, RESULT) : own),
    commandLine([...meta, ...events.flatMap((event) => ['--event', event])]),
    '',
  ].join('\n')
}

async function entriesOf(artefacts: RunArtefacts, text: string, context: Context): Promise<CpioEntry[]> {
  const { vm } = artefacts.vm
  const programs = await Promise.all(
    deployables(artefacts).map(async ({ name, file: from }) => file(name, 0o755, await readFile(from))),
  )
  const disks = await Promise.all(
    vm.disks.map(async (disk, index) => extentEntries(`disk${index}`, await readFile(await diskImage(disk, context)))),
  )
  return [
    { name: 'lab', mode: S_IFDIR | 0o755 },
    file('init', 0o755, await readFile(join(context.toolRoot, 'vm-images/sealed/init'))),
    file('hostname', 0o644, `${vm.name}\n`),
    file('disks', 0o644, diskLines(vm.disks)),
    file('run', 0o755, text),
    ...programs,
    ...disks.flat(),
  ]
}

/** Why there is no whole output. */
function noOutput(place: string, console: string, lines: readonly HolderLine[]): Failure {
  const guess = guessBootFailure(console)
  const said = lastLines(console)
  const why = guess ? `: ${guess.name} (${guess.cause})` : ''
  if (lines.some(({ event }) => event === 'started'))
    return experimentError({
      place,
      fact: `the guest died while the workload ran${why}`,
      lines: said,
      wayOut: 'its last words are above',
    })
  const before = /lab-init: ended (\d+)/.exec(console)?.[1]
  return labError({
    place,
    fact:
      before === undefined
        ? `the sealed guest did not come to its end${why}`
        : `a command before the run ended with status ${before}`,
    lines: said,
    wayOut:
      guess?.wayOut ??
      'the same experiment without `deterministic: yes` runs in a guest that one can get into (`lab up`, `lab ssh`)',
  })
}

/**
 * A guest that hangs: in its own words, and not in those of the program that runs QEMU. @throws it, or the error as it
 * is
 */
export async function hung(error: unknown, place: string, consoleFile: string, memory?: MemoryBefore): Promise<never> {
  if (error instanceof ProgramFailure && error.end.reason === 'signal') throw killedForMemory(place, memory) ?? error
  if (!(error instanceof ProgramFailure) || error.end.reason !== 'timeout') throw error
  const console = await readFile(consoleFile, 'utf8').catch(() => '')
  throw labError(
    {
      place,
      fact: `the sealed guest neither ended nor rebooted within ${error.end.seconds} s`,
      lines: lastLines(console),
      wayOut: 'its last words are above; `lab run` without --deterministic shows where it hangs',
    },
    error,
  )
}

const lastLines = (console: string): string[] =>
  console
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-CONSOLE_LINES)
    .map((line) => printable(line, 200))

/** The port is open to everybody in the guest: a line that is not the holder's is reported as one. */
function lineOf(text: string, place: string): HolderLine {
  try {
    return parseHolderLine(text)
  } catch (error) {
    throw labError(
      {
        place,
        fact: 'the sealed guest sent something that is not a line of the holder',
        lines: [printable(text, 200)],
        wayOut: 'does the workload write to /dev/ttyS1? only the holder may',
      },
      error,
    )
  }
}

/** Lines up to the holder's last one, then its archive, then that of the formats. */
async function parts(output: Buffer, place: string, console: string) {
  const kept = new HolderLines(place)
  const { lines } = kept
  let at = 0
  for (let end = output.indexOf(10); end >= 0 && output[at] === 0x7b; end = output.indexOf(10, at)) {
    kept.keep(lineOf(output.toString('utf8', at, end), place))
    at = end + 1
    if (lines.at(-1)?.event === 'done') break
  }
  const archives = output.subarray(at)
  const length = lines.at(-1)?.event === 'done' ? tarLength(archives) : undefined
  if (length === undefined || tarLength(archives.subarray(length)) === undefined) throw noOutput(place, console, lines)
  return {
    lines,
    files: await keepFiles(archives.subarray(0, length), FILES),
    meta: await keepFiles(archives.subarray(length), META_FILES),
  }
}

/** What `lab-init: facts` of the console says. */
function factsOf(console: string) {
  const [, release = '', bootId = '', clocksource = ''] = /lab-init: facts (\S+) (\S+) (\S+)/.exec(console) ?? []
  return { release: printable(release, 80), guest: { bootId, clocksource: printable(clocksource, 80) } }
}

/** Boots a sealed guest, lets it run to its end and reads what it left. @throws a Failure where it did not get there */
export async function runSealed(
  artefacts: RunArtefacts,
  request: SealedRequest,
  place: string,
  places: Places,
  context: Context,
): Promise<SealedRun> {
  const { vm, kernel, kernelWanted, image } = artefacts.vm
  const dir = await newVmDir(places.vms, vm.name, 'run')
  const undone = endVmAtForcedEnd(dir)
  const close = async () => {
    await rm(dir, { recursive: true, force: true })
    undone()
  }
  try {
    const symbols = await staticSymbols(kernel.dir)
    const initrd = join(dir, 'initramfs')
    const entries = await entriesOf(artefacts, script(request, symbols !== undefined), context)
    await writeInitramfs(initrd, image, entries, place, context)
    const argv = sealedArgv({
      memoryBytes: vm.memory,
      kernel: kernel.image,
      initrd: 'initramfs',
      init: `${SEALED_BUNDLE}/init`,
      cmdline: vm.cmdline ?? [],
      ramDisks: { count: vm.disks.length, kib: Math.max(0, ...vm.disks.map(({ size }) => size)) / 1024 },
    })
    const memory = memoryBefore(vm.memory)
    // What comes out is a file that grows: a guest must not fill the host's disk.
    await runProgram(['prlimit', `--fsize=${MOST_OUTPUT}`, ...argv], {
      cwd: dir,
      signal: context.signal,
      place,
      timeout: request.deadlineMs * SLOWER + MARGIN,
    }).catch(async (error: unknown) => await hung(error, place, join(dir, SEALED_CONSOLE), memory))
    const console = await readFile(join(dir, SEALED_CONSOLE), 'utf8').catch(() => '')
    const output = await readFile(join(dir, SEALED_OUTPUT))
    const { lines, files, meta } = await parts(output, place, console).catch(async (error: unknown) => {
      const { bavail, bsize } = await statfs(dir)
      throw bavail * bsize < ROOM
        ? diskFull(place, [`no room for what comes out of the guest, below ${dir}`], { path: dir })
        : error
    })
    if (symbols) meta.set('kallsyms', symbols)
    const facts = factsOf(console)
    return {
      guest: { lines, files, stderr: '' },
      meta: assembleMeta(meta),
      vm: {
        dir,
        origin: 'started',
        state: {
          kernel: { ...kernel, compat: [...kernel.compat], release: facts.release, wanted: kernelWanted },
          image: { name: image.name, fingerprint: image.fingerprint },
          accel: { accel: 'tcg', asked: 'tcg', reason: 'deterministic: yes counts instructions' },
          argv,
          guest: facts.guest,
        },
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
