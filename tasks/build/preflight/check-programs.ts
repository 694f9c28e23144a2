/** The programs of all probes of a lab on one kernel, with the place of each, or why they are not known. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedProbe } from '../../config/resolved.ts'
import { ElfError, sectionsOf } from '../../linux/objects/elf.ts'
import { sampleHeaders } from '../../linux/kbuild/samples.ts'
import { kindOfSection } from '../../linux/symbols/hook-kinds.ts'
import { attachPoints } from '../../linux/symbols/bpftrace.ts'
import { hookOf, isOfKernel, type Hook } from '../../linux/symbols/hook.ts'
import { programsOfObject } from '../../linux/symbols/object.ts'
import { programsOfSource, type HookedProgram, type ParsedTexts } from '../../linux/symbols/programs.ts'
import { suffixDefines, type SourceProbe } from '../probe/command.ts'
import { headersIn, placeOf } from '../probe/lint.ts'
import type { CheckCompiler } from './compiled.ts'
import type { KernelView } from './kernel.ts'

export interface CheckedProgram {
  readonly probe: string
  readonly optional: readonly string[]
  /** file:line:col of its SEC(). */
  readonly place: string
  readonly program: HookedProgram
}

/** What the compiler said of a probe that it does not take, or what else keeps it from being compiled. */
export interface NotCompiled {
  readonly probe: string
  readonly place: string
  readonly fact: string
  readonly lines: readonly string[]
  readonly wayOut: string
}

export interface CheckedPrograms {
  readonly found: readonly CheckedProgram[]
  readonly failed: readonly NotCompiled[]
  /**
   * Probes whose hooks were read from their text, since something that compiling takes is not here: what, and which.
   */
  readonly read: ReadonlyMap<string, readonly string[]>
}

/** A probe that is a sample of the kernel's own tree: its hooks are those of that tree's text. */
type SampleProbe = Extract<ResolvedProbe, { sample: string }>

/** A sample has a loader of its own, and may call its sections what it likes. */
const ofOwnLoader = (hook: Hook): Hook =>
  isOfKernel(hook) || kindOfSection(hook.section)?.not === undefined ? hook : { ...hook, kind: 'called' }

/** The programs of samples, and the samples whose text is not here. */
export async function programsOfSamples(
  samples: readonly SampleProbe[],
  { tree, version }: KernelView,
  parsed: ParsedTexts,
): Promise<{ readonly found: readonly CheckedProgram[]; readonly unread: readonly string[] }> {
  const found: CheckedProgram[] = []
  const unread: string[] = []
  for (const { name, sample } of samples) {
    const file = `samples/bpf/${sample}_kern.c`
    const text = tree?.read(file)
    if (text === undefined || version === undefined) {
      unread.push(sample)
      continue
    }
    const headers = sampleHeaders((path) => tree?.read(path))
    for (const { hook, ...program } of await programsOfSource({ text, headers, defines: {} }, version, parsed))
      found.push({
        probe: name,
        optional: [],
        place: placeOf(file, program.line ?? 1, 1),
        program: { ...program, hook: ofOwnLoader(hook) },
      })
  }
  return { found, unread }
}

/** A probe that is a bpftrace script. */
type ScriptProbe = Extract<ResolvedProbe, { script: string }>

/** The hooks of bpftrace scripts: those that name a function or an event of the kernel. */
export async function programsOfScripts(scripts: readonly ScriptProbe[]): Promise<CheckedProgram[]> {
  const lists = scripts.map(async ({ name, script }) =>
    attachPoints(await readFile(script, 'utf8')).flatMap(({ written, line, section }) =>
      section === undefined
        ? []
        : [
            {
              probe: name,
              optional: [],
              place: placeOf(script, line, 1),
              program: { program: written, hook: hookOf(section), line },
            },
          ],
    ),
  )
  return (await Promise.all(lists)).flat()
}

/** libbpf loads no maps of `struct bpf_map_def` since 1.0 (bpf_object__init_maps of libbpf.c). @throws ElfError */
function legacyMaps({ name }: SourceProbe, object: Buffer): NotCompiled | undefined {
  if (!sectionsOf(object).some((section) => section.name === 'maps')) return undefined
  return {
    probe: name,
    place: `probe ${name}`,
    fact: 'its maps are in SEC("maps"), which libbpf no longer loads (since its version 1.0)',
    lines: [],
    wayOut:
      'declare them with ARRAY() or HASH() of lab.bpf.h; or leave the program as it is, and run it with its own loader (docs/programs.md)',
  }
}

/** The line of a program's SEC(): where its text says so, else the first that has its name. */
function lineOf(text: string, { program, hook }: HookedProgram, read: readonly HookedProgram[]): number {
  const same =
    read.find((candidate) => candidate.program === program) ??
    read.find((candidate) => candidate.hook.section === hook.section)
  if (same?.line !== undefined) return same.line
  const index = text.split('\n').findIndex((line) => new RegExp(`\\b${program}\\b`).test(line))
  return Math.max(1, index + 1)
}

/** Reads the probes of a lab: what a compiler makes of them, where it can be asked, and else what their text says. */
export class ProgramReader {
  readonly #compiler: CheckCompiler
  readonly #toolRoot: string
  readonly #parsed: ParsedTexts = new Map()
  readonly #texts = new Map<string, { readonly text: string; readonly headers: readonly string[] }>()

  constructor(compiler: CheckCompiler, toolRoot: string) {
    this.#compiler = compiler
    this.#toolRoot = toolRoot
  }

  get parsed(): ParsedTexts {
    return this.#parsed
  }

  /** A text that does not differ between kernels, with the headers that it may include. */
  async #textOf({ source }: SourceProbe) {
    const known = this.#texts.get(source)
    if (known) return known
    const headers = await headersIn([dirname(source), join(this.#toolRoot, 'bpf/include')])
    const text = { text: await readFile(source, 'utf8'), headers }
    this.#texts.set(source, text)
    return text
  }

  async #fromText(probe: SourceProbe, { kernel, version }: KernelView): Promise<HookedProgram[]> {
    if (version === undefined) return []
    const text = await this.#textOf(probe)
    return await programsOfSource({ ...text, defines: suffixDefines(kernel) }, version, this.#parsed)
  }

  async #ofProbe(
    probe: SourceProbe,
    view: KernelView,
    source: string | undefined,
    isUsed: boolean,
  ): Promise<{ programs: readonly HookedProgram[]; failed?: NotCompiled; lacks?: string }> {
    const compiled = await this.#compiler.compile(probe, view, source)
    if ('lacks' in compiled) return { programs: await this.#fromText(probe, view), lacks: compiled.lacks }
    if ('failure' in compiled) {
      // On a kernel that nobody runs it on, a probe may lack what it likes.
      if (!isUsed) return { programs: await this.#fromText(probe, view), lacks: compiled.failure.parts.fact }
      const { place, fact, lines = [], wayOut = '' } = compiled.failure.parts
      return { programs: [], failed: { probe: probe.name, place: place ?? '', fact, lines, wayOut } }
    }
    try {
      const failed = legacyMaps(probe, compiled.object)
      return { programs: programsOfObject(compiled.object), ...(failed && { failed }) }
    } catch (error) {
      if (!(error instanceof ElfError)) throw error
      return { programs: [], lacks: `an object that can be read (${error.message})` }
    }
  }

  /** @param isUsed whether an experiment may run a probe on this kernel */
  async read(
    probes: readonly SourceProbe[],
    view: KernelView,
    source: string | undefined,
    isUsed: (probe: string) => boolean,
  ): Promise<CheckedPrograms> {
    const found: CheckedProgram[] = []
    const failed: NotCompiled[] = []
    const read = new Map<string, string[]>()
    for (const probe of probes) {
      const of = await this.#ofProbe(probe, view, source, isUsed(probe.name))
      if (of.failed) failed.push(of.failed)
      if (of.lacks !== undefined) read.set(of.lacks, [...(read.get(of.lacks) ?? []), probe.name])
      const { text } = await this.#textOf(probe)
      const lines = await this.#fromText(probe, view)
      for (const program of of.programs)
        found.push({
          probe: probe.name,
          optional: probe.optional,
          program,
          place: placeOf(probe.source, lineOf(text, program, lines), 1),
        })
    }
    return { found, failed, read }
  }
}
