/**
 * The source transforms on functions of a real tree: picked over several directories, exposed where they stand, then
 * cloned behind a caller, compiled with the tree's own make, and looked for in the objects. Run by hand:
 *
 *   node tasks/test/corpus.ts TREE [functions per directory]
 *
 * TREE is configured and built; it is changed and put back. Which functions are picked depends on names alone, so that
 * two runs compare.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../engine/error.ts'
import { hashText } from '../engine/fingerprint.ts'
import { make } from '../host/kbuild.ts'
import { run } from '../host/sh.ts'
import { KernelTree } from '../build/kernel/tree.ts'
import { parseC, references } from '../linux/c/c-parser.ts'
import { compatOf } from '../linux/kbuild/compat.ts'
import { applyExpose } from '../linux/c/expose.ts'
import { applyParallelPath } from '../linux/c/parallel-path.ts'
import { layered } from '../linux/c/source-tree.ts'
import { errorType } from '../linux/c/suitable.ts'
import { versionOfMakefile } from '../linux/version.ts'

const DIRECTORIES = ['fs', 'mm', 'lib', 'block', 'kernel']
const SUFFIX = 'corpus'

interface Picked {
  readonly name: string
  readonly file: string
  readonly as: ('noinline' | 'exported' | 'error-injectable')[]
  /** It stands under #if, which this configuration may not keep. */
  readonly conditional: boolean
}

interface Outcome {
  readonly changed: Map<string, string>
  /** Symbol -> object that must define it, unless it stands under #if. */
  readonly symbols: Map<string, { readonly object: string; readonly conditional: boolean }>
  readonly refused: Map<string, string[]>
}

const objectOf = (file: string) => file.replace(/\.c$/, '.o')

/** Functions of every compiled file below a directory, in an order that only their names decide. */
async function pick(tree: string, directory: string, count: number): Promise<Picked[]> {
  const files = readdirSync(join(tree, directory), { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((file) => file.endsWith('.c') && existsSync(join(tree, objectOf(file))))
  const found: { picked: Picked; order: string }[] = []
  for (const file of files)
    for (const definition of (await parseC(readFileSync(join(tree, file), 'utf8'))).definitions) {
      const { name } = definition
      const injectable = errorType(definition) === undefined ? [] : (['error-injectable'] as const)
      found.push({
        picked: {
          name,
          file,
          as: ['noinline', 'exported', ...injectable],
          conditional: definition.condition !== undefined,
        },
        order: hashText(`${file} ${name}`),
      })
    }
  return found
    .toSorted((a, b) => (a.order < b.order ? -1 : 1))
    .slice(0, count)
    .map(({ picked }) => picked)
}

const emptyOutcome = (): Outcome => ({ changed: new Map(), symbols: new Map(), refused: new Map() })

/** Runs one transform; a refusal is counted under its reason, without the names in it. */
async function attempt(outcome: Outcome, one: Picked, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { fact } = error.parts
    const reason = fact
      .replaceAll(one.name, 'f')
      .replaceAll(/\b[\w/.-]+\.[ch](?::\d+)?/g, 'FILE')
      .replaceAll(/"[^"]*"/g, 'TYPE')
      .replaceAll(/variable \(\w+\)/g, 'variable')
    outcome.refused.set(reason, [...(outcome.refused.get(reason) ?? []), `${one.name} (${one.file})`])
  }
}

async function exposeAll(tree: KernelTree, picked: readonly Picked[]): Promise<Outcome> {
  const outcome = emptyOutcome()
  for (const one of picked)
    await attempt(outcome, one, async () => {
      const { changed } = await applyExpose(layered(tree, outcome.changed), [
        { function: one.name, file: one.file, as: one.as },
      ])
      for (const [file, text] of changed) outcome.changed.set(file, text)
      outcome.symbols.set(one.name, { object: objectOf(one.file), conditional: one.conditional })
    })
  return outcome
}

/** A function of a compiled file that calls this one. */
async function callerOf(tree: KernelTree, one: Picked): Promise<{ entry: string; file: string } | undefined> {
  const candidates = [one.file, ...(await tree.candidates(one.name)).filter((file) => file !== one.file)]
  for (const file of candidates) {
    if (!file.endsWith('.c') || !existsSync(join(tree.dir, objectOf(file)))) continue
    const { definitions } = await parseC(tree.read(file) ?? '')
    if (file !== one.file && definitions.some(({ name }) => name === one.name)) continue
    const caller = definitions.find(
      ({ name, body }) => name !== one.name && references(body, new Set([one.name])).some(({ called }) => called),
    )
    if (caller) return { entry: caller.name, file }
  }
  return undefined
}

async function cloneAll(tree: KernelTree, picked: readonly Picked[]): Promise<Outcome & { uncalled: number }> {
  const outcome = { ...emptyOutcome(), uncalled: 0 }
  for (const one of picked) {
    const entry = await callerOf(tree, one)
    if (entry === undefined) {
      outcome.uncalled++
      continue
    }
    await attempt(outcome, one, async () => {
      const declaration = { suffix: SUFFIX, ...entry, functions: [one.name] }
      const { changed, clones } = await applyParallelPath(layered(tree, outcome.changed), declaration)
      for (const [file, text] of changed) outcome.changed.set(file, text)
      for (const { name, file } of clones)
        outcome.symbols.set(name, { object: objectOf(file), conditional: one.conditional })
    })
  }
  return outcome
}

/** Compiles what was changed; the compiler's errors, and symbols that no object has. */
async function compile(tree: KernelTree, { changed, symbols }: Outcome, assignments: Record<string, string>) {
  const objects = [...changed.keys()].filter((file) => file.endsWith('.c')).map(objectOf)
  const problems: string[] = []
  const warnings: string[] = []
  const signal = new AbortController().signal
  const onLine = (line: string) => {
    if (/\berror:|\*\*\*/.test(line)) problems.push(line)
    else if (/\bwarning:/.test(line)) warnings.push(line)
  }
  await make({ tree: tree.dir, targets: ['-k', ...objects], assignments, jobs: 2 }, { signal, onLine }).catch(
    (error: unknown) => problems.push(String(error)),
  )
  const missing: string[] = []
  let left = 0
  for (const object of new Set([...symbols.values()].map((symbol) => symbol.object))) {
    const { stdout } = await run(['nm', join(tree.dir, object)], { signal, accept: [0, 1] })
    const global = new Set([...stdout.matchAll(/ [TW] (\S+)$/gm)].map(([, name]) => name))
    for (const [name, where] of symbols)
      if (where.object === object && !global.has(name)) {
        if (where.conditional) left++
        else missing.push(`${name} (${object})`)
      }
  }
  return { objects: objects.length, problems, warnings, missing, left }
}

/** What one of the two transforms made of the functions. */
export interface Verdict {
  /** Functions that were changed, or made clones of. */
  readonly changed: number
  /** Of those, how many stand under an #if that this configuration does not build. */
  readonly left: number
  /** Reason, without the names in it -> functions that were refused for it. */
  readonly refused: ReadonlyMap<string, readonly string[]>
  readonly objects: number
  /** The compiler's errors, and symbols that no object has. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

async function verdictOf(
  tree: KernelTree,
  outcome: Outcome,
  fixes: ReadonlyMap<string, string>,
  flags: Record<string, string>,
): Promise<Verdict> {
  await tree.apply(new Map([...fixes, ...outcome.changed]))
  const { objects, problems, warnings, missing, left } = await compile(tree, outcome, flags)
  return {
    changed: outcome.symbols.size,
    left,
    refused: outcome.refused,
    objects,
    warnings,
    problems: [...problems, ...missing.map((line) => `no object defines ${line}`)],
  }
}

/** Both transforms on `count` functions of each directory. The tree, configured and built, is put back as it was. */
export async function corpus(
  dir: string,
  count: number,
): Promise<{ functions: number; exposed: Verdict; cloned: Verdict; uncalled: number }> {
  const tree = new KernelTree(dir, new AbortController().signal)
  const version = versionOfMakefile(readFileSync(join(dir, 'Makefile'), 'utf8'))
  if (!version) throw new Error(`${dir} is no kernel tree`)
  // Everything that the compat table has for the version: it does no harm to a tool that does not need it.
  const compat = compatOf(version, { gcc: 14, binutils: 244, make: 404 }, (path) => tree.read(path))
  const directories = DIRECTORIES.filter((directory) => existsSync(join(dir, directory)))
  const picked = (await Promise.all(directories.map((directory) => pick(dir, directory, count)))).flat()
  const fixes = new Map(compat.changed)
  const flags = { ...compat.make }
  try {
    const exposed = await verdictOf(tree, await exposeAll(tree, picked), fixes, flags)
    const { uncalled, ...paths } = await cloneAll(tree, picked)
    return { functions: picked.length, exposed, cloned: await verdictOf(tree, paths, fixes, flags), uncalled }
  } finally {
    await tree.apply(fixes)
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`)

function show(title: string, { changed, left, refused, objects, problems, warnings }: Verdict): void {
  say(`${title}: ${changed} changed, ${left} of them under an #if that is not built; ${objects} objects compiled`)
  for (const [reason, names] of refused) say(`  refused ${names.length}: ${reason}\n    ${names.join(', ')}`)
  for (const text of warnings) say(`  warning ${text}`)
  for (const text of problems) say(`  FAILED ${text}`)
}

if (import.meta.main) {
  const [dir, count = '44'] = process.argv.slice(2)
  if (dir === undefined) throw new Error('usage: node tasks/test/corpus.ts TREE [functions per directory]')
  const { functions, exposed, cloned, uncalled } = await corpus(dir, Number(count))
  say(`${dir}: ${functions} functions`)
  show('expose', exposed)
  show(`parallelPath (${uncalled} more are never called by name)`, cloned)
  process.exitCode = exposed.problems.length + cloned.problems.length === 0 ? 0 : 1
}
