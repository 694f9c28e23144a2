/** A sample of the kernel's own tree (samples/bpf): its program and its BPF object, built by the tree's own rules. */
import { copyFile, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { suggest } from '../../config/text/suggest.ts'
import { step, type Context } from '../../engine/context.ts'
import { labError, userError } from '../../engine/error.ts'
import { fingerprintOf, hashFile, type Inputs } from '../../engine/fingerprint.ts'
import { ownCode } from '../own-code.ts'
import { make } from '../../host/kbuild.ts'
import { toolVersion } from '../../host/tool-version.ts'
import { inTree, type KernelArtefact, type TreeInUse } from './kernel.ts'
import { sampleBuild, type SampleBuild } from '../../linux/kbuild/samples.ts'
import { commandsOf } from '../../linux/kbuild/shell-commands.ts'
import type { Deployable } from '../probe/probe.ts'

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

/**
 * Programs of the package llvm that samples/bpf/Makefile pipes through (opt and llvm-dis since 5.7): stand-ins, so that
 * it is not needed.
 */
const llvm = (dir: string) => ({ LLC: join(dir, 'llc'), OPT: join(dir, 'opt'), LLVM_DIS: join(dir, 'llvm-dis') })

const assignmentsFor = (tree: TreeInUse, found: SampleBuild, llc: string) => ({
  ...tree.assignments,
  ...found.assignments,
  M: 'samples/bpf',
  ...llvm(dirname(llc)),
})

export async function buildIn(
  tree: TreeInUse,
  found: SampleBuild,
  llc: string,
  to: string,
  context: Context,
): Promise<void> {
  await make(
    { tree: tree.dir, targets: [], assignments: assignmentsFor(tree, found, llc), jobs: context.jobs },
    { signal: context.signal, log: tree.log, place: tree.place },
  )
  await copyFile(join(tree.dir, 'samples/bpf', found.program), join(to, PROGRAM))
  await copyFile(join(tree.dir, 'samples/bpf', found.object), join(to, OBJECT))
}

/**
 * How the tree itself would compile and link a sample now, command by command, and the directory in which it would.
 * `built`: after it has done so, since some of the headers are made on the way (bpf_helper_defs.h).
 */
export function sampleCommands(
  probe: { readonly name: string; readonly sample: string },
  declared: ResolvedKernel,
  override: string | undefined,
  built: boolean,
  context: Context,
): Promise<{ readonly dir: string; readonly commands: readonly (readonly string[])[] }> {
  const { sample } = probe
  const name = `probe ${probe.name}`
  return step(context, name, name, async (handle) => {
    const value = await inTree(
      declared,
      context,
      handle,
      override,
      `samples/bpf/${sample}`,
      (tree) => findSample(tree, sample, name),
      async (tree, found) => {
        const assignments = assignmentsFor(tree, found, join(context.toolRoot, 'bpf/shims/llc'))
        const { signal, jobs } = context
        if (built)
          await make({ tree: tree.dir, targets: [], assignments, jobs }, { signal, log: tree.log, place: tree.place })
        // What is there already would not be said. (-W, "as if it were new", does not reach the object.)
        for (const file of [found.program, found.object, `${sample}_user.o`])
          await rm(join(tree.dir, 'samples/bpf', file), { force: true })
        // Status 2: a dry run makes no modules.order, which a later rule wants. All commands were printed before.
        const { stdout, stderr } = await make(
          { tree: tree.dir, targets: ['-n'], assignments: { ...assignments, V: '1' } },
          { signal, place: tree.place, accept: [0, 2] },
        )
        const commands = commandsOf(stdout).filter((argv) => compiles(argv, sample))
        if (commands.length === 0)
          throw labError({
            place: name,
            fact: `make does not say how it builds samples/bpf/${sample}`,
            lines: stderr.split('\n').filter(Boolean).slice(-5),
            wayOut: '`lab build probe` without --dry-run shows all of its output',
          })
        return { dir: tree.dir, commands }
      },
    )
    return { outcome: 'done', value }
  })
}

/** A compiler's or linker's command about this sample, and not an echo of one. */
const compiles = ([program = '', ...words]: readonly string[], sample: string): boolean =>
  /^(.*\/)?(gcc|clang|cc)$/.test(program) && words.some((word) => word.startsWith(`samples/bpf/${sample}`))

/** A program with its loader that is built in a kernel's tree, by the tree's own rules. */
interface InTree<F> {
  /** What it is called in progress and messages. */
  readonly place: string
  readonly name: string
  /** What it is made of, besides the kernel, the compilers and our own code. */
  readonly inputs: Inputs
  /** For people: what of the result is reported. */
  readonly detail: string
  /** Sees the tree before it is prepared; what it throws saves that. */
  readonly look: (tree: string) => Promise<F>
  readonly build: (tree: TreeInUse, found: F, llc: string, to: string) => Promise<void>
}

/** Restores or builds one. @param override the tree that the kernel's source was taken from instead */
export async function builtInTree<F>(
  { place, name, inputs: own, detail, look, build }: InTree<F>,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<Sample> {
  return await step(context, place, place, async (handle) => {
    const llc = join(context.toolRoot, 'bpf/shims/llc')
    const inputs: Inputs = {
      lab: ownCode('sample', context.toolRoot),
      ...own,
      kernel: kernel.fingerprint,
      llc: await hashFile(llc),
      clang: await toolVersion('clang', context.cache, context.signal),
    }
    const fingerprint = fingerprintOf(inputs)
    const stored = await context.store.get('sample', fingerprint)
    const { dir } =
      stored ??
      (await context.store.put('sample', fingerprint, inputs, (to) =>
        inTree(declared, context, handle, override, `samples/bpf/${name}`, look, (tree, found) => {
          handle.progress('compile')
          return build(tree, found, llc, to)
        }),
      ))
    const deployable = (file: string, as: string) => ({ name: as, file: join(dir, file), fingerprint })
    return {
      outcome: stored ? 'restored' : 'built',
      detail,
      value: { program: deployable(PROGRAM, name), object: deployable(OBJECT, `${name}_kern.o`) },
    }
  })
}

/** Restores or builds a sample of the kernel's own for one kernel. */
export async function sampleStep(
  probe: { readonly name: string; readonly sample: string },
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<Sample> {
  const { sample } = probe
  const place = `probe ${probe.name}`
  const wanted: InTree<SampleBuild> = {
    place,
    name: sample,
    inputs: { sample },
    detail: `samples/bpf/${sample} of ${kernel.release}`,
    look: (tree) => findSample(tree, sample, place),
    build: (tree, found, llc, to) => buildIn(tree, found, llc, to, context),
  }
  return await builtInTree(wanted, kernel, declared, override, context)
}
