/**
 * Mistakes in a probe that a kernel of a given version would answer with a refusal, or with silence: found in the C
 * before anything is loaded. What the text does not tell for certain is not said.
 */
import type { Node } from '../c/c-parser.ts'
import { compareVersions, parseVersion, versionText, type Version } from '../version.ts'
import { activeText } from './active.ts'
import { refusedHelper } from './helpers.ts'
import { uncheckedResults } from './null-check.ts'
import { checkFormat } from './printk.ts'
import type { ProgramType } from '../symbols/hook-kinds.ts'
import { readSection } from './sections.ts'
import {
  argumentsOf,
  calleeOf,
  declared,
  literalOf,
  nodes,
  readProbe,
  type DeclaredMap,
  type Program,
  type ProbeSource,
} from './source.ts'
import { addressed, Widths } from './widths.ts'

export interface LintFinding {
  /** From 1, in the source's own text. */
  readonly line: number
  readonly col: number
  /** error: the kernel or loader refuses it, or prints nothing. warning: it does something else than was meant. */
  readonly level: 'error' | 'warning'
  readonly message: string
  readonly wayOut: string
}

export interface LintTarget {
  readonly version: Version
  /** Helpers of this kernel, without prefix; undefined where its headers are not at hand. */
  readonly helpers: ReadonlySet<string> | undefined
  /** Helpers that this kernel was changed to give to tracing programs (`helpers:` of the lab file). */
  readonly allowed?: readonly string[] | undefined
  /** Experiments that run it where the kernel may turn kprobes into jumps (debug.kprobes-optimization). */
  readonly optimisedIn?: readonly string[] | undefined
  /** Every helper that the installed libbpf declares. */
  readonly declared: ReadonlySet<string>
  /** Texts of the lab's headers. */
  readonly headers: readonly string[]
}

/** Calls that print, and where their format stands. */
const PRINTS: Readonly<Record<string, { readonly values: number; readonly ownNewline: boolean }>> = {
  say: { values: 1, ownNewline: true },
  bpf_printk: { values: 1, ownNewline: false },
  bpf_trace_printk: { values: 2, ownNewline: false },
}
/** bpf_trace_printk takes three values; bpf_printk of libbpf turns to bpf_trace_vprintk (5.16) for more. */
const MOST_VALUES = 3
const VPRINTK = { since: '5.16', most: 12 } as const

/** The switch of jump-optimised kprobes, as sysctl(8) names it. */
export const OPTIMISATION = 'debug.kprobes-optimization'

const ARRAYS = /^BPF_MAP_TYPE_(?:PERCPU_)?ARRAY$/
const TRACING: ReadonlySet<ProgramType> = new Set(['kprobe', 'tracepoint', 'raw_tracepoint', 'perf_event'])

class Linter {
  readonly #text: string
  readonly #source: ProbeSource
  readonly #target: LintTarget
  readonly #widths: Widths
  readonly findings: LintFinding[] = []
  /** The types of the file's programs, for functions that they share. */
  readonly #types = new Map<Program, ProgramType>()

  constructor(text: string, source: ProbeSource, target: LintTarget) {
    this.#text = text
    this.#source = source
    this.#target = target
    this.#widths = new Widths(source)
  }

  #add(offset: number, level: LintFinding['level'], message: string, wayOut: string): void {
    const before = this.#text.slice(0, offset).split('\n')
    const [line, col] = [before.length, (before.at(-1)?.length ?? 0) + 1]
    if (!this.findings.some((finding) => finding.line === line && finding.message === message))
      this.findings.push({ line, col, level, message, wayOut })
  }

  get #kernel(): string {
    return versionText(this.#target.version)
  }

  #before(version: string): boolean {
    const other = parseVersion(version)
    return other !== undefined && compareVersions(this.#target.version, other) < 0
  }

  run(): LintFinding[] {
    for (const program of this.#source.programs) this.#section(program)
    for (const { helper, variable, at } of uncheckedResults(this.#source.root))
      this.#add(
        at.startIndex,
        'error',
        `${variable ?? 'the result'} is what ${helper} returned, which may be NULL, and it is used without a check`,
        `${variable === undefined ? 'put it into a variable, and ' : ''}return if it is NULL before this line: the verifier refuses the access`,
      )
    for (const call of nodes(this.#source.root, 'call_expression')) {
      const callee = calleeOf(call)
      const print = callee === undefined ? undefined : PRINTS[callee]
      if (callee === undefined) continue
      if (print) this.#print(call, callee, print)
      if (callee.startsWith('bpf_')) this.#helper(call, callee.slice('bpf_'.length))
      if (callee === 'bpf_override_return') this.#override(call)
      if (callee.startsWith('bpf_map_')) this.#map(call, callee)
      if (callee === 'get' || callee === 'put') this.#slot(call)
    }
    return this.findings.toSorted((a, b) => a.line - b.line || a.col - b.col)
  }

  #section(program: Program): void {
    const found = readSection(program.section, program.whole)
    if (found === undefined) return
    if ('message' in found) return this.#add(program.sectionStart, 'error', found.message, found.wayOut)
    this.#types.set(program, found.type)
    if (found.since !== undefined && this.#before(found.since))
      this.#add(
        program.sectionStart,
        'error',
        `programs of the section "${program.section}" exist since ${found.since}, and this kernel is ${this.#kernel}`,
        'use kprobe/FUNCTION or tracepoint/GROUP/EVENT, which every kernel has',
      )
  }

  /** The format: a literal, or an array that was initialised with one. */
  #formatOf(node: Node | undefined): { readonly text: string; readonly at: number } | undefined {
    const literal = literalOf(node)
    if (literal !== undefined && node) return { text: literal, at: node.startIndex }
    if (node?.type !== 'identifier') return undefined
    const value = this.#widths.declarationOf(node.text, node)?.declarator.childForFieldName('value')
    const text = literalOf(value)
    return text === undefined || !value ? undefined : { text, at: value.startIndex }
  }

  #print(call: Node, callee: string, { values: from, ownNewline }: { values: number; ownNewline: boolean }): void {
    const all = argumentsOf(call)
    const format = this.#formatOf(all[0])
    if (format === undefined) return
    const values = all.slice(from)
    const most = callee === 'bpf_printk' && !this.#before(VPRINTK.since) ? VPRINTK.most : MOST_VALUES
    const use = { format: format.text, values: values.length, ownNewline, most }
    const { problems, conversions } = checkFormat(use, this.#target.version)
    for (const { level, message, wayOut } of problems) this.#add(format.at, level, message, wayOut)
    for (const [index, conversion] of conversions.entries()) {
      const value = values[index]
      if (value && conversion.kind === 'integer' && !conversion.wide && this.#widths.isWide(value))
        this.#add(
          value.startIndex,
          'warning',
          `${conversion.text} prints 32 bits of a value of 64: ${value.text.slice(0, 40)}`,
          `use ${conversion.text.replace('%', '%l')}`,
        )
      const bits = value && conversion.kind === 'integer' && conversion.wide ? this.#widths.narrow(value) : undefined
      if (value && bits !== undefined && values.length <= MOST_VALUES)
        this.#add(
          value.startIndex,
          'warning',
          `${conversion.text} prints 64 bits of a value of ${bits}: ${value.text.slice(0, 40)}. The upper half is not its sign, and may be anything`,
          `use ${conversion.text.replaceAll('l', '')}, or cast the value to ${conversion.text.endsWith('d') || conversion.text.endsWith('i') ? 'long long' : 'unsigned long long'}`,
        )
    }
  }

  #helper(call: Node, name: string): void {
    const { helpers, declared, version, allowed = [] } = this.#target
    if (!declared.has(name) || allowed.includes(name)) return
    if (helpers && !helpers.has(name))
      return this.#add(
        call.startIndex,
        'error',
        `the helper bpf_${name} does not exist in ${this.#kernel}`,
        'choose by `#if LINUX_VERSION_CODE`, or use read_kernel() and read_user() of lab.bpf.h for bpf_probe_read_*',
      )
    const own = this.#source.programs.find(({ start, end }) => start <= call.startIndex && call.startIndex < end)
    const types = own ? [this.#types.get(own)] : [...this.#types.values()]
    const refused = types.find((type) => type !== undefined && TRACING.has(type) && refusedHelper(name, type, version))
    if (refused !== undefined)
      this.#add(
        call.startIndex,
        'error',
        `${this.#kernel} does not give the helper bpf_${name} to ${refused} programs`,
        'the verifier would say "unknown func"; do that part in user space, or in another type of program',
      )
  }

  /**
   * In a kprobe that the kernel has replaced by a jump, the changed instruction pointer is ignored
   * (Documentation/trace/kprobes.rst, "How Does Jump Optimization Work?").
   */
  #override(call: Node): void {
    const { optimisedIn = [] } = this.#target
    if (optimisedIn.length === 0) return
    this.#add(
      call.startIndex,
      'warning',
      `an optimised kprobe ignores bpf_override_return: most calls go through some milliseconds after it was attached (${optimisedIn.join(', ')})`,
      `before: [{ sysctl: { ${OPTIMISATION}: 0 } }]`,
    )
  }

  #map(call: Node, callee: string): void {
    const name = addressed(call, 0)
    const map = name === undefined ? undefined : this.#source.maps.get(name)
    if (name === undefined || map === undefined) return
    if (callee === 'bpf_map_delete_elem' && ARRAYS.test(map.type))
      this.#add(
        call.startIndex,
        'warning',
        `entries of the array ${name} cannot be deleted: bpf_map_delete_elem always returns -EINVAL`,
        'write a zero to it, or use a hash map',
      )
    this.#key(call, name, argumentsOf(call)[1])
    if (callee === 'bpf_map_lookup_elem') this.#width(call, name, map)
  }

  /** `get(map, 3)`, `put(map, 3, value)` of lab.bpf.h. */
  #slot(call: Node): void {
    const [map, key] = argumentsOf(call)
    if (map?.type === 'identifier') this.#key(call, map.text, key)
  }

  #key(call: Node, name: string, key: Node | undefined): void {
    const map = this.#source.maps.get(name)
    if (!map || !ARRAYS.test(map.type) || map.entries === undefined || !key) return
    const value = this.#constant(key)
    if (value !== undefined && value >= map.entries)
      this.#add(
        call.startIndex,
        'warning',
        `key ${value} is outside of ${name}, whose keys end at ${map.entries - 1}: nothing is found there, and an update returns -E2BIG`,
        `use a key below ${map.entries}, or give the map more entries`,
      )
  }

  /** A literal, or the address of a variable that has one and is written nowhere else. */
  #constant(key: Node): number | undefined {
    if (key.type === 'number_literal') return /^\d+$/.test(key.text) ? Number(key.text) : undefined
    const variable = key.type === 'pointer_expression' ? key.childForFieldName('argument') : null
    if (variable?.type !== 'identifier') return undefined
    const { declarator } = this.#widths.declarationOf(variable.text, variable) ?? {}
    const value = declarator?.childForFieldName('value')
    if (value?.type !== 'number_literal' || !/^\d+$/.test(value.text)) return undefined
    const written = nodes(this.#source.root, 'assignment_expression', 'update_expression').some(
      (one) => (one.childForFieldName('left') ?? one.childForFieldName('argument'))?.text === variable.text,
    )
    return written ? undefined : Number(value.text)
  }

  /** `__u64 *value = bpf_map_lookup_elem(...)`, or an assignment to one, of a map whose values are narrower. */
  #width(call: Node, name: string, { valueType, valueSize }: DeclaredMap): void {
    const { parent } = call
    const target = parent?.type === 'assignment_expression' ? parent.childForFieldName('left') : undefined
    const variable = parent?.type === 'init_declarator' ? declared(parent)?.name : target?.text
    const found = variable === undefined ? undefined : this.#widths.declarationOf(variable, call)
    if (!parent || found?.type.depth !== 1) return
    const type = found.type.name
    const pointer = this.#widths.sizeOf({ name: type, depth: 0 })
    const value =
      valueSize ?? (valueType === undefined ? undefined : this.#widths.sizeOf({ name: valueType, depth: 0 }))
    if (pointer !== undefined && value !== undefined && pointer > value)
      this.#add(
        parent.startIndex,
        'error',
        `values of ${name} have ${value} byte${value === 1 ? '' : 's'}${valueType === undefined ? '' : ` (${valueType})`}, and this pointer reads ${pointer} (${type})`,
        `declare it as ${valueType ?? `a type of ${value} bytes`} *: the verifier refuses the wider access`,
      )
  }
}

/** Findings in a probe's C for one kernel, in the order of the text. */
export async function lintProbe(text: string, target: LintTarget): Promise<LintFinding[]> {
  const active = activeText(text, target.version)
  const headers = target.headers.map((header) => activeText(header, target.version))
  const source = await readProbe(active, headers)
  return source ? new Linter(active, source, target).run() : []
}
