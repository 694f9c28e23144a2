/**
 * Step: probe. BPF objects against the headers of the kernel that was built; the holder and the workload beside them.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EMPTY } from '../../config/arms.ts'
import type { ResolvedExperiment, ResolvedKernel } from '../../config/resolved.ts'
import { step, type Context } from '../../engine/context.ts'
import { fingerprintOf, hashFile, type Inputs } from '../../engine/fingerprint.ts'
import { compileBpf, compileProgram } from '../../host/compile.ts'
import { toolVersion } from '../../host/tool-version.ts'
import type { KernelArtefact } from '../kernel/kernel.ts'
import { headerFiles, keepLint, sayLint } from './lint.ts'
import { labInclude, probeCommand, probeFiles, refuseOutside, suffixDefines, type SourceProbe } from './command.ts'
import { emptyProbe } from '../../linux/c/empty-probe.ts'
import { errnoHeader, libbpfHashes } from './libbpf.ts'
import { hashesOf } from './own-files.ts'
import { programName } from '../../config/workload.ts'
import { type BpfSide, compileWorkload, workloadInputs } from './workload.ts'
import { readyProgram } from './ready-file.ts'
import { keepWarnings, sayWarnings } from './warnings.ts'
import { ownCode } from '../own-code.ts'
import type { KernelTypes } from '../kernel-types.ts'

/** Something that goes to the guest. */
export interface Deployable {
  /** Its file name there. */
  readonly name: string
  readonly file: string
  readonly fingerprint: string
}

/**
 * What a probe's object and its lint follow from: its own files, and the headers that the lint reads, whether they are
 * included or not.
 */
async function probeInputs(probe: SourceProbe, context: Context): Promise<Inputs> {
  const headers = await headerFiles([dirname(probe.source), labInclude(context)])
  const beside: Record<string, string> = {}
  for (const file of headers) beside[`${basename(dirname(file))}/${basename(file)}`] = await hashFile(file)
  beside['errno.h'] = await hashFile(errnoHeader(context))
  return { ...beside, ...(await hashesOf(probeFiles(probe, context), probe.source)) }
}

async function built(
  kind: string,
  name: string,
  inputs: Inputs,
  context: Context,
  write: (file: string) => Promise<void>,
): Promise<Deployable & { fresh: boolean }> {
  // The file's name is an input: two probes may share one source.
  const all = { ...inputs, name }
  const fingerprint = fingerprintOf(all)
  const stored = await context.store.get(kind, fingerprint)
  const { dir } = stored ?? (await context.store.put(kind, fingerprint, all, (to) => write(join(to, name))))
  return { name, file: join(dir, name), fingerprint, fresh: stored !== undefined }
}

/** What a probe is compiled against, whole: what it becomes follows from it. */
export type ProbeTarget =
  | { readonly kernel: Pick<KernelArtefact, 'name' | 'dir' | 'fingerprint' | 'release'> }
  | { readonly types: KernelTypes }

/** The object of a probe, out of the store or compiled. @throws CompileFailure */
export async function compileProbe(
  probe: SourceProbe,
  target: ProbeTarget,
  declared: ResolvedKernel,
  context: Context,
): Promise<Deployable & { readonly fresh: boolean }> {
  const { release } = targetOf(target)
  const inputs: Inputs = {
    lab: ownCode('probe', context.toolRoot),
    lint: ownCode('lint', context.toolRoot),
    source: await probeInputs(probe, context),
    ...('types' in target ? { types: target.types.fingerprint } : { kernel: target.kernel.fingerprint }),
    define: suffixDefines(declared),
    clang: await toolVersion('clang', context.cache, context.signal),
    libbpf: await libbpfHashes(),
  }
  return await built('probe', `${probe.name}.bpf.o`, inputs, context, async (object) => {
    const { compile, roots } = await probeCommand(probe, target, declared, context)
    const { read, warnings } = await compileBpf({ ...compile, object })
    refuseOutside(read, roots, compile.place)
    await keepWarnings(object, probe.source, probeFiles(probe, context), warnings)
    const headers = 'kernel' in target ? join(target.kernel.dir, 'headers') : target.types.include
    await keepLint(probe.source, release, headers, object, context.toolRoot, declared.helpers)
  })
}

const targetOf = (target: ProbeTarget): { readonly release: string } =>
  'types' in target ? target.types : target.kernel

/** A probe, compiled for one kernel, or against the types of one (then `declared` is that one). */
export async function probeStep(
  probe: SourceProbe,
  target: ProbeTarget,
  declared: ResolvedKernel,
  context: Context,
): Promise<Deployable> {
  const name = `probe ${probe.name}`
  return await step(context, name, name, async () => {
    const { fresh, ...value } = await compileProbe(probe, target, declared, context)
    await sayLint(value.file, probe.source, context)
    await sayWarnings(value.file, probe.source, 'clang', context)
    const detail = `${'types' in target ? 'with the types of' : 'for'} ${targetOf(target).release}`
    return { outcome: fresh ? 'restored' : 'built', detail, value }
  })
}

/** The hooks of a probe with nothing in them, for what a hit costs by itself (`observer: yes`). */
export async function emptyProbeStep(
  probe: SourceProbe,
  target: ProbeTarget,
  declared: ResolvedKernel,
  context: Context,
): Promise<Deployable> {
  const own = `${probe.name}${EMPTY}`
  const name = `probe ${own}`
  return await step(context, name, name, async () => {
    const full = await compileProbe(probe, target, declared, context)
    const clang = await toolVersion('clang', context.cache, context.signal)
    const inputs = {
      lab: ownCode('probe', context.toolRoot),
      full: full.fingerprint,
      clang,
      libbpf: await libbpfHashes(),
    }
    const { fresh, ...value } = await built('probe', `${own}.bpf.o`, inputs, context, async (object) => {
      const source = object.replace(/\.o$/, '.c')
      await writeFile(source, emptyProbe(await readFile(full.file), 'types' in target ? 'vmlinux.h' : 'linux/bpf.h'))
      const { compile } = await probeCommand(probe, target, declared, context)
      await compileBpf({ ...compile, source, object, place: name })
    })
    return { outcome: fresh ? 'restored' : 'built', detail: `the hooks of ${probe.name}`, value }
  })
}

/** Our loader for the guest; linked against libbpf's stable interface, so that the guest's newer library serves it. */
export async function holderStep(context: Context): Promise<Deployable> {
  return await step(context, 'holder', 'holder', async () => {
    const dir = join(context.toolRoot, 'bpf/holder')
    const names = (await readdir(dir)).filter((name) => /\.[ch]$/.test(name)).toSorted()
    const sources: Record<string, string> = {}
    for (const name of names) sources[name] = await hashFile(join(dir, name))
    const inputs = {
      lab: ownCode('holder', context.toolRoot),
      sources,
      gcc: await toolVersion('gcc', context.cache, context.signal),
      libbpf: await libbpfHashes(),
    }
    const { fresh, ...value } = await built('holder', 'lab-holder', inputs, context, (program) =>
      compileProgram({
        sources: names.filter((name) => name.endsWith('.c')).map((name) => join(dir, name)),
        program,
        flags: ['-pthread'],
        libraries: ['-lbpf', '-lelf', '-lz'],
        place: 'holder',
        signal: context.signal,
      }),
    )
    return { outcome: fresh ? 'restored' : 'built', value }
  })
}

/**
 * The workload's own program, if it has sources or is one that is ready. What builds as a sample of the kernel is made
 * elsewhere.
 */
export async function workloadStep(
  { workload }: ResolvedExperiment,
  context: Context,
  sides: readonly BpfSide[] = [],
): Promise<Deployable | undefined> {
  const name = programName(workload)
  if (name === undefined || workload.style !== undefined) return undefined
  const place = `workload ${name}`
  return await step(context, place, place, async () => {
    if (workload.program !== undefined) return { outcome: 'done', value: await readyProgram(workload.program) }
    const { fresh, ...value } = await built(
      'workload',
      name,
      await workloadInputs(workload, sides, place, context),
      context,
      (program) => compileWorkload(workload, sides, program, place, context.signal),
    )
    await sayWarnings(value.file, workload.sources[0] ?? '', 'gcc', context)
    return { outcome: fresh ? 'restored' : 'built', value }
  })
}
