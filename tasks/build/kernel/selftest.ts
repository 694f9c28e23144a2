/**
 * Selftests of the kernel's own tree (tools/testing/selftests) as a workload: built by their Makefile, in a copy of
 * tools/ that is thrown away. So nothing of them stays in the tree, and Makefiles that build beside their sources do no
 * harm.
 */
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedKernel } from '../../config/resolved.ts'
import { suggest } from '../../config/text/suggest.ts'
import { RUN_ALL, selftestTitle, type Selftest } from '../../config/workload.ts'
import { step, type Context, type StepHandle } from '../../engine/context.ts'
import { Failure, userError } from '../../engine/error.ts'
import { fingerprintOf, hashFile, type Inputs } from '../../engine/fingerprint.ts'
import { withScratch } from '../../engine/scratch.ts'
import { make } from '../../host/kbuild.ts'
import { toolVersion } from '../../host/tool-version.ts'
import {
  filesBeside,
  isMade,
  LISTING,
  listsOf,
  missingOptions,
  programNamed,
  programsIn,
  runAll,
  SELFTESTS,
  testsIn,
  type SelftestLists,
} from '../../linux/kbuild/selftests.ts'
import { parseConfig } from '../../linux/kbuild/kconfig.ts'
import { ownCode } from '../own-code.ts'
import type { Deployable } from '../probe/probe.ts'
import { inTree, type KernelArtefact, type TreeInUse } from './kernel.ts'
import { cannotBuild, typesWanted } from './selftest-failure.ts'

/** A selftest as it goes to the guest: its files keep their places below the bundle's directory. */
export interface BuiltSelftest {
  readonly program: Deployable
  readonly beside: readonly Deployable[]
}

/** In an entry of the store: everything that goes to the guest, and what the tests want of the kernel. */
const [FILES, CONFIG] = ['files', 'config'] as const

const SHIMS = ['static-cc', 'llc', 'rst2man'] as const

/** What make needs in a tree of ours: every part of the kernel's tree as a link, and tools/ as a copy. */
async function copyOfTree(tree: string, to: string): Promise<void> {
  for (const name of await readdir(tree)) if (name !== 'tools') await symlink(join(tree, name), join(to, name))
  await cp(join(tree, 'tools'), join(to, 'tools'), {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  })
}

/** One directory of selftests, ready to be built. */
interface Place {
  readonly dir: string
  readonly test: Selftest
  readonly place: string
  readonly log: string
  readonly kernel: KernelArtefact
  readonly context: Context
}

/** @param more targets, and options before them */
const makeIn = (
  { dir, place, log, kernel, context }: Place,
  more: readonly string[],
  accept: readonly number[] = [0],
) => {
  const shims = join(context.toolRoot, 'bpf/shims')
  return make(
    {
      tree: dir,
      targets: more,
      assignments: {
        CC: join(shims, 'static-cc'),
        // The kernel's headers for user space are there since it was built.
        KSFT_KHDR_INSTALL_DONE: '1',
        VMLINUX_BTF: join(kernel.dir, 'vmlinux'),
      },
      jobs: context.jobs,
    },
    {
      signal: context.signal,
      log,
      place,
      accept,
      // lib.mk finds its place by the level of make.
      env: { MAKELEVEL: undefined, PATH: `${shims}:${process.env['PATH'] ?? ''}` },
    },
  )
}

/** A directory of a tree with tests in it. @throws a user's Failure where there is none of that name */
async function hasTests(tree: string, { dir }: Selftest, place: string): Promise<void> {
  const root = join(tree, SELFTESTS)
  if (existsSync(join(root, dir, 'Makefile'))) return
  const known = (await readdir(root, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'Makefile')))
    .map(({ name }) => name)
  const meant = suggest(dir, known)
  throw userError({
    place,
    fact: `the kernel's ${SELFTESTS} has no ${dir} with a Makefile`,
    wayOut: meant === undefined ? `it has ${known.join(', ') || 'none at all'}` : `did you mean ${meant}?`,
  })
}

/** The path of the program that is asked for. @throws a user's Failure where the Makefile lists none of that name */
function wanted(lists: SelftestLists, { dir, program }: Selftest, place: string): readonly string[] {
  if (program === undefined) {
    const tests = testsIn(lists)
    if (tests.length > 0) return tests
    throw userError({
      place,
      fact: `the Makefile of ${dir} lists no tests`,
      wayOut: 'tests may be in directories below it: name one of those',
    })
  }
  const path = programNamed(lists, program)
  if (path !== undefined) return [path]
  const known = programsIn(lists).map((one) => one.slice(one.lastIndexOf('/') + 1))
  const meant = suggest(program, known)
  throw userError({
    place,
    fact: `${dir} of this kernel's selftests has no program ${program}`,
    wayOut: meant === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean ${meant}?`,
  })
}

/** Names of made files in what a program or script is: it opens or starts them by these. */
async function namedIn(file: string, made: readonly string[]): Promise<string[]> {
  const text = await readFile(file, 'latin1').catch(() => '')
  return made.filter((path) => text.includes(path))
}

/** Builds the tests and everything that they name of what the Makefile can make. Returns all of it. */
async function buildAll(at: Place, lists: SelftestLists, first: readonly string[], handle: StepHandle) {
  const others = [...lists.TEST_GEN_FILES, ...lists.TEST_GEN_PROGS_EXTENDED, ...lists.TEST_CUSTOM_PROGS]
  const files: string[] = []
  let next: readonly string[] = first
  while (next.length > 0) {
    handle.progress('compile')
    const targets = next.filter((path) => isMade(lists, path) || lists.TEST_GEN_FILES.includes(path))
    try {
      if (targets.length > 0) await makeIn(at, ['-k', ...targets.map((path) => join(at.dir, path))])
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'lab') throw error
      throw cannotBuild(error, await readFile(at.log, 'utf8').catch(() => ''), at)
    }
    files.push(...next)
    const left = others.filter((path) => !files.includes(path))
    const named = await Promise.all(next.map((path) => namedIn(join(at.dir, path), left)))
    next = [...new Set(named.flat())]
  }
  return files
}

/** Copies what the tests are, with the tree's own runner, below `to` as the kernel's `install` would. */
async function collect({ dir, test }: Place, files: Iterable<string>, to: string): Promise<void> {
  for (const path of new Set(files)) {
    if (!existsSync(join(dir, path))) continue
    await mkdir(dirname(join(to, test.dir, path)), { recursive: true })
    await cp(join(dir, path), join(to, test.dir, path), { recursive: true, dereference: true })
  }
}

async function buildIn(
  tree: TreeInUse,
  test: Selftest,
  kernel: KernelArtefact,
  to: string,
  { context, handle, place }: { context: Context; handle: StepHandle; place: string },
): Promise<void> {
  await withScratch('kernel', async (scratch) => {
    handle.progress('copy tools/')
    await copyOfTree(tree.dir, scratch)
    const root = join(scratch, SELFTESTS)
    const at: Place = { dir: join(root, test.dir), test, place, log: join(scratch, 'selftest.log'), kernel, context }
    const lists = listsOf((await makeIn(at, ['-s', ...LISTING])).stdout, at.dir)
    const first = wanted(lists, test, place)
    const made = await buildAll(at, lists, first, handle)
    const files = join(to, FILES)
    await collect(at, [...made, ...filesBeside(lists), 'settings'], files)
    if (existsSync(join(root, 'kselftest')))
      await cp(join(root, 'kselftest'), join(files, 'kselftest'), { recursive: true })
    if (test.program === undefined) {
      await writeFile(join(files, RUN_ALL), runAll(test.dir, first))
      await chmod(join(files, RUN_ALL), 0o755)
    }
    await writeFile(join(to, CONFIG), await readFile(join(at.dir, 'config'), 'utf8').catch(() => ''))
  })
}

/** Says which options of the tests' own `config` the kernel does not have. */
async function sayMissing(dir: string, test: Selftest, kernel: KernelArtefact, place: string, context: Context) {
  const [wants, has] = await Promise.all(
    [join(dir, CONFIG), join(kernel.dir, 'config')].map((file) => readFile(file, 'utf8')),
  )
  const missing = missingOptions(wants ?? '', parseConfig(has ?? ''))
  if (missing.size === 0) return
  const options = [...missing].map(([name, value]) => `${name}: ${value}`)
  context.emit({
    type: 'notice',
    level: 'warning',
    place,
    text: `kernel ${kernel.name} lacks ${missing.size} of the options that ${SELFTESTS}/${test.dir}/config asks for: tests that need them fail or are skipped`,
    wayOut: `options: { ${options.join(', ')} }`,
  })
}

/** Everything below a directory, by its place there. */
async function filesIn(dir: string, fingerprint: string): Promise<Deployable[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ name: file.slice(dir.length + 1), file, fingerprint }))
}

/** Restores or builds a selftest for one kernel. @param override the tree that its source was taken from instead */
export async function selftestStep(
  test: Selftest,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<BuiltSelftest> {
  const title = selftestTitle(test)
  const place = `kselftest ${title}`
  return await step(context, place, place, async (handle) => {
    const shims = SHIMS.map((name) => join(context.toolRoot, 'bpf/shims', name))
    const { cache, signal } = context
    const inputs: Inputs = {
      lab: ownCode('selftest', context.toolRoot),
      test: title,
      kernel: kernel.fingerprint,
      shims: await Promise.all(shims.map(hashFile)),
      gcc: await toolVersion('gcc', cache, signal),
      clang: await toolVersion('clang', cache, signal),
      libc: await toolVersion('ldd', cache, signal),
    }
    const fingerprint = fingerprintOf(inputs)
    const stored = await context.store.get('selftest', fingerprint)
    const wantsTypes = stored === undefined ? typesWanted(test, declared, place) : undefined
    if (wantsTypes) throw wantsTypes
    const { dir } =
      stored ??
      (await context.store.put('selftest', fingerprint, inputs, (to) =>
        inTree(
          declared,
          context,
          handle,
          override,
          `a selftest (${title})`,
          (tree) => hasTests(tree, test, place),
          (tree) => buildIn(tree, test, kernel, to, { context, handle, place }),
        ),
      ))
    await sayMissing(dir, test, kernel, place, context)
    const files = await filesIn(join(dir, FILES), fingerprint)
    const own = test.program === undefined ? RUN_ALL : test.program
    const program = files.find(
      ({ name }) => name === own || (name.startsWith(`${test.dir}/`) && name.endsWith(`/${own}`)),
    )
    if (program === undefined) throw new Error(`${title} was built without ${own}`)
    return {
      outcome: stored ? 'restored' : 'built',
      detail: `${SELFTESTS}/${test.dir} of ${kernel.release}, ${files.length} files`,
      value: { program, beside: files.filter((file) => file !== program) },
    }
  })
}
