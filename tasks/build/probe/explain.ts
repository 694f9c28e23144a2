/** How a probe is compiled, without compiling it: its commands, and which file each of their includes resolves to. */
import { dirname, join, relative, resolve } from 'node:path'
import type { ResolvedKernel, ResolvedProbe } from '../../config/resolved.ts'
import { userError, type Failure } from '../../engine/error.ts'
import type { Context } from '../../engine/context.ts'
import { C_LIBRARY, clangResources, includes, bpfArgv } from '../../host/compile.ts'
import { run } from '../../host/sh.ts'
import { sampleCommands } from '../kernel/sample.ts'
import type { Include } from '../../linux/c/includes.ts'
import { outsideFailure, probeCommand, rootOf, type Against, type Root } from './command.ts'

export interface Commands {
  /** Where they run. */
  readonly dir: string
  readonly commands: readonly (readonly string[])[]
  readonly roots: readonly Root[]
}

/** Headers of the kernel and of libbpf are next to those of the C library, of whatever version the host has. */
const NOT_THE_C_LIBRARY = /^\/usr\/include\/(?:[^/]*-linux-gnu\/)?(?:linux|asm|asm-generic|bpf|scsi|rdma|sound|drm)\//

/** What a command about compiled probes says of a script. */
export const notCompiled = (name: string): Failure =>
  userError({
    place: `probe ${name}`,
    fact: 'it is a bpftrace script: bpftrace compiles it in the guest',
    wayOut: '`lab run` runs it; its output is kept as probe-NAME.bt.out',
  })

/**
 * The commands that make a probe's object (of a sample: its program too). `built`: with all headers there that are made
 * on the way.
 */
export async function commandsFor(
  probe: ResolvedProbe,
  against: Against,
  declared: ResolvedKernel,
  override: string | undefined,
  built: boolean,
  context: Context,
): Promise<Commands> {
  const resources = await clangResources(context.signal)
  if ('source' in probe) {
    const { compile, roots } = await probeCommand(probe, against, declared, context)
    const object = `${probe.name}.bpf.o`
    return { dir: dirname(probe.source), commands: [bpfArgv({ ...compile, object }, resources)], roots }
  }
  if ('script' in probe) throw notCompiled(probe.name)
  const { dir, commands } = await sampleCommands(probe, declared, override, built, context)
  const gcc = (await run(['gcc', '-print-file-name=include'], { signal: context.signal })).stdout.trim()
  return {
    dir,
    commands,
    roots: [
      { dir: join(dir, 'samples/bpf'), what: 'samples/bpf' },
      { dir, what: `kernel ${declared.name}` },
      { dir: join(resources, 'include'), what: 'clang' },
      { dir: gcc, what: 'gcc' },
      { dir: C_LIBRARY, what: 'C library' },
    ],
  }
}

export interface Explained extends Include {
  /** Whose file it is. */
  readonly what: string
}

/** Every include of the commands, each once. @throws a user's error when one resolves outside of what was declared */
export async function explainIncludes(
  { dir, commands, roots }: Commands,
  place: string,
  signal: AbortSignal,
): Promise<Explained[]> {
  const compiling = commands.filter((argv) => argv.includes('-c'))
  const found = await Promise.all(compiling.map((argv) => includes(argv, { cwd: dir, signal, place })))
  const all = found.flat().map((include) => ({ ...include, file: resolve(dir, include.file) }))
  const outside = all.filter(({ file }) => NOT_THE_C_LIBRARY.test(file) || rootOf(file, roots) === undefined)
  if (outside.length > 0)
    throw outsideFailure(
      outside.map(({ from, spelled, file }) => `${from}: ${spelled} is ${file}`),
      place,
    )
  const seen = new Set<string>()
  return all.flatMap((include) => {
    const key = `${include.from} ${include.spelled} ${include.file}`
    if (seen.has(key)) return []
    seen.add(key)
    return [{ ...include, what: rootOf(include.file, roots)?.what ?? '' }]
  })
}

/** A table for people: who includes what, and whose file that is. */
export function includesTable(explained: readonly Explained[], { dir, roots }: Commands): string {
  const short = (file: string) => {
    const root = rootOf(file, roots)
    return root ? relative(root.dir, resolve(file)) : file
  }
  const rows = explained.map(({ from, spelled, file, what }) => [
    from.startsWith('<') ? from : short(resolve(dir, from)),
    spelled,
    what,
    file,
  ])
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
