/** Step: probe. BPF objects against the headers of the kernel that was built; the holder and the workload beside them. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ResolvedExperiment, ResolvedKernel, ResolvedProbe } from './config/resolve.ts'
import { step, type Context } from './engine/context.ts'
import { labError } from './engine/error.ts'
import { fingerprintOf, hashFile, type Inputs } from './engine/fingerprint.ts'
import { compileBpf, compileProgram } from './host/compile.ts'
import { toolVersion } from './host/tool-version.ts'
import type { KernelArtefact } from './kernel.ts'
import { keepLint, LINT, sayLint } from './lint.ts'

/** Something that goes to the guest. */
export interface Deployable {
  /** Its file name there. */
  readonly name: string
  readonly file: string
  readonly fingerprint: string
}

/** libbpf's headers for BPF programs (bpf_helpers.h), of the package libbpf-dev. */
const LIBBPF_INCLUDE = '/usr/include'

/** Hashes of a source and of every header that stands beside it or in our include directory. */
async function sourceInputs(file: string, dirs: readonly string[]): Promise<Inputs> {
  const inputs: Record<string, string> = { [basename(file)]: await hashFile(file) }
  for (const dir of [dirname(file), ...dirs])
    for (const name of (await readdir(dir).catch((): string[] => [])).toSorted())
      if (name.endsWith('.h')) inputs[`${basename(dir)}/${name}`] = await hashFile(join(dir, name))
  return inputs
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

const libbpf = async (): Promise<string> => {
  const file = join(LIBBPF_INCLUDE, 'bpf/libbpf_version.h')
  if (!existsSync(file))
    throw labError({
      place: 'host',
      fact: 'libbpf 1.0 or newer is not installed',
      wayOut: 'install libbpf-dev; `lab doctor --fix` does it',
    })
  return await hashFile(file)
}

/** LAB_SUFFIX is the suffix of the first parallel path, LAB_SUFFIX_2 of the second, and so on. */
const suffixDefines = ({ parallelPaths }: ResolvedKernel): Record<string, string> =>
  Object.fromEntries(
    [...new Set(parallelPaths.map(({ suffix }) => suffix))].map((suffix, index) => [
      index === 0 ? 'LAB_SUFFIX' : `LAB_SUFFIX_${index + 1}`,
      `"${suffix}"`,
    ]),
  )

/** A probe that is compiled from a source of the lab, not a sample of the kernel. */
export type SourceProbe = Extract<ResolvedProbe, { source: string }>

async function compileProbe(probe: SourceProbe, kernel: KernelArtefact, declared: ResolvedKernel, context: Context) {
  const include = join(context.toolRoot, 'bpf/include')
  const define = suffixDefines(declared)
  const inputs: Inputs = {
    format: 1,
    lint: LINT,
    source: await sourceInputs(probe.source, [include]),
    kernel: kernel.fingerprint,
    define,
    clang: await toolVersion('clang', context.cache, context.signal),
    libbpf: await libbpf(),
  }
  const headers = join(kernel.dir, 'headers')
  const result = await built('probe', `${probe.name}.bpf.o`, inputs, context, async (object) => {
    await compileBpf({
      source: probe.source,
      object,
      include: [dirname(probe.source), include, headers, LIBBPF_INCLUDE],
      define,
      place: `probe ${probe.name}`,
      signal: context.signal,
    })
    await keepLint(probe.source, kernel.release, headers, object, context.toolRoot)
  })
  await sayLint(result.file, probe.source, context)
  return result
}

/** The probes of an experiment, compiled against one kernel. */
export async function probeStep(
  probe: SourceProbe,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  context: Context,
): Promise<Deployable> {
  const name = `probe ${probe.name}`
  return await step(context, name, name, async () => {
    const { fresh, ...value } = await compileProbe(probe, kernel, declared, context)
    return { outcome: fresh ? 'restored' : 'built', detail: `for ${kernel.release}`, value }
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
      format: 1,
      sources,
      gcc: await toolVersion('gcc', context.cache, context.signal),
      libbpf: await libbpf(),
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

/** The workload's own program, if it has a source. Static: a dynamic loader would read libraries on the path that is probed. */
export async function workloadStep(experiment: ResolvedExperiment, context: Context): Promise<Deployable | undefined> {
  const { source } = experiment.workload
  if (source === undefined) return undefined
  const name = basename(source).replace(/\.c$/, '')
  return await step(context, `workload ${name}`, `workload ${name}`, async () => {
    const inputs = {
      format: 1,
      source: await sourceInputs(source, []),
      gcc: await toolVersion('gcc', context.cache, context.signal),
    }
    const { fresh, ...value } = await built('workload', name, inputs, context, (program) =>
      compileProgram({
        sources: [source],
        program,
        flags: ['-static', '-pthread', '-s'],
        libraries: [],
        place: `workload ${name}`,
        signal: context.signal,
      }),
    )
    return { outcome: fresh ? 'restored' : 'built', value }
  })
}
