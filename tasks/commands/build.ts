/** `lab build [kernel|image|probe] [name]`: artefacts only. */
import { named } from '../config/open.ts'
import type { ResolvedLab } from '../config/resolved.ts'
import type { Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { hostStep } from '../build/host-tools.ts'
import { imageStep } from '../build/image/image.ts'
import { showPatch } from '../build/kernel/kernel.ts'
import { kernelStep } from '../build/kernel/step.ts'
import { kernelForecast, imageForecast } from '../build/forecast.ts'
import { toolsFor } from '../build/artefacts.ts'
import { openApp } from './shared/app.ts'
import { buildProbe, dryProbe, explainProbe, type ProbeChoices } from './shared/build-probe.ts'
import { oneOf } from './shared/exclusive.ts'
import { defineCommand } from './command.ts'
import { KERNEL } from './shared/options.ts'
import { path } from './shared/values.ts'

const KINDS = ['kernel', 'image', 'probe'] as const
type Kind = (typeof KINDS)[number]

function kindsOf(kind: string | undefined): readonly Kind[] {
  if (kind === undefined) return KINDS
  const known = KINDS.find((candidate) => candidate === kind || `${candidate}s` === kind)
  if (known) return [known]
  throw userError({
    fact: `there is nothing of the kind ${JSON.stringify(kind)} to build`,
    wayOut: `use ${KINDS.join(', ')}`,
  })
}

interface Built {
  readonly kind: Kind
  readonly name: string
  readonly path: string
}

async function buildOne(
  lab: ResolvedLab,
  kind: Kind,
  name: string,
  options: ProbeChoices,
  context: Context,
): Promise<Built> {
  if (kind === 'image') return { kind, name, path: (await imageStep(named(lab.images, 'image', name), context)).disk }
  if (kind === 'kernel') {
    const kernel = await kernelStep(named(lab.kernels, 'kernel', name), context, { override: options.source })
    return { kind, name, path: kernel?.dir ?? '' }
  }
  return { kind, name, path: await buildProbe(lab, name, options, context) }
}

const namesOf = (lab: ResolvedLab, kind: Kind): string[] =>
  Object.keys({ kernel: lab.kernels, image: lab.images, probe: lab.probes }[kind])

export const command = defineCommand({
  usage: 'build [kind] [name]',
  about: 'build artefacts only: kernels, images or probes; one of them or all',
  options: [
    ['--source <dir>', 'kernel: build this tree instead of the declared source', path],
    ['--show-patch', 'kernel: show the diff that parallelPath makes; build nothing'],
    [
      '--explain',
      'probe: which file each include resolves to; fails if one comes from anywhere but its kernel, libbpf or the lab',
    ],
    KERNEL,
    ['-n, --dry-run', 'show what would be done, and why; for one probe, also the commands that compile it'],
  ],
  examples: [
    ['lab build', 'everything that the lab declares'],
    ['lab build kernel v5.4 --source ../linux', 'from a tree of your own'],
    ['lab build kernel v5.4 --show-patch', 'what parallelPath makes of the source, as a diff'],
    ['lab build image', 'the images'],
  ],
  work: async (session, [kindWord, name], options) => {
    const { lab, context } = openApp(session)
    const kinds = kindsOf(kindWord)
    const { source } = options
    oneOf(options, ['showPatch', 'explain', 'dryRun'])
    const only = name === undefined || kinds.length > 1 ? undefined : kinds[0]
    if (options.showPatch && only !== 'kernel')
      throw userError({
        fact: '--show-patch needs the name of one kernel',
        wayOut: 'lab build kernel v5.4 --show-patch',
      })
    if (source && only !== 'kernel' && only !== 'probe')
      throw userError({
        fact: '--source needs the name of one kernel, or of one probe for it',
        wayOut: 'lab build kernel v5.4 --source ../linux',
      })
    if (options.explain && only !== 'probe')
      throw userError({ fact: '--explain needs the name of one probe', wayOut: 'lab build probe readiter --explain' })
    if (only === 'probe' && name !== undefined && (options.explain ?? options.dryRun)) {
      return await (options.explain ? explainProbe : dryProbe)(lab, name, options, context)
    }
    const jobs = kinds.flatMap((kind) =>
      (name === undefined ? namesOf(lab, kind) : [name]).map((each) => [kind, each] as const),
    )
    if (options.dryRun) {
      const plans = await Promise.all(
        jobs.map(async ([kind, each]) => {
          if (kind === 'kernel') return await kernelForecast(named(lab.kernels, 'kernel', each), context, source)
          if (kind === 'image') return await imageForecast(named(lab.images, 'image', each), context)
          return { step: `probe ${each}`, will: 'build' as const, why: 'needs its kernel first' }
        }),
      )
      return {
        text: plans.map(({ step, will, why }) => `${step.padEnd(24)} ${will.padEnd(8)} ${why}`).join('\n'),
        data: plans,
      }
    }
    const kernels = jobs.flatMap(([kind, each]) => (kind === 'kernel' ? [each] : []))
    await hostStep(context, toolsFor(lab, kernels, []))
    if (options.showPatch) {
      const patch = await showPatch(named(lab.kernels, 'kernel', name ?? ''), context, source)
      return { text: patch.trimEnd(), verbatim: true, data: { patch } }
    }
    const built: Built[] = []
    for (const [kind, each] of jobs) built.push(await buildOne(lab, kind, each, options, context))
    return {
      text: built.map((artefact) => `${artefact.kind} ${artefact.name}: ${artefact.path}`).join('\n'),
      data: built,
    }
  },
})
