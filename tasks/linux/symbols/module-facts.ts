/** The functions of a kernel module that is not loaded yet, from its object file: what a probe can be on once it is. */
import { cString, sectionsOf, type Section } from '../objects/elf.ts'
import { pointerAt, pointersOf, rawSymbols, type RawSymbol, type Spot } from '../objects/relocations.ts'
import type { KernelFacts, Place, Refusal } from './facts.ts'
import { OPTION_MODULES } from './hook-kinds.ts'

export interface ModuleFacts {
  /** As /proc/modules has it. */
  readonly name: string
  readonly functions: ReadonlyMap<string, readonly Place[]>
  readonly variables: ReadonlySet<string>
  readonly exported: ReadonlySet<string>
  /** `group:event` */
  readonly events: ReadonlySet<string>
  readonly tracepoints: ReadonlySet<string>
}

/** Where modules are loaded on x86-64: behind all code of the kernel itself (MODULES_VADDR). */
const MODULES_BEGIN = 0xc0000000

/** Sections whose functions kprobes refuse (kernel/module.c, kernel/kprobes.c: add_module_kprobe_blacklist, 5.8). */
const REFUSED: readonly (readonly [section: RegExp, refused: Refusal, why: string])[] = [
  [/^\.kprobes\.text/, 'blacklist', 'in .kprobes.text (__kprobes)'],
  [/^\.noinstr\.text/, 'blacklist', 'in .noinstr.text (noinstr)'],
  [/^\.init\.text/, 'init', 'in .init.text (__init)'],
]

/** Places at which a kprobe is refused, since the kernel rewrites them: as in `image.ts`. */
const REWRITTEN: readonly (readonly [table: string, every: number, what: string])[] = [
  ['__jump_table', 16, 'a jump label'],
  ['.static_call_sites', 8, 'a static call'],
  ['__bug_table', 12, 'a BUG()'],
]

/** struct trace_event_call begins with a list head, and struct trace_event_class with the name of the group. */
const CALL_CLASS = 16

/**
 * `group:event` of each `struct trace_event_call` (include/linux/trace_events.h), which the kernel's macros name after
 * the event: event_NAME.
 */
function eventsOf(sections: readonly Section[], symbols: readonly RawSymbol[]): Set<string> {
  const events = new Set<string>()
  for (const { name, section, value } of symbols) {
    const event = /^event_(?!class_)(\w+)$/.exec(name)?.[1]
    const group = event && pointerAt({ section, offset: value + CALL_CLASS }, sections, symbols)
    const text = group && pointerAt(group, sections, symbols)
    if (text) events.add(`${cString(sections[text.section]?.bytes ?? Buffer.alloc(0), text.offset)}:${event}`)
  }
  return events
}

/** @param name of the module, as lsmod shows it @throws ElfError */
export function moduleFacts(file: Buffer, name: string): ModuleFacts {
  const sections = sectionsOf(file)
  const sectionName = new Map(sections.map((one) => [one.index, one.name]))
  const symbols = rawSymbols(sections)
  const traced = pointersOf('__mcount_loc', 8, sections, symbols)
  const listed = pointersOf('_kprobe_blacklist', 8, sections, symbols)
  const rewritten = REWRITTEN.flatMap(([table, every, what]) =>
    pointersOf(table, every, sections, symbols).map((spot) => ({ ...spot, what })),
  )
  const functions = new Map<string, Place[]>()
  const variables = new Set<string>()
  const exported = new Set<string>()
  for (const symbol of symbols) {
    const { section, value, size, isFunction, isLocal } = symbol
    const export_ = /^__ksymtab_(\w+)$/.exec(symbol.name)?.[1]
    if (export_ !== undefined) exported.add(export_)
    const where = sectionName.get(section)
    if (symbol.name === '' || section === 0 || where === undefined) continue
    if (!isFunction) {
      variables.add(symbol.name)
      continue
    }
    const within = (spot: Spot) => spot.section === section && value <= spot.offset && spot.offset < value + size
    const begins = (spot: Spot) => spot.section === section && spot.offset === value
    const [, refused, why] =
      REFUSED.find(([pattern]) => pattern.test(where)) ??
      (listed.some(begins) ? [0, 'blacklist' as const, 'in _kprobe_blacklist (NOKPROBE_SYMBOL)'] : [])
    const own = rewritten.find(begins)
    const place: Place = {
      address: MODULES_BEGIN + value,
      type: isLocal ? 't' : 'T',
      module: name,
      traceable: traced.some(within),
      ...(refused !== undefined && { refused, why }),
      ...(refused === undefined && own && { refused: 'rewritten', why: `it begins with ${own.what}` }),
    }
    functions.set(symbol.name, [...(functions.get(symbol.name) ?? []), place])
  }
  const tracepoints = new Set(
    [...variables].flatMap((variable) => /^__tracepoint_(\w+)$/.exec(variable)?.slice(1) ?? []),
  )
  return { name, functions, variables, exported, events: eventsOf(sections, symbols), tracepoints }
}

/** Names of functions that are there once the module is loaded. */
const staying = ({ functions }: ModuleFacts): string[] =>
  [...functions].flatMap(([name, places]) => (places.every(({ refused }) => refused === 'init') ? [] : [name]))

/** The configuration once these modules are loaded: what they hold is there as if it were built in. */
function configWith(config: KernelFacts['config'], modules: readonly ModuleFacts[]): KernelFacts['config'] {
  const names = new Set(modules.map(({ name }) => name))
  const held = Object.entries(OPTION_MODULES).filter(([symbol, name]) => config.get(symbol) === 'm' && names.has(name))
  return new Map([...config, ...held.map(([symbol]) => [symbol, 'y'] as const)])
}

/** A kernel with these modules loaded. */
export function withModules(facts: KernelFacts, modules: readonly ModuleFacts[]): KernelFacts {
  if (modules.length === 0) return facts
  let names: ReadonlySet<string> | undefined
  const placesIn = (name: string) => modules.flatMap(({ functions }) => functions.get(name) ?? [])
  const variablesIn = (name: string) => modules.filter(({ variables }) => variables.has(name)).length
  return {
    release: facts.release,
    from: facts.from,
    config: configWith(facts.config, modules),
    events: facts.events && new Set([...facts.events, ...modules.flatMap(({ events }) => [...events])]),
    tracepoints:
      facts.tracepoints && new Set([...facts.tracepoints, ...modules.flatMap(({ tracepoints }) => [...tracepoints])]),
    exported: new Map([
      ...facts.exported,
      ...modules.flatMap(({ name, exported }) => [...exported].map((symbol) => [symbol, name] as const)),
    ]),
    refusesAmbiguous: facts.refusesAmbiguous,
    listsData: facts.listsData,
    functions: () => (names ??= new Set([...facts.functions(), ...modules.flatMap(staying)])),
    places: (name) => [...facts.places(name), ...placesIn(name)],
    count: (name) => facts.count(name) + placesIn(name).length + variablesIn(name),
    isData: (name) => facts.isData(name) || variablesIn(name) > 0,
    ...(facts.inlineSites && { inlineSites: (name, files) => facts.inlineSites?.(name, files) ?? [] }),
  }
}
