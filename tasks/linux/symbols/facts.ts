/**
 * What decides whether a probe can be attached, as one kernel has it. The same facts come out of the built vmlinux
 * (`image.ts`) and out of the files of a running kernel (`running.ts`), so that one judge (`judge.ts`) serves both and
 * a test can compare them.
 */

import type { InlineSite } from '../objects/dwarf.ts'

/** Low 32 bits of an address in the kernel's text mapping, whose high ones are all set: exact as a number. */
export type Address = number

/** Why kprobes refuse a place whatever the options say (kernel/kprobes.c, check_kprobe_address_safe). */
export type Refusal =
  /** NOKPROBE_SYMBOL, or in .kprobes.text, .noinstr.text or .entry.text. */
  | 'blacklist'
  /** In .init.text or .exit.text: freed, or never loaded. */
  | 'init'
  /** Its first instruction is rewritten at run time: a jump label or static call; or it is a BUG(). */
  | 'rewritten'

/** One place in the kernel's code that a name stands for. */
export interface Place {
  readonly address: Address
  /** nm's letter: T global, t local, W weak. */
  readonly type: string
  /** The module that has it; undefined for the kernel itself. */
  readonly module?: string | undefined
  /** ftrace can trace it: it begins with a call of __fentry__. What is not traceable is notrace to kprobe events. */
  readonly traceable: boolean
  readonly refused?: Refusal | undefined
  /** Where the refusal stands: a section, a list. */
  readonly why?: string | undefined
}

export interface KernelFacts {
  /** "5.10.223" or longer. */
  readonly release: string
  /** Where the facts come from, for people: "vmlinux", "the running kernel". */
  readonly from: string
  /** Names of all functions, in no order; the same object each time, which `indexOf` prepares once. */
  functions(): Iterable<string>
  /** The functions of this name; several where files have static ones of one name. */
  places(name: string): readonly Place[]
  /** Symbols of this name, variables too. */
  count(name: string): number
  /** It is a symbol, and no function. */
  isData(name: string): boolean
  /** False where variables are not listed, so that `isData` says nothing of them. */
  readonly listsData: boolean
  /**
   * Where the compiler put a function into others, of these source files; only of a kernel with DWARF (`debug: dwarf`).
   */
  inlineSites?(name: string, files: readonly string[]): readonly InlineSite[]
  /** `group:event` of every trace event; undefined where the facts do not say. */
  readonly events: ReadonlySet<string> | undefined
  /** Names of tracepoints, for raw_tracepoint; undefined where the facts do not say. */
  readonly tracepoints: ReadonlySet<string> | undefined
  /** .config without CONFIG_; what is not set is not there. */
  readonly config: ReadonlyMap<string, string>
  /** Exported symbol -> "vmlinux" or the path of its module. */
  readonly exported: ReadonlyMap<string, string>
  /**
   * A kprobe event on a name that several functions have is refused (6.7, b022f0c7e404, and stable branches), instead
   * of going to the first.
   */
  readonly refusesAmbiguous: boolean
}

/** CONFIG_KPROBE_EVENTS_ON_NOTRACE was added with the refusal that it takes back (4.19, 45408c4f9250). */
export const NOTRACE_SINCE = 'v4.19..'

/** The same kernel under another configuration, as far as the configuration is asked for. */
export const withConfig = (facts: KernelFacts, config: KernelFacts['config']): KernelFacts => ({
  release: facts.release,
  from: facts.from,
  config,
  exported: facts.exported,
  events: facts.events,
  tracepoints: facts.tracepoints,
  refusesAmbiguous: facts.refusesAmbiguous,
  listsData: facts.listsData,
  functions: () => facts.functions(),
  places: (name) => facts.places(name),
  count: (name) => facts.count(name),
  isData: (name) => facts.isData(name),
  ...(facts.inlineSites && { inlineSites: (name, files) => facts.inlineSites?.(name, files) ?? [] }),
})
