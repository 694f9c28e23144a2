/**
 * A program pair of one's own in the style of samples/bpf: NAME_user.c with bpf_load.h, NAME_kern.c with SEC("maps").
 * Both are built in the kernel's tree by the tree's own rules, beside its samples, and taken out again.
 */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { sampleName, type ResolvedWorkload } from '../../config/workload.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { MOVED_HEADERS, ownSampleBuild, wantsTraceHelpers, type SampleBuild } from '../../linux/kbuild/samples.ts'
import { isPlainName } from '../module/kbuild-text.ts'
import { hashesOf, ownFiles } from '../probe/own-files.ts'
import type { KernelArtefact, TreeInUse } from './kernel.ts'
import { buildIn, builtInTree, type Sample } from './sample.ts'

interface Pair {
  readonly name: string
  /** NAME_user.c. */
  readonly user: string
  /** Every file that goes into the tree: both sources, and what they include of their own. */
  readonly files: readonly string[]
  /** What NAME_user.c and its headers include. */
  readonly included: ReadonlySet<string>
  /** What any of the files includes. */
  readonly names: ReadonlySet<string>
}

/** @throws a user's Failure where the files do not make a pair, or lie in several directories */
function pairOf({ sources }: Pick<ResolvedWorkload, 'sources'>): Pair {
  const name = sampleName(sources) ?? ''
  const [user, kern] = ['user', 'kern'].map((side) => sources.find((file) => basename(file) === `${name}_${side}.c`))
  const place = `workload ${name || basename(sources[0] ?? '')}`
  if (user === undefined || kern === undefined)
    throw userError({
      place,
      fact: '`style: samples` needs two sources of one name, NAME_user.c and NAME_kern.c',
      wayOut: 'source: [bpf/NAME_user.c, bpf/NAME_kern.c]',
    })
  if (!isPlainName(name))
    throw userError({
      place,
      fact: `make cannot read the name ${JSON.stringify(name)}`,
      wayOut: 'name the files with letters, digits and "_", ".", "+" or "-" only',
    })
  const files = [...new Set(sources.flatMap((source) => ownFiles(source).files))]
  const dir = dirname(files[0] ?? user)
  const elsewhere = files.find((file) => dirname(file) !== dir)
  if (elsewhere !== undefined)
    throw userError({
      place,
      fact: `${relative(dir, elsewhere)} is in another directory: samples/bpf has all its files in one`,
      wayOut: 'put it beside the others, and include it by its bare name',
    })
  const names = new Set(sources.flatMap((source) => [...ownFiles(source).names]))
  return { name, user, files, included: ownFiles(user).names, names }
}

interface PairPlan {
  readonly build: SampleBuild
  /** Headers that the pair includes by names which this tree no longer knows: name -> text. */
  readonly headers: ReadonlyMap<string, string>
}

const textIn = (dir: string, path: string): Promise<string> => readFile(join(dir, path), 'utf8').catch(() => '')

/** What stands in for headers that moved since the pair was written. */
function movedHeaders(dir: string, { names, files }: Pair): Map<string, string> {
  const own = new Set(files.map((file) => basename(file)))
  const missing = MOVED_HEADERS.filter(
    ({ name, places }) =>
      names.has(name) && !own.has(name) && !places.some((place) => existsSync(join(dir, place, name))),
  )
  return new Map(missing.map(({ name, now }) => [name, now]))
}

/** In samples/bpf: the names of our files there, a line each, for as long as they are there. */
const NOTE = '.lab-files'

/** Takes out what a build that was killed left. Only names, and only of this directory. */
async function takeOut(samples: string): Promise<void> {
  const names = (await textIn(samples, NOTE)).split('\n').filter((name) => name !== '')
  for (const name of [...names, NOTE]) await rm(join(samples, basename(name)), { force: true })
}

/** How the tree would build it. @throws a user's Failure where it cannot, or has a file of the same name */
async function planIn(dir: string, pair: Pair, place: string): Promise<PairPlan> {
  const { name, user, files, included } = pair
  await takeOut(join(dir, 'samples/bpf'))
  const makefile = await textIn(dir, 'samples/bpf/Makefile')
  const taken = files.map((file) => basename(file)).find((file) => existsSync(join(dir, 'samples/bpf', file)))
  if (taken !== undefined)
    throw userError({
      place,
      fact: `samples/bpf of this kernel has a file ${taken} of its own`,
      wayOut: taken.endsWith('.h') ? 'include that one: remove yours' : 'give yours another name',
    })
  const helped = wantsTraceHelpers(await readFile(user, 'utf8'), await textIn(dir, 'samples/bpf/bpf_load.h'))
  const found = ownSampleBuild(makefile, name, helped ? new Set([...included, 'trace_helpers.h']) : included)
  if ('assignments' in found) return { build: found, headers: movedHeaders(dir, pair) }
  throw userError({
    place,
    fact:
      found.lacks === ''
        ? 'samples/bpf of this kernel has no pair of _user.c and _kern.c to build it like'
        : `samples/bpf of this kernel is not built with ${found.lacks}`,
    wayOut:
      'bpf_load.h is in kernels up to 5.10: name one of those, or load the object with libbpf (`libraries: [bpf]`)',
  })
}

async function buildPair(tree: TreeInUse, pair: Pair, plan: PairPlan, llc: string, to: string, context: Context) {
  const { build: found, headers } = plan
  const samples = join(tree.dir, 'samples/bpf')
  const made = [
    ...pair.files.map((file) => basename(file)),
    found.program,
    found.object,
    `${pair.name}_user.o`,
    `.${pair.name}.cmd`,
    `.${pair.name}_user.o.cmd`,
    `.${pair.name}_user.o.d`,
    `.${found.object}.cmd`,
    ...headers.keys(),
  ]
  await writeFile(join(samples, NOTE), made.map((name) => `${name}\n`).join(''))
  try {
    for (const file of pair.files) await copyFile(file, join(samples, basename(file)))
    for (const [name, text] of headers) await writeFile(join(samples, name), text)
    await buildIn(tree, found, llc, to, context)
  } finally {
    // The tree is everybody's: the next build must not find our files among its own.
    await takeOut(samples)
  }
}

/**
 * Restores or builds a pair for one kernel. @param override the tree that the kernel's source was taken from instead
 */
export async function ownSampleStep(
  workload: ResolvedWorkload,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<Sample> {
  const pair = pairOf(workload)
  const place = `workload ${pair.name}`
  return await builtInTree(
    {
      place,
      name: pair.name,
      inputs: { source: await hashesOf(pair.files, pair.user) },
      detail: `as a sample of ${kernel.release}`,
      look: (tree) => planIn(tree, pair, place),
      build: (tree, plan: PairPlan, llc, to) => buildPair(tree, pair, plan, llc, to, context),
    },
    kernel,
    declared,
    override,
    context,
  )
}
