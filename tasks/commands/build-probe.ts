/** `lab build probe NAME`, and how it is compiled: `--dry-run` prints the commands, `--explain` where each include resolves. */
import { resolve } from 'node:path'
import { named } from '../config/open.ts'
import type { ResolvedLab, ResolvedVm } from '../config/resolve.ts'
import type { Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { kernelPlan } from '../forecast.ts'
import { kernelFingerprint } from '../kernel.ts'
import { sampleStep } from '../kernel/sample.ts'
import { commandLine } from '../linux/shell-commands.ts'
import { kernelOf } from '../plan.ts'
import { probeStep } from '../probe.ts'
import { commandsFor, explainIncludes, includesTable } from '../probe/explain.ts'
import type { Outcome } from './index.ts'

type Options = Readonly<Record<string, unknown>>

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const sourceOf = (options: Options): string | undefined =>
  text(options['source']) === undefined ? undefined : resolve(String(options['source']))

/** Probes are built for the kernel of the first VM. */
function vmOf(lab: ResolvedLab): ResolvedVm {
  const vm = Object.values(lab.vms)[0]
  if (!vm) throw userError({ fact: 'the lab has no VM, and so no kernel for its probes', wayOut: 'declare one' })
  return vm
}

/** What a probe is compiled against: the named kernel, or the VM's, or the first of its fallbacks that can be had. */
async function kernelFor(lab: ResolvedLab, options: Options, context: Context) {
  const source = sourceOf(options)
  const { kernel } = await kernelOf(lab, vmOf(lab), { kernel: text(options['kernel']), source }, context)
  return { declared: named(lab.kernels, 'kernel', kernel.name), kernel, source }
}

/** Builds one probe; the file of its object, or of a sample's program. */
export async function buildProbe(lab: ResolvedLab, name: string, options: Options, context: Context): Promise<string> {
  const probe = named(lab.probes, 'probe', name)
  const { declared, kernel, source } = await kernelFor(lab, options, context)
  return 'sample' in probe
    ? (await sampleStep(probe, kernel, declared, source, context)).program.file
    : (await probeStep(probe, kernel, declared, context)).file
}

/** Where each include of a probe resolves; its kernel is built first, if need be. */
export async function explainProbe(
  lab: ResolvedLab,
  name: string,
  options: Options,
  context: Context,
): Promise<Outcome> {
  const probe = named(lab.probes, 'probe', name)
  const { declared, kernel, source } = await kernelFor(lab, options, context)
  const commands = await commandsFor(probe, kernel, declared, source, true, context)
  const includes = await explainIncludes(commands, `probe ${name}`, context.signal)
  return {
    text: includesTable(includes, commands),
    data: { dir: commands.dir, commands: commands.commands, includes },
  }
}

/** The commands of a probe, for the first of its kernels that was built. Nothing is built: without one, only what it waits for. */
export async function dryProbe(lab: ResolvedLab, name: string, options: Options, context: Context): Promise<Outcome> {
  const probe = named(lab.probes, 'probe', name)
  const { use, fallback } = vmOf(lab).kernel
  const names = text(options['kernel']) === undefined ? [use, ...fallback] : [String(options['kernel'])]
  for (const kernel of names) {
    const declared = named(lab.kernels, 'kernel', kernel)
    const { fingerprint } = await kernelFingerprint(declared, context, sourceOf(options))
    const stored = await context.store.get('kernel', fingerprint)
    if (!stored) continue
    const { dir, commands } = await commandsFor(
      probe,
      { name: kernel, dir: stored.dir },
      declared,
      sourceOf(options),
      false,
      context,
    )
    return { text: [`cd ${dir}`, ...commands.map(commandLine)].join('\n'), data: { kernel, dir, commands } }
  }
  const plan = await kernelPlan(named(lab.kernels, 'kernel', names[0] ?? ''), context)
  const why = 'its commands are known when its kernel is built: they name its headers'
  const plans = [plan, { step: `probe ${name}`, will: 'build' as const, why }]
  return {
    text: plans.map((one) => `${one.step.padEnd(24)} ${one.will.padEnd(8)} ${one.why}`).join('\n'),
    data: plans,
  }
}
