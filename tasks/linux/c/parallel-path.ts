/**
 * The parallel path: each named function is cloned as `<name>_<suffix>`, out of line and exported; calls between them
 * go from clone to clone; one entry is switched to them. A probe on a clone then sees what comes through that entry and
 * nothing else.
 *
 * Done on the syntax tree, from the pristine source, each time: there is no fork to keep.
 */
import { userError } from '../../engine/error.ts'
import { later } from '../../engine/later.ts'
import { countWord, references, type Definition, type Reference } from './c-parser.ts'
import { certainWith, without } from './conditional.ts'
import { applyEdits } from './edits.ts'
import { hidingMacros, usedBy } from './hidden-calls.ts'
import { cloneText, prototypeText, under, withoutSpace } from './clone-text.ts'
import { layered, Files, type Located, type SourceTree } from './source-tree.ts'
import { isHeader, isStatic, locateAll, locateOne } from './locate.ts'
import { Additions, ahead, behind, type Place } from './placement.ts'
import { checkClone, checkShadows } from './suitable.ts'

export type { SourceTree } from './source-tree.ts'

const diff = later<typeof import('diff')>('diff')

export interface PathDeclaration {
  readonly suffix: string
  readonly entry: string
  /** The file that defines the entry, where several do. */
  readonly file?: string | undefined
  readonly functions: readonly string[]
}

export interface Clone {
  readonly name: string
  readonly original: string
  /** Where the clone's body stands. */
  readonly file: string
}

/** A call that must be in the binary. */
export interface Call {
  readonly caller: string
  readonly callee: string
  /** False where the callee is handed on as a value: its address is in the caller then, and no call. */
  readonly direct: boolean
}

export interface Entry {
  readonly name: string
  readonly file: string
  /** Functions of its file that call it, directly or not: a static entry with one caller is inlined into it. */
  readonly callers: readonly string[]
}

export interface TransformResult {
  /** Path -> new text, of the files that differ. */
  readonly changed: ReadonlyMap<string, string>
  readonly clones: readonly Clone[]
  readonly entry: Entry
  /** Clone to clone, and entry to clone. */
  readonly calls: readonly Call[]
  readonly warnings: readonly string[]
}

interface Work {
  readonly files: Files
  readonly declaration: PathDeclaration
  readonly additions: Map<string, Additions>
  /** Text of each clone's prototype. */
  readonly prototypes: Map<string, string>
  readonly calls: Call[]
}

const cloneName = ({ declaration }: Work, name: string) => `${name}_${declaration.suffix}`

function additionsOf({ additions }: Work, file: string): Additions {
  const known = additions.get(file) ?? new Additions()
  additions.set(file, known)
  return known
}

/**
 * Places in a body that name a function of the set. A place that the syntax tree does not show is refused, not passed
 * over.
 */
function callsIn(work: Work, definition: Definition, text: string, file: string): Reference[] {
  const { functions } = work.declaration
  const found = references(definition.body, new Set(functions))
  checkShadows(
    file,
    definition,
    functions.filter((name) => found.some((one) => one.name === name)),
    'parallelPath',
  )
  for (const name of functions) {
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

interface Home {
  readonly file: string
  readonly place: (definition: Definition) => Place
  /** The place stands under #if. */
  readonly conditional: (definition: Definition) => boolean
}

/** Beside a function of another file. One that has alternatives has no place that all configurations see. */
function besideIt(one: Located, other: Located, place: (definition: Definition) => Place): Home {
  const [first, ...rest] = other.definitions
  if (!first || rest.length > 0)
    throw userError({
      place: 'parallelPath.functions',
      fact: `${one.name} is an inline function of a header (${one.file}), and the function that its clone would be next to, ${other.name} (${other.file}), is defined ${other.definitions.length} times under #if`,
      wayOut: `take ${one.name} out of \`functions:\`, or write its clone in a patch (\`patches:\`)`,
    })
  return { file: other.file, place: () => place(first), conditional: () => first.condition !== undefined }
}

/**
 * Where a clone's body goes: behind the original; for an inline function of a header behind the function of the path
 * that it calls, or, when it calls none that is in a .c file, before the entry. Not into the header: every file
 * would have its own.
 */
async function homeOf(work: Work, one: Located, all: readonly Located[], entry: Located): Promise<Home> {
  const { text } = await work.files.parsed(one.file)
  if (!isHeader(one))
    return {
      file: one.file,
      place: (definition) => behind(text, definition),
      conditional: ({ condition }) => condition !== undefined,
    }
  const called = one.definitions.flatMap((definition) => callsIn(work, definition, text, one.file))
  const home = called
    .map(({ name }) => all.find((other) => other.name === name))
    .find((other) => other !== undefined && !isHeader(other))
  if (!home) return besideIt(one, entry, ahead)
  const { text: homeText } = await work.files.parsed(home.file)
  return besideIt(one, home, (definition) => behind(homeText, definition))
}

/** Whether a file already carries this very clone. One that differs is somebody else's, and a reason to stop. */
async function carries(work: Work, file: string, name: string, wanted: readonly string[]): Promise<boolean> {
  const { definitions, text } = await work.files.parsed(file)
  const there = definitions.filter((one) => one.name === name).map(({ start, end }) => text.slice(start, end))
  if (there.length === 0) return false
  const same = (a: readonly string[], b: readonly string[]) => a.map(withoutSpace).join() === b.map(withoutSpace).join()
  if (same(there, wanted)) return true
  const [before = '', after = ''] = [there, wanted].map((texts) => `${texts.join('\n\n')}\n`)
  throw userError({
    place: `kernel source: ${file}`,
    fact: `it already has a ${name}, and not the one that the lab would make`,
    lines: diff()
      .createTwoFilesPatch('there', 'the lab', before, after, undefined, undefined, { context: 1 })
      .split('\n')
      .slice(1, 24),
    wayOut: 'choose another `suffix:`, or take the source without it',
  })
}

/** The prototypes of a function's alternatives, once where they are the same. */
function prototypesOf(text: string, one: Located, name: string): string {
  const texts = one.definitions.map((definition) => prototypeText(text, definition, name))
  if (new Set(texts.map(withoutSpace)).size === 1) return texts[0] ?? ''
  return one.definitions.map(({ condition }, index) => under(condition, texts[index] ?? '')).join('\n')
}

async function addClone(work: Work, one: Located, all: readonly Located[], entry: Located): Promise<Clone> {
  const { text } = await work.files.parsed(one.file)
  const name = cloneName(work, one.name)
  const home = await homeOf(work, one, all, entry)
  const bodies = one.definitions.map((definition) => {
    checkClone(one.file, text, definition, 'parallelPath.functions')
    const found = callsIn(work, definition, text, one.file)
    for (const { name: callee, called } of found)
      work.calls.push({ caller: name, callee: cloneName(work, callee), direct: called })
    const body = cloneText(
      text,
      definition,
      name,
      found.map(({ start, end, name: callee }) => ({ start, end, text: cloneName(work, callee) })),
    )
    return { definition, body, needs: [name, ...found.map(({ name: callee }) => cloneName(work, callee))] }
  })
  work.prototypes.set(name, prototypesOf(text, one, name))
  const clone = { name, original: one.name, file: home.file }
  if (
    await carries(
      work,
      home.file,
      name,
      bodies.map(({ body }) => body),
    )
  )
    return clone
  const additions = additionsOf(work, home.file)
  additions.include('linux/export.h')
  if (home.file !== one.file && one.file.startsWith('include/')) additions.include(one.file.slice('include/'.length))
  for (const { definition, body, needs } of bodies) {
    const place = home.place(definition)
    const moved = home.file !== one.file
    additions.user({ place, conditional: home.conditional(definition), needs })
    // In another file the condition that the original stands under must be written down.
    additions.function(place, under(moved ? definition.condition : undefined, `${body}\nEXPORT_SYMBOL(${name});`))
  }
  return clone
}

/**
 * An original that may be left without a call, since the entry's were the only ones or others stand under conditions of
 * the preprocessor, is marked as perhaps unused: the compiler warns of it otherwise, and with CONFIG_WERROR the kernel
 * would not build.
 */
async function markUnused(work: Work, all: readonly Located[], entry: Located): Promise<void> {
  for (const one of all) {
    if (isHeader(one) || !isStatic(one) || one.file !== entry.file) continue
    const { text, definitions, declarations } = await work.files.parsed(one.file)
    const own = [...definitions, ...declarations].filter(({ name }) => name === one.name)
    const others = without(text, [...own, ...entry.definitions])
    for (const { start, signature } of one.definitions)
      if (
        countWord(certainWith(others, start), one.name) === 0 &&
        !/\b(?:inline|__always_inline|__maybe_unused|__always_unused)\b/.test(signature)
      )
        additionsOf(work, one.file).replace({ start, end: start, text: '__maybe_unused ' })
  }
}

/** Switches the entry's calls to the clones. */
async function switchEntry(work: Work, entry: Located): Promise<void> {
  const { text } = await work.files.parsed(entry.file)
  const clones = new Set(work.declaration.functions.map((name) => cloneName(work, name)))
  let switched = 0
  for (const definition of entry.definitions) {
    const found = callsIn(work, definition, text, entry.file)
    for (const { start, end, name, called } of found) {
      additionsOf(work, entry.file).replace({ start, end, text: cloneName(work, name) })
      work.calls.push({ caller: entry.name, callee: cloneName(work, name), direct: called })
    }
    const before = references(definition.body, clones)
    for (const { name, called } of before) work.calls.push({ caller: entry.name, callee: name, direct: called })
    additionsOf(work, entry.file).user({
      place: ahead(definition),
      conditional: definition.condition !== undefined,
      needs: [...found.map(({ name }) => cloneName(work, name)), ...before.map(({ name }) => name)],
    })
    switched += found.length + before.length
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

/** What goes through a macro stays on the original, and a probe on the clone does not see it. */
async function hidden(work: Work, all: readonly Located[], entry: Located): Promise<string[]> {
  const { functions } = work.declaration
  const users = [entry, ...all]
  const files = users.map(({ file }) => file)
  const macros = hidingMacros(await work.files.textsAround(functions, files), functions)
  const warnings: string[] = []
  for (const { name: user, file, definitions } of users) {
    const { text } = await work.files.parsed(file)
    for (const { name, callee, file: where, line } of definitions.flatMap((one) => usedBy(text, one, macros)))
      warnings.push(
        `${user} (${file}) uses the macro ${name} (${where}:${line}), which names ${callee}: what goes through it stays on ${callee}, and a probe on ${cloneName(work, callee)} does not see it`,
      )
  }
  return [...new Set(warnings)]
}

async function locateEntry(files: Files, { entry: name, file }: PathDeclaration): Promise<Located> {
  const place = 'parallelPath.entry'
  const wayOut = 'say which with `file:`'
  const entry = await locateOne(files, { name, file, place, wayOut })
  if (isHeader(entry))
    throw userError({
      place,
      fact: `${name} is an inline function of a header (${entry.file}): every file that includes it would be switched`,
      wayOut: `name the function that calls it as \`entry:\`, and put ${name} into \`functions:\``,
    })
  return entry
}

/** What one declaration makes of a tree. Applied to its own result it changes nothing. */
export async function applyParallelPath(tree: SourceTree, declaration: PathDeclaration): Promise<TransformResult> {
  const files = new Files(tree)
  const work: Work = { files, declaration, additions: new Map(), prototypes: new Map(), calls: [] }
  const entry = await locateEntry(files, declaration)
  const all = await locateAll(files, declaration.functions, 'parallelPath.functions', [entry.file])
  const clones: Clone[] = []
  for (const one of all) clones.push(await addClone(work, one, all, entry))
  await switchEntry(work, entry)
  await markUnused(work, all, entry)
  const changed = new Map<string, string>()
  for (const [path, additions] of work.additions) {
    const file = await files.parsed(path)
    const text = applyEdits(file.text, additions.edits(file, work.prototypes))
    if (text !== file.text) changed.set(path, text)
  }
  const calls = [...new Map(work.calls.map((call) => [`${call.caller} ${call.callee}`, call])).values()]
  return {
    changed,
    clones,
    entry: { name: entry.name, file: entry.file, callers: await callersOf(files, entry) },
    calls,
    warnings: [...unreached(work), ...(await hidden(work, all, entry))],
  }
}

/** Several paths, each made of what those before it left: an entry can be a clone of an earlier path. */
export async function applyParallelPaths(
  tree: SourceTree,
  declarations: readonly PathDeclaration[],
): Promise<{ changed: ReadonlyMap<string, string>; paths: readonly TransformResult[] }> {
  const changed = new Map<string, string>()
  const paths: TransformResult[] = []
  for (const declaration of declarations) {
    const path = await applyParallelPath(layered(tree, changed), declaration)
    for (const [file, text] of path.changed) changed.set(file, text)
    paths.push(path)
  }
  return { changed, paths }
}
