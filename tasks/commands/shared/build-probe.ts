/**
 * `lab build probe NAME`, and how it is compiled: `--dry-run` prints the commands, `--explain` where each include
 * resolves.
 */
import { named } from '../../config/open.ts'
import type { ResolvedKernel, ResolvedLab, ResolvedProbe, ResolvedVm } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { kernelForecast } from '../../build/forecast.ts'
import { kernelFingerprint } from '../../build/kernel/identity.ts'
import { sampleStep } from '../../build/kernel/sample.ts'
import { commandLine } from '../../linux/kbuild/shell-commands.ts'
import { hostStep } from '../../build/host-tools.ts'
import { kernelOf, toolsFor, type Choices } from '../../build/artefacts.ts'
import { probeStep, type ProbeTarget } from '../../build/probe/probe.ts'
import { commandsFor, explainIncludes, includesTable, notCompiled } from '../../build/probe/explain.ts'
import { wantsTypes } from '../../build/probe/wants-types.ts'
import { storedTypes, typesStep } from '../../build/kernel-types.ts'
import type { Outcome } from '../command.ts'

/** What a probe is built for, where the command line says so. */
export type ProbeChoices = Pick<Choices, 'kernel' | 'source'>

/** Probes are built for the kernel of the first VM. */
function vmOf(lab: ResolvedLab): ResolvedVm {
  const vm = Object.values(lab.vms)[0]
  if (!vm) throw userError({ fact: 'the lab has no VM, and so no kernel for its probes', wayOut: 'declare one' })
  return vm
}

/**
 * What a probe is compiled against: headers of the named kernel, or the VM's, or the first of its fallbacks that can be
 * had; where it wants vmlinux.h, the types of that kernel, or of the one that it names.
 */
async function targetFor(lab: ResolvedLab, probe: ResolvedProbe, choices: ProbeChoices, context: Context) {
  const { source } = choices
  const vm = vmOf(lab)
  await hostStep(context, toolsFor(lab, [choices.kernel ?? vm.kernel.use, ...vm.kernel.fallback], [probe]))
  if ('source' in probe && probe.types !== undefined && wantsTypes(probe)) {
    const declared = named(lab.kernels, 'kernel', probe.types)
    return { declared, target: { types: await typesStep(declared, context) }, source: undefined }
  }
  const { kernel } = await kernelOf(lab, vm, choices, context)
  const declared = named(lab.kernels, 'kernel', kernel.name)
  const target: ProbeTarget = wantsTypes(probe) ? { types: await typesStep(declared, context, source) } : { kernel }
  return { declared, target, kernel, source }
}

/** Builds one probe; the file of its object, or of a sample's program. */
export async function buildProbe(
  lab: ResolvedLab,
  name: string,
  choices: ProbeChoices,
  context: Context,
): Promise<string> {
  const probe = named(lab.probes, 'probe', name)
  const { declared, target, kernel, source } = await targetFor(lab, probe, choices, context)
  if ('source' in probe) return (await probeStep(probe, target, declared, context)).file
  if ('script' in probe) throw notCompiled(name)
  if (!kernel) throw new Error(`probe ${name} has no kernel`)
  return (await sampleStep(probe, kernel, declared, source, context)).program.file
}

/** Where each include of a probe resolves; its kernel is built first, if need be. */
export async function explainProbe(
  lab: ResolvedLab,
  name: string,
  choices: ProbeChoices,
  context: Context,
): Promise<Outcome> {
  const probe = named(lab.probes, 'probe', name)
  const { declared, target, source } = await targetFor(lab, probe, choices, context)
  const commands = await commandsFor(probe, target, declared, source, true, context)
  const includes = await explainIncludes(commands, `probe ${name}`, context.signal)
  return {
    text: includesTable(includes, commands),
    data: { dir: commands.dir, commands: commands.commands, includes },
  }
}

async function storedKernel(declared: ResolvedKernel, context: Context, source: string | undefined) {
  const { fingerprint } = await kernelFingerprint(declared, context, source)
  const stored = await context.store.get('kernel', fingerprint)
  return stored && { kernel: { name: declared.name, dir: stored.dir } }
}

/**
 * The commands of a probe, for the first of its kernels that was built. Nothing is built: without one, only what it
 * waits for.
 */
export async function dryProbe(
  lab: ResolvedLab,
  name: string,
  choices: ProbeChoices,
  context: Context,
): Promise<Outcome> {
  const probe = named(lab.probes, 'probe', name)
  const { use, fallback } = vmOf(lab).kernel
  const given = ('types' in probe ? probe.types : undefined) ?? choices.kernel
  const names = given === undefined ? [use, ...fallback] : [given]
  await hostStep(context, toolsFor(lab, names, [probe]))
  for (const kernel of names) {
    const declared = named(lab.kernels, 'kernel', kernel)
    const against = wantsTypes(probe)
      ? await storedTypes(declared, context, choices.source).then((types) => types && { types })
      : await storedKernel(declared, context, choices.source)
    if (!against) continue
    const { dir, commands } = await commandsFor(probe, against, declared, choices.source, false, context)
    const text = [`cd ${dir}`, ...commands.map(commandLine)].join('\n')
    return { text, verbatim: true, data: { kernel, dir, commands } }
  }
  const plan = await kernelForecast(named(lab.kernels, 'kernel', names[0] ?? ''), context, choices.source)
  const why = 'its commands are known when its kernel is built: they name its headers'
  const plans = [plan, { step: `probe ${name}`, will: 'build' as const, why }]
  return {
    text: plans.map((forecast) => `${forecast.step.padEnd(24)} ${forecast.will.padEnd(8)} ${forecast.why}`).join('\n'),
    data: plans,
  }
}
