/** The workload's own program. Static: a dynamic loader would read libraries on the path that is probed. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isBpfSource, type ResolvedWorkload } from '../../config/workload.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { hashFile, type Inputs } from '../../engine/fingerprint.ts'
import type { CompilerWarning } from '../../host/compiler-warnings.ts'
import { C_LIBRARY, compileObject, linkProgram } from '../../host/compile.ts'
import { bpftoolVersion, skeletonOf } from '../../host/bpftool.ts'
import { run } from '../../host/sh.ts'
import { toolVersion } from '../../host/tool-version.ts'
import { ownCode } from '../own-code.ts'
import { dependenciesOf } from '../../linux/c/includes.ts'
import { refuseOutside } from './command.ts'
import { keepWarnings } from './warnings.ts'
import { hashesOf, ownFiles } from './own-files.ts'

const WORDS = {
  fact: 'it includes what the lab did not find by its lines, so that a change of it would go unnoticed',
  wayOut: 'write #include with the name of the file, not with a macro; libraries belong into /usr/include',
}

type Compiled = Pick<ResolvedWorkload, 'sources' | 'flags' | 'libraries'>

/** The kernel's side of a workload, compiled: `name` is that of its source without .bpf.c. */
export interface BpfSide {
  readonly name: string
  readonly file: string
  readonly fingerprint: string
}

const SKELETON = /^(.+)\.skel\.h$/

/** The objects that a program's sources include as skeletons (NAME.skel.h, of bpftool). */
const skeletonsOf = (sources: readonly string[], sides: readonly BpfSide[]): BpfSide[] => {
  const names = new Set(sources.flatMap((source) => [...ownFiles(source).names]))
  return sides.filter(({ name }) => names.has(`${name}.skel.h`))
}

/** Whether bpftool is needed for it. */
export const wantsSkeletons = (workload: Pick<Compiled, 'sources'>): boolean =>
  ownSources(workload).some((source) => [...ownFiles(source).names].some((name) => SKELETON.test(name)))

/** Skeletons that are included and have neither a file nor a source to be made of. @throws a user's Failure */
function refuseWithoutSource(sources: readonly string[], sides: readonly BpfSide[], place: string): void {
  for (const source of sources) {
    const { files, names } = ownFiles(source)
    const there = new Set(files.map((file) => basename(file)))
    for (const name of names) {
      const stem = SKELETON.exec(basename(name))?.[1]
      if (stem === undefined || there.has(basename(name)) || sides.some((side) => side.name === stem)) continue
      throw userError({
        place,
        fact: `${basename(source)} includes ${name}, which bpftool makes of ${stem}.bpf.c, and that is not among its sources`,
        wayOut: `add ${stem}.bpf.c to \`source:\``,
      })
    }
  }
}

const ownSources = ({ sources }: Pick<Compiled, 'sources'>) => sources.filter((source) => !isBpfSource(source))

/**
 * What a static library needs of others. libelf of elfutils 0.189 and newer may want zstd; where it is installed, it
 * does no harm.
 */
const NEEDS: Readonly<Record<string, readonly string[]>> = { bpf: ['elf', 'z', 'zstd'], elf: ['z', 'zstd'] }
const OPTIONAL: ReadonlySet<string> = new Set(['zstd'])

/** Which Debian package has a static library, where its name does not say so. */
const PACKAGES: Readonly<Record<string, string>> = {
  bpf: 'libbpf-dev',
  elf: 'libelf-dev',
  z: 'zlib1g-dev',
  aio: 'libaio-dev',
  numa: 'libnuma-dev',
  uring: 'liburing-dev',
  cap: 'libcap-dev',
  ssl: 'libssl-dev',
}

async function archiveOf(library: string, signal: AbortSignal): Promise<string | undefined> {
  const name = `lib${library}.a`
  const { stdout } = await run(['gcc', `-print-file-name=${name}`], { signal, place: 'host' })
  const file = stdout.trim()
  return file !== name && existsSync(file) ? file : undefined
}

/**
 * The static archives behind `libraries:`, with what they need. @throws a user's Failure for one that the host does not
 * have
 */
async function archives(libraries: readonly string[], place: string, signal: AbortSignal): Promise<string[]> {
  const files: string[] = []
  const names = new Set(libraries.flatMap((name) => [name, ...(Object.hasOwn(NEEDS, name) ? (NEEDS[name] ?? []) : [])]))
  for (const name of names) {
    const file = await archiveOf(name, signal)
    if (file !== undefined) files.push(file)
    else if (!OPTIONAL.has(name))
      throw userError({
        place,
        fact: `lib${name}.a, the static library ${name}, is not on this host`,
        wayOut: `install ${(Object.hasOwn(PACKAGES, name) && PACKAGES[name]) || 'the -dev package that has it'}, or take it out of \`libraries:\``,
      })
  }
  return files
}

/**
 * What a workload is made of. Its C library goes into the program: `ldd` is of that package, and has its version to the
 * revision.
 */
export async function workloadInputs(
  { flags, libraries, ...workload }: Compiled,
  sides: readonly BpfSide[],
  place: string,
  { cache, signal, toolRoot }: Context,
): Promise<Inputs> {
  const [gcc, libc] = [await toolVersion('gcc', cache, signal), await toolVersion('ldd', cache, signal)]
  const sources = ownSources(workload)
  refuseWithoutSource(sources, sides, place)
  const skeletons = skeletonsOf(sources, sides)
  const [first = ''] = sources
  const source: Record<string, string> = {}
  for (const file of sources) Object.assign(source, await hashesOf(ownFiles(file).files, first))
  const linked: Record<string, string> = {}
  for (const file of await archives(libraries, place, signal)) linked[basename(file)] = await hashFile(file)
  return {
    lab: ownCode('workload', toolRoot),
    source,
    gcc,
    libc,
    // Absent where they are not declared, as before they could be.
    ...(sources.length > 1 && { order: sources.map((file) => basename(file)) }),
    ...(flags.length > 0 && { flags }),
    ...(libraries.length > 0 && { linked }),
    ...(skeletons.length > 0 && {
      skeletons: Object.fromEntries(skeletons.map(({ name, fingerprint }) => [name, fingerprint])),
      bpftool: await bpftoolVersion(signal),
    }),
  }
}

/** @throws a user's error when it does not compile, or reads a file that is not among its inputs */
export async function compileWorkload(
  { flags, libraries, ...workload }: Compiled,
  sides: readonly BpfSide[],
  program: string,
  place: string,
  signal: AbortSignal,
): Promise<void> {
  const gcc = (await run(['gcc', '-print-file-name=include'], { signal, place })).stdout.trim()
  const system = [gcc, C_LIBRARY].map((dir) => ({ dir, what: 'gcc and its C library' }))
  const sources = ownSources(workload)
  const made = `${program}.skeletons`
  await mkdir(made)
  for (const { name, file } of skeletonsOf(sources, sides))
    await writeFile(join(made, `${name}.skel.h`), await skeletonOf(file, name, place, signal))
  const objects: string[] = []
  const warnings: CompilerWarning[] = []
  for (const [index, source] of sources.entries()) {
    const object = `${program}.${index}.o`
    const list = `${object}.d`
    const compiled = await compileObject({
      source,
      object,
      flags: ['-pthread', `-I${made}`, '-MD', '-MF', list, ...flags],
      place,
      signal,
    })
    warnings.push(...compiled)
    const roots = [
      { dir: dirname(source), what: 'workload', files: new Set(ownFiles(source).files) },
      { dir: made, what: 'bpftool' },
      ...system,
    ]
    refuseOutside(dependenciesOf(await readFile(list, 'utf8')), roots, place, WORDS)
    await rm(list)
    objects.push(object)
  }
  await linkProgram({
    objects,
    program,
    // Some of the libraries use one another.
    libraries: ['-Wl,--start-group', ...(await archives(libraries, place, signal)), '-Wl,--end-group', '-lm'],
    flags: ['-static', '-pthread'],
    place,
    signal,
  })
  for (const file of [...objects, made]) await rm(file, { recursive: true })
  const [first = ''] = sources
  await keepWarnings(
    program,
    first,
    sources.flatMap((source) => [...ownFiles(source).files]),
    warnings,
  )
}
