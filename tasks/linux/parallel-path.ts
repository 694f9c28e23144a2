/**
 * The parallel path: each named function is cloned as `<name>_<suffix>`, out of line and exported; calls between them go from clone to
 * clone; one entry is switched to them. A probe on a clone then sees what comes through that entry and nothing else.
 *
 * Done on the syntax tree, from the pristine source, each time: there is no fork to keep.
 */
import { userError } from '../engine/error.ts'
import { countWord, references, type Definition } from './c-parser.ts'
import { applyEdits, type Edit } from './edits.ts'
import { cloneText, prototypeText, withoutSpace } from './clone-text.ts'
import { Files, type Located, type SourceTree } from './source-tree.ts'
import { locateAll, prototypeHome } from './locate.ts'

export type { SourceTree } from './source-tree.ts'

export interface PathDeclaration {
  readonly suffix: string
  readonly entry: string
  readonly functions: readonly string[]
}

export interface Clone {
  readonly name: string
  readonly original: string
  /** Where the clone's body stands. */
  readonly file: string
}

export interface TransformResult {
  /** Path -> new text, of the files that differ. */
  readonly changed: ReadonlyMap<string, string>
  readonly clones: readonly Clone[]
  /** `callers` are the functions of its file that call it, directly or not: a static entry with one caller is inlined into it. */
  readonly entry: { readonly name: string; readonly file: string; readonly callers: readonly string[] }
  /** Calls that must be in the binary: clone to clone, and entry to clone. */
  readonly calls: readonly { readonly caller: string; readonly callee: string }[]
  readonly warnings: readonly string[]
}

interface Work {
  readonly files: Files
  readonly declaration: PathDeclaration
  readonly edits: Map<string, Edit[]>
  readonly calls: { caller: string; callee: string }[]
}

const edit = (work: Work, file: string, one: Edit) => work.edits.set(file, [...(work.edits.get(file) ?? []), one])
const cloneName = ({ declaration }: Work, name: string) => `${name}_${declaration.suffix}`

/** Places in a body that name a function of the set. A place that the syntax tree does not show is refused, not passed over. */
function callsIn(work: Work, definition: Definition, text: string, file: string) {
  const found = references(definition.body, new Set(work.declaration.functions))
  for (const name of work.declaration.functions) {
    const words = countWord(text.slice(definition.bodyStart, definition.end), name)
    const seen = found.filter((one) => one.name === name).length
    if (words !== seen)
      throw userError({
        place: `kernel source: ${file}`,
        fact: `${definition.name}() names ${name} ${words} times, and ${seen} of them can be understood`,
        wayOut: `take ${definition.name} or ${name} out of the parallel path`,
      })
  }
  return found
}

/** After the definition, or after the EXPORT_SYMBOL that belongs to it. */
function endOf(text: string, definition: Definition): number {
  const exported = new RegExp(`^\\s*EXPORT_SYMBOL\\w*\\(\\s*${definition.name}\\b[^)]*\\);`).exec(
    text.slice(definition.end),
  )
  return definition.end + (exported?.[0].length ?? 0)
}

/** The file that a clone's body goes to: the original's, or for an inline of a header the .c file of the function that it calls. */
async function homeOf(
  work: Work,
  one: Located,
  all: readonly Located[],
): Promise<{ file: string; at: (definition: Definition) => number }> {
  const { text } = await work.files.parsed(one.file)
  if (one.file.endsWith('.c')) return { file: one.file, at: (definition) => endOf(text, definition) }
  const called = one.definitions.flatMap((definition) =>
    callsIn(work, definition, text, one.file).map(({ name }) => name),
  )
  const home = called
    .map((name) => all.find((other) => other.name === name))
    .find((other) => other?.file.endsWith('.c'))
  if (!home)
    throw userError({
      place: `kernel source: ${one.file}`,
      fact: `${one.name} is an inline function and calls no function of the path that is defined in a .c file`,
      wayOut: 'add the function that it calls to `functions:`',
    })
  const { text: homeText } = await work.files.parsed(home.file)
  return { file: home.file, at: () => endOf(homeText, home.definitions.at(-1) as Definition) }
}

/** Whether a file already carries this very clone. One that differs is somebody else's, and a reason to stop. */
async function carries(work: Work, file: string, name: string, wanted: string): Promise<boolean> {
  const { definitions, text } = await work.files.parsed(file)
  const there = definitions.find((one) => one.name === name)
  if (!there) return false
  if (withoutSpace(text.slice(there.start, there.end)) === withoutSpace(wanted)) return true
  throw userError({
    place: `kernel source: ${file}`,
    fact: `it already has a ${name}, and not the one that the lab would make`,
    wayOut: 'choose another `suffix:`, or take the source without it',
  })
}

async function addPrototype(work: Work, one: Located, definition: Definition, firstClone: number): Promise<void> {
  const { text } = await work.files.parsed(one.file)
  const name = cloneName(work, one.name)
  const prototype = prototypeText(text, definition, name)
  const home = await prototypeHome(work.files, one)
  if (home === undefined) {
    // A static function: its clone is declared in the same file, before the first clone that may call it, so that a change of the set
    // leaves widely included headers (and most of the kernel's objects) alone.
    edit(work, one.file, { start: firstClone, end: firstClone, text: `\n\n${prototype}` })
    return
  }
  const header = await work.files.parsed(home.file)
  if (header.declarations.some((declared) => declared.name === name)) return
  edit(work, home.file, { start: home.at, end: home.at, text: `\n${prototype}` })
}

async function addClone(
  work: Work,
  one: Located,
  all: readonly Located[],
  firstClones: ReadonlyMap<string, number>,
): Promise<Clone> {
  const { text } = await work.files.parsed(one.file)
  const name = cloneName(work, one.name)
  const home = await homeOf(work, one, all)
  for (const definition of one.definitions) {
    const found = callsIn(work, definition, text, one.file)
    for (const { name: callee } of found) work.calls.push({ caller: name, callee: cloneName(work, callee) })
    const body = cloneText(
      text,
      definition,
      name,
      found.map(({ start, end, name: callee }) => ({ start, end, text: cloneName(work, callee) })),
    )
    if (await carries(work, home.file, name, body)) continue
    await addPrototype(work, one, definition, firstClones.get(one.file) ?? definition.end)
    const at = home.at(definition)
    edit(work, home.file, { start: at, end: at, text: `\n\n${body}\nEXPORT_SYMBOL(${name});` })
  }
  return { name, original: one.name, file: home.file }
}

/** Switches the entry's calls to the clones. */
async function switchEntry(work: Work, entry: Located): Promise<void> {
  const { text } = await work.files.parsed(entry.file)
  const clones = new Set(work.declaration.functions.map((name) => cloneName(work, name)))
  let switched = 0
  for (const definition of entry.definitions) {
    for (const { start, end, name } of callsIn(work, definition, text, entry.file)) {
      edit(work, entry.file, { start, end, text: cloneName(work, name) })
      work.calls.push({ caller: entry.name, callee: cloneName(work, name) })
      switched++
    }
    for (const { name } of references(definition.body, clones)) {
      work.calls.push({ caller: entry.name, callee: name })
      switched++
    }
  }
  if (switched === 0)
    throw userError({
      place: `kernel source: ${entry.file}`,
      fact: `missing anchor: ${entry.name}() calls none of ${work.declaration.functions.join(', ')}`,
      wayOut: 'name the function that really calls the path as `entry:`; it differs between kernel versions',
    })
}

/** Functions of the entry's file that lead to it. */
async function callersOf(files: Files, { name, file }: Located): Promise<string[]> {
  const { definitions } = await files.parsed(file)
  const found = new Set([name])
  for (let size = 0; size !== found.size;) {
    size = found.size
    for (const one of definitions) if (references(one.body, found).length > 0) found.add(one.name)
  }
  found.delete(name)
  return [...found]
}

/** Functions of the set that nothing in the path calls: probably a mistake, and no failure. */
const unreached = (work: Work): string[] =>
  work.declaration.functions
    .filter((name) => !work.calls.some(({ callee }) => callee === cloneName(work, name)))
    .map(
      (name) =>
        `${cloneName(work, name)} is called by no clone and not by ${work.declaration.entry}: a probe on it will never fire`,
    )

/** What the declaration makes of a tree. Applied to its own result it changes nothing. */
export async function applyParallelPath(tree: SourceTree, declaration: PathDeclaration): Promise<TransformResult> {
  const files = new Files(tree)
  const work: Work = { files, declaration, edits: new Map(), calls: [] }
  const entry = (await locateAll(files, [declaration.entry], 'entry', []))[0] as Located
  const all = await locateAll(files, declaration.functions, 'functions', [entry.file])
  const firstClones = new Map<string, number>()
  for (const one of all)
    for (const definition of one.definitions) {
      const at = endOf((await files.parsed(one.file)).text, definition)
      firstClones.set(one.file, Math.min(firstClones.get(one.file) ?? at, at))
    }
  const clones: Clone[] = []
  for (const one of all) clones.push(await addClone(work, one, all, firstClones))
  await switchEntry(work, entry)
  const changed = new Map<string, string>()
  for (const [file, edits] of work.edits) {
    const { text } = await files.parsed(file)
    // Prototypes were added first for each function, but at one offset they must all stand before the first clone.
    const ordered = [
      ...edits.filter((one) => one.text.endsWith(';') && !one.text.includes('{')),
      ...edits.filter((one) => one.text.includes('{')),
      ...edits.filter((one) => one.end > one.start),
    ]
    changed.set(file, applyEdits(text, [...new Set(ordered)]))
  }
  const calls = [...new Map(work.calls.map((call) => [`${call.caller} ${call.callee}`, call])).values()]
  return {
    changed,
    clones,
    entry: { name: entry.name, file: entry.file, callers: await callersOf(files, entry) },
    calls,
    warnings: unreached(work),
  }
}
