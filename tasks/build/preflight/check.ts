/** Every hook of every probe of a lab on every kernel of it, before anything boots. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedLab, ResolvedProbe } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { headersIn, kernelsOf, placeOf } from '../probe/lint.ts'
import type { Verdict } from '../../linux/symbols/verdict.ts'
import { sampleHeaders } from '../../linux/kbuild/samples.ts'
import { programsOfSource, type HookedProgram, type ParsedTexts } from '../../linux/symbols/programs.ts'
import { suffixDefines, type SourceProbe } from '../probe/command.ts'
import { waysOut } from './fixes.ts'
import { judgeHooks } from './judge.ts'
import { openKernel, type KernelView } from './kernel.ts'

/** A program of a probe on one kernel. */
export interface CheckedHook extends Omit<Verdict, 'hook' | 'fixes'> {
  readonly probe: string
  readonly program: string
  /** file:line:col of its SEC(). */
  readonly place: string
  readonly hook: string
  readonly kernel: string
  /** An experiment declares that it cannot be attached, or may do without it. */
  readonly expected: boolean
  /** An experiment may run it on this kernel. */
  readonly used: boolean
  /** Lines of lab.yaml or of the probe, each a way out by itself. */
  readonly ways: readonly (readonly string[])[]
}

export interface CheckedKernel {
  readonly kernel: string
  readonly state: KernelView['state']
  readonly note: string | undefined
}

export interface HookCheck {
  readonly kernels: readonly CheckedKernel[]
  readonly hooks: readonly CheckedHook[]
}

interface Found {
  readonly probe: string
  readonly optional: readonly string[]
  readonly place: string
  readonly program: HookedProgram
}

/** A probe that is a sample of the kernel's own tree: its hooks are those of that tree's text. */
type SampleProbe = Extract<ResolvedProbe, { sample: string }>

/** The programs of samples, and the samples whose text is not here. */
async function samplesOf(
  samples: readonly SampleProbe[],
  { tree, version }: KernelView,
  parsed: ParsedTexts,
): Promise<{ readonly found: readonly Found[]; readonly unread: readonly string[] }> {
  const found: Found[] = []
  const unread: string[] = []
  for (const { name, sample } of samples) {
    const file = `samples/bpf/${sample}_kern.c`
    const text = tree?.read(file)
    if (text === undefined || version === undefined) {
      unread.push(sample)
      continue
    }
    const headers = sampleHeaders((path) => tree?.read(path))
    for (const program of await programsOfSource({ text, headers, defines: {} }, version, parsed))
      found.push({ probe: name, optional: [], place: placeOf(file, program.line ?? 1, 1), program })
  }
  return { found, unread }
}

/** What is to be said of a kernel beside its hooks. */
const noteOf = ({ note }: KernelView, unread: readonly string[]): string | undefined =>
  [
    note,
    unread.length > 0 ? `no source of its samples here, so their hooks are not known: ${unread.join(', ')}` : undefined,
  ]
    .filter((one) => one !== undefined)
    .join('; ') || undefined

/** Texts that do not differ between kernels. */
async function textsOf(probe: SourceProbe, toolRoot: string) {
  return {
    text: await readFile(probe.source, 'utf8'),
    headers: await headersIn([dirname(probe.source), join(toolRoot, 'bpf/include')]),
  }
}

interface Use {
  readonly expected: boolean
  /** Of experiments that are not skipped; all kernels where no experiment has the probe. */
  readonly kernels: ReadonlySet<string>
}

function useOf(lab: ResolvedLab, probe: string): Use {
  const users = Object.values(lab.experiments).filter(({ probes }) => probes.includes(probe))
  const kernels = users.filter(({ skip }) => skip === undefined).flatMap((one) => kernelsOf(lab, one))
  return {
    expected: users.some(({ expect }) => expect.some((one) => 'failure' in one && one.failure === 'attach')),
    kernels: new Set(users.length > 0 ? kernels : Object.keys(lab.kernels)),
  }
}

/** One kernel, and where its source is taken from instead. */
export interface CheckWanted {
  readonly only?: string | undefined
  readonly source?: string | undefined
}

/** Checks the hooks of all probes of a lab; nothing is built or fetched. */
export async function checkHooks(lab: ResolvedLab, context: Context, wanted: CheckWanted = {}): Promise<HookCheck> {
  const { only, source } = wanted
  const probes = Object.values(lab.probes).filter((one): one is SourceProbe => 'source' in one)
  const texts = new Map<string, Awaited<ReturnType<typeof textsOf>>>()
  for (const probe of probes) texts.set(probe.name, await textsOf(probe, context.toolRoot))
  const samples = Object.values(lab.probes).filter((one): one is SampleProbe => 'sample' in one)
  const parsed: ParsedTexts = new Map()
  const kernels: CheckedKernel[] = []
  const hooks: CheckedHook[] = []
  for (const kernel of Object.values(lab.kernels)) {
    if (only !== undefined && kernel.name !== only) continue
    const view = await openKernel(kernel, context, source)
    const own = await samplesOf(samples, view, parsed)
    kernels.push({ kernel: kernel.name, state: view.state, note: noteOf(view, own.unread) })
    if (view.version === undefined) continue
    const found: Found[] = [...own.found]
    for (const probe of probes) {
      const text = { ...(texts.get(probe.name) ?? { text: '', headers: [] }), defines: suffixDefines(kernel) }
      for (const program of await programsOfSource(text, view.version, parsed))
        found.push({
          probe: probe.name,
          optional: probe.optional,
          program,
          place: placeOf(probe.source, program.line ?? 1, 1),
        })
    }
    const verdicts = await judgeHooks(
      found.map(({ program }) => program.hook),
      view,
    )
    for (const [index, { hook, fixes, ...verdict }] of verdicts.entries()) {
      const one = found[index]
      if (!one) continue
      const { probe, optional, place, program } = one
      const use = useOf(lab, probe)
      hooks.push({
        probe,
        program: program.program,
        place,
        hook: hook.section,
        kernel: kernel.name,
        ...verdict,
        ways: waysOut(fixes, kernel),
        expected: use.expected || optional.includes(program.program),
        used: use.kernels.has(kernel.name),
      })
    }
  }
  return { kernels, hooks }
}

/** Hooks that will be refused where nobody expects it. */
export const wrongHooks = ({ hooks }: HookCheck): readonly CheckedHook[] =>
  hooks.filter(({ attachable, expected, used }) => attachable === false && !expected && used)
