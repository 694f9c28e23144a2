/** A sample of the kernel's own tree (samples/bpf): its program and its BPF object, built by the tree's own rules. */
import { copyFile, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedKernel } from '../config/resolve.ts'
import { suggest } from '../config/suggest.ts'
import { step, type Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { fingerprintOf, hashFile, type Inputs } from '../engine/fingerprint.ts'
import { make } from '../host/kbuild.ts'
import { toolVersion } from '../host/tool-version.ts'
import { inTree, type KernelArtefact, type TreeInUse } from '../kernel.ts'
import { sampleBuild, type SampleBuild } from '../linux/samples.ts'
import type { Deployable } from '../probe.ts'

/** A program with a loader of its own, and the object that it loads (it looks for it beside itself). */
export interface Sample {
  readonly program: Deployable
  readonly object: Deployable
}

/** Kept under these names whatever the sample is called. */
const [PROGRAM, OBJECT] = ['program', 'object.o'] as const

/** How the tree builds the sample; it is the user's error when the tree has none of that name. */
async function findSample(dir: string, sample: string, place: string): Promise<SampleBuild> {
  const makefile = await readFile(join(dir, 'samples/bpf/Makefile'), 'utf8').catch(() => '')
  const found = sampleBuild(makefile, sample)
  if (!('known' in found)) return found
  const meant = suggest(sample, found.known)
  throw userError({
    place,
    fact: `the kernel's samples/bpf has no ${sample} with a _user.c and a _kern.c`,
    wayOut:
      meant === undefined ? `it has ${found.known.slice(0, 12).join(', ') || 'none at all'}` : `did you mean ${meant}?`,
  })
}

/** Programs of the package llvm that samples/bpf/Makefile pipes through (opt and llvm-dis since 5.7): stand-ins, so that it is not needed. */
const llvm = (dir: string) => ({ LLC: join(dir, 'llc'), OPT: join(dir, 'opt'), LLVM_DIS: join(dir, 'llvm-dis') })

async function buildIn(tree: TreeInUse, found: SampleBuild, llc: string, to: string, context: Context): Promise<void> {
  const assignments = { ...tree.assignments, ...found.assignments, M: 'samples/bpf', ...llvm(dirname(llc)) }
  await make(
    { tree: tree.dir, targets: [], assignments, jobs: context.jobs },
    { signal: context.signal, log: tree.log, place: tree.place },
  )
  await copyFile(join(tree.dir, 'samples/bpf', found.program), join(to, PROGRAM))
  await copyFile(join(tree.dir, 'samples/bpf', found.object), join(to, OBJECT))
}

/** Restores or builds a sample for one kernel. `override` is the tree that the kernel's source was taken from instead. */
export async function sampleStep(
  probe: { readonly name: string; readonly sample: string },
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<Sample> {
  const name = `probe ${probe.name}`
  return await step(context, name, name, async (handle) => {
    const { sample } = probe
    const llc = join(context.toolRoot, 'bpf/llc')
    const inputs: Inputs = {
      format: 2,
      sample,
      kernel: kernel.fingerprint,
      llc: await hashFile(llc),
      clang: await toolVersion('clang', context.cache, context.signal),
    }
    const fingerprint = fingerprintOf(inputs)
    const stored = await context.store.get('sample', fingerprint)
    const { dir } =
      stored ??
      (await context.store.put('sample', fingerprint, inputs, (to) =>
        inTree(
          declared,
          context,
          handle,
          override,
          (tree) => findSample(tree, sample, name),
          (tree, found) => {
            handle.progress('compile')
            return buildIn(tree, found, llc, to, context)
          },
        ),
      ))
    const deployable = (file: string, as: string) => ({ name: as, file: join(dir, file), fingerprint })
    return {
      outcome: stored ? 'restored' : 'built',
      detail: `samples/bpf/${sample} of ${kernel.release}`,
      value: { program: deployable(PROGRAM, sample), object: deployable(OBJECT, `${sample}_kern.o`) },
    }
  })
}
