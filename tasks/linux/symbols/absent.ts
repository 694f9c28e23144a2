/**
 * Why a name is no symbol of a kernel, from its source: inlined, a macro, left out by the configuration, in a module,
 * or another name.
 */
import type { Definition } from '../c/c-parser.ts'
import { inKernel } from '../c/locate.ts'
import { Files, type SourceTree } from '../c/source-tree.ts'
import { callersIn, type Caller } from './callers.ts'
import { conditionUnder } from './condition.ts'
import type { KernelFacts } from './facts.ts'
import { controlledBy, untraced, type Controlled } from './makefile.ts'
import { similarTargets } from './similar.ts'
import { retarget, verdict, type Fix, type Verdict } from './verdict.ts'

/**
 * What the explanation needs of a kernel; a kernel that is not built has no functions, and the options that are asked
 * for.
 */
export type Known = Pick<KernelFacts, 'config' | 'functions' | 'places' | 'inlineSites'>

/**
 * Files that are looked into for calls, those of the definition's folder first; a name that everybody uses is in
 * thousands.
 */
const MOST_FILES = 60
const MOST_CALLERS = 6
/** Of a clone: callers that are proposed. */
const MOST_ENTRIES = 3

/** One definition of the function, and what decides whether it is compiled. */
export interface Defined {
  readonly file: string
  readonly line: number
  readonly header: boolean
  readonly static: boolean
  readonly inline: 'always' | 'asked' | undefined
  /** `__init` and its kin. */
  readonly freed: boolean
  readonly notrace: boolean
  /** Options that keep it out. */
  readonly off: readonly Controlled[]
  /** The option that makes a module of its file. */
  readonly module: string | undefined
}

const FREED = /\b__(?:init|exit|meminit|net_exit)\b/
const ALWAYS = /\b(?:__always_inline|FORCE_INLINE|nokprobe_inline)\b/
const ASKED = /\b(?:inline|__inline|__inline__)\b/
const UNTRACED = /\b(?:notrace|noinstr|nokprobe_inline)\b/

/** An option may be asked for by several Makefiles on the way; the first says it. */
const once = (options: readonly Controlled[]): Controlled[] =>
  options.filter((option, index) => options.findIndex(({ symbol }) => symbol === option.symbol) === index)

function describe(file: string, text: string, definition: Definition, known: Known, tree: SourceTree): Defined {
  const { start, signature, condition } = definition
  const line = text.slice(0, definition.nameStart).split('\n').length
  // A specifier may be at the end of the line before what the parser takes for the beginning.
  const head = `${text.slice(Math.max(0, text.lastIndexOf('\n', start - 1) - 80), start).replace(/^[^]*[;}\n]/, '')}${signature}`
  const header = file.endsWith('.h')
  const options = header ? [] : once(controlledBy(file, (path) => tree.read(path)) ?? [])
  const value = ({ symbol }: Controlled) => known.config.get(symbol) ?? 'n'
  const off = options.filter((option) => (option.when === 'y' ? value(option) === 'n' : value(option) === 'y'))
  const under = condition === undefined ? undefined : conditionUnder(condition, known.config)
  return {
    file,
    line,
    header,
    static: /\bstatic\b/.test(head),
    inline: ALWAYS.test(head) ? 'always' : ASKED.test(head) ? 'asked' : undefined,
    freed: FREED.test(head),
    notrace: UNTRACED.test(head) || (!header && untraced(file, (path) => tree.read(path)) !== undefined),
    off: [
      ...off,
      ...(under?.holds === false
        ? (under.off.length > 0 ? under.off : ['?']).map((symbol) => ({
            symbol,
            makefile: `${file}:${line}`,
            when: known.config.get(symbol) === 'y' ? ('n' as const) : ('y' as const),
          }))
        : []),
    ],
    module: options.find((option) => value(option) === 'm')?.symbol,
  }
}

/** Every definition in the parts of a tree that become the kernel. */
export async function definitionsOf(name: string, tree: SourceTree, known: Known): Promise<Defined[]> {
  const found = (await new Files(tree).definitions(name)).filter(({ file }) => inKernel(file))
  return found.flatMap(({ file, definitions }) =>
    definitions.map((definition) => describe(file, tree.read(file) ?? '', definition, known, tree)),
  )
}

interface Callers {
  readonly callers: readonly Caller[]
  /** The files that were looked into. */
  readonly looked: readonly string[]
  readonly more: boolean
}

async function callersOf(name: string, near: string, tree: SourceTree): Promise<Callers> {
  const folder = near.replace(/\/[^/]*$/, '/')
  // Headers last: what they have is inline most of the time, and probes are on functions.
  const rank = (file: string) => (file === near ? 0 : file.startsWith(folder) ? 1 : 2) + (file.endsWith('.h') ? 4 : 0)
  const files = (await tree.candidates(name)).filter(inKernel)
  const looked = files.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b)).slice(0, MOST_FILES)
  const all = looked.flatMap((file) => callersIn(file, tree.read(file) ?? '', name))
  const callers = all.filter((caller, index) => all.findIndex((other) => other.function === caller.function) === index)
  return { callers, looked, more: files.length > looked.length || callers.length > MOST_CALLERS }
}

/** By the debug information: the functions that really have its code. Empty if there is none. */
function inlinedInto(target: string, definition: Defined, looked: readonly string[], known: Known): Caller[] {
  const units = definition.header ? looked.filter((file) => file.endsWith('.c')) : [definition.file]
  const sites = known.inlineSites?.(target, units) ?? []
  const all = sites.map(({ caller, unit, line }) => ({ function: caller, file: unit, line }))
  return all.filter((one, index) => all.findIndex((other) => other.function === one.function) === index)
}

const placeOf = ({ file, line }: Pick<Defined, 'file' | 'line'>): string => `${file}:${line}`

const kindOf = (one: Defined): string =>
  [
    one.static ? 'static' : 'global',
    one.inline === 'always' ? '__always_inline' : one.inline === 'asked' ? 'inline' : '',
    one.header ? 'in a header' : '',
  ]
    .filter(Boolean)
    .join(' ')

function notBuilt(found: Verdict, definition: Defined): Verdict {
  const { off } = definition
  const [first] = off
  if (!first || first.symbol === '?')
    return verdict(
      found.hook,
      'not built',
      `${found.hook.target} (${placeOf(definition)}) stands under an #if that does not hold`,
    )
  const value = first.when === 'y' ? 'n' : 'y'
  return verdict(
    found.hook,
    'not built',
    `${found.hook.target} (${placeOf(definition)}) is not built, because CONFIG_${first.symbol}=${value} (${first.makefile})`,
    { fixes: off.map(({ symbol, when }): Fix => ({ change: 'option', symbol, value: when })) },
  )
}

async function inlined(found: Verdict, definition: Defined, tree: SourceTree, known: Known): Promise<Verdict> {
  const { hook } = found
  const { target } = hook
  const there = (name: string) => known.places(name).length > 0
  const { callers: all, looked, more } = await callersOf(target, definition.file, tree)
  const sites = inlinedInto(target, definition, looked, known)
  const callers =
    sites.length > 0 ? sites : all.toSorted((a, b) => Number(there(b.function)) - Number(there(a.function)))
  const shown = callers.slice(0, MOST_CALLERS).map(({ function: by, file, line }) => `${by} (${file}:${line})`)
  const others = more || callers.length > MOST_CALLERS ? ', and others' : ''
  // Which of them the lab can switch to a clone, only its transform knows (preflight/possible.ts).
  const clone = callers
    .filter(({ file }) => file.endsWith('.c'))
    .slice(0, MOST_ENTRIES)
    .map(({ function: entry }): Fix => ({ change: 'clone', function: target, entry }))
  const why =
    definition.inline === 'always'
      ? `${target} (${placeOf(definition)}) is __always_inline: its code is in its callers`
      : `${target} (${placeOf(definition)}) was inlined: it is ${kindOf(definition)}, and the compiler put it into its callers`
  return verdict(hook, 'inlined', why, {
    details:
      shown.length > 0 ? [`${sites.length > 0 ? 'inlined into' : 'called by'} ${shown.join(', ')}${others}`] : [],
    fixes: [
      ...(definition.header
        ? clone
        : [{ change: 'expose', function: target, file: definition.file } as const, ...clone]),
      ...callers
        .filter((caller) => there(caller.function))
        .slice(0, 2)
        .map((caller) => retarget(hook, caller.function, 'its caller')),
    ],
  })
}

/** "file:line" of a macro with a body that makes the function: BPF_CALL_3(bpf_probe_read_kernel, void *, dst, ...) { */
async function madeByMacro(name: string, tree: SourceTree): Promise<string | undefined> {
  const made = new RegExp(`^[A-Z]\\w*\\(\\s*${name}\\s*,[^;{]{0,400}\\)\\s*\\{`, 'm')
  for (const file of (await tree.candidates(name)).filter(inKernel)) {
    const text = tree.read(file) ?? ''
    const found = made.exec(text)
    if (found) return `${file}:${text.slice(0, found.index).split('\n').length}`
  }
  return undefined
}

async function nowhere(found: Verdict, tree: SourceTree, known: Known): Promise<Verdict> {
  const files = new Files(tree)
  const { hook } = found
  const { target } = hook
  const call = await files.systemCall(target)
  if (call !== undefined)
    return verdict(hook, 'not built', `the system call ${target} (${call}) is not part of this kernel`)
  const made = await madeByMacro(target, tree)
  if (made !== undefined)
    return verdict(hook, 'absent', `${target} is made by a macro (${made}), and is no symbol of this kernel`)
  const macro = await files.macro(target)
  if (macro !== undefined) return verdict(hook, 'macro', `${target} is a macro (${macro}), and no function`)
  return verdict(hook, 'unknown name', `this kernel has no function ${target}, and neither has its source`, {
    fixes: similarTargets(hook, known.functions()),
  })
}

/** Says why a name is absent. @param found the verdict of `judge`, of kind absent */
export async function explainAbsent(found: Verdict, known: Known, tree: SourceTree): Promise<Verdict> {
  const { target } = found.hook
  const definitions = await definitionsOf(target, tree, known)
  if (definitions.length === 0) return await nowhere(found, tree, known)
  const live = definitions.filter(({ off }) => off.length === 0)
  const [best] = live.toSorted((a, b) => Number(a.header) - Number(b.header))
  const out = definitions.find(({ header, off }) => !header && off.length > 0)
  if (!best) return notBuilt(found, out ?? (definitions[0] as Defined))
  // security_file_open() and its like: an empty inline function stands for one that is left out.
  if (best.header && out) {
    const left = notBuilt(found, out)
    return { ...left, details: [`what stands for it is inline: ${placeOf(best)}`] }
  }
  if (best.module !== undefined)
    return verdict(found.hook, 'module', `${target} (${placeOf(best)}) is in a module: CONFIG_${best.module}=m`, {
      details: ['it must be loaded before the probe is attached'],
      fixes: [{ change: 'option', symbol: best.module, value: 'y' }],
    })
  if (best.freed) return verdict(found.hook, 'init', `${target} (${placeOf(best)}) is __init: it is gone after boot`)
  if (best.static || best.inline !== undefined || best.header) return await inlined(found, best, tree, known)
  return verdict(
    found.hook,
    'absent',
    `${target} (${placeOf(best)}) is global in the source and no symbol of this kernel`,
    {
      details: ['a weak function that another one replaces, or an #if around it that only the compiler can follow'],
    },
  )
}
