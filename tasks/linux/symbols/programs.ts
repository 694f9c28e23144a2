/** The programs of a probe and what they hook into, from its C: macros expanded for one kernel. */
import { activeText } from '../lint/active.ts'
import { readProbe, type Program } from '../lint/source.ts'
import type { Version } from '../version.ts'
import { hookOf, type Hook } from './hook.ts'

export interface HookedProgram {
  /** The C function. */
  readonly program: string
  readonly hook: Hook
  /** Of SEC() in the source; undefined of an object. */
  readonly line?: number | undefined
}

interface Macro {
  readonly parameters: readonly string[] | undefined
  readonly body: string
}

/**
 * Object-like and function-like macros of a text in which inactive parts are blank. The last definition of a name
 * counts.
 */
function macrosIn(text: string, into: Map<string, Macro>): void {
  for (const [, name = '', list, body = ''] of text
    .replaceAll(/\\\n/g, ' ')
    .matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)(?:\(([^)]*)\))?[ \t]+(.*)$/gm))
    into.set(name, { parameters: list?.split(',').map((one) => one.trim()), body: body.trim() })
}

const DEEPEST = 16
const WORD = /\s*(?:"((?:\\.|[^"\\])*)"|(\w+)\s*(\((?:[^()"]|"(?:\\.|[^"\\])*"|\([^()]*\))*\))?)/y

/** Literals and macros in a row as one text; undefined where something is neither. */
function joined(text: string, macros: ReadonlyMap<string, Macro>, depth = 0): string | undefined {
  let result = ''
  let at = 0
  while (at < text.trimEnd().length) {
    WORD.lastIndex = at
    const found = WORD.exec(text)
    if (!found || depth > DEEPEST) return undefined
    const [whole, literal, name, list] = found
    at += whole.length
    if (literal !== undefined) {
      result += literal
      continue
    }
    const macro = macros.get(name ?? '')
    if (!macro) return undefined
    const given = (list?.slice(1, -1) ?? '').split(',').map((one) => one.trim())
    const body = (macro.parameters ?? []).reduce(
      (inner, parameter, index) =>
        inner
          .replaceAll(new RegExp(`#\\s*${parameter}\\b`, 'g'), () => JSON.stringify(given[index] ?? ''))
          .replaceAll(new RegExp(`\\b${parameter}\\b`, 'g'), () => given[index] ?? ''),
      macro.body,
    )
    const part = joined(body, macros, depth + 1)
    if (part === undefined) return undefined
    result += part
    // An argument list after a macro that takes none is something else.
    if (macro.parameters === undefined && list !== undefined) return undefined
  }
  return result
}

export interface ProbeText {
  readonly text: string
  /** Texts of the headers that the probe may include. */
  readonly headers: readonly string[]
  /** Of the compiler's command line: name -> C text. */
  readonly defines: Readonly<Record<string, string>>
}

/** Syntax trees of texts that several kernels compile alike, reduced to their programs. */
export type ParsedTexts = Map<string, readonly Program[]>

async function programsIn(text: string, parsed: ParsedTexts): Promise<readonly Program[]> {
  const known = parsed.get(text)
  if (known) return known
  const programs = (await readProbe(text))?.programs ?? []
  parsed.set(text, programs)
  return programs
}

/**
 * Programs of a probe's C as one kernel version compiles it. A section that cannot be read without a compiler is left
 * out.
 * @param parsed is filled, for the next kernel
 */
export async function programsOfSource(
  probe: ProbeText,
  version: Version,
  parsed: ParsedTexts = new Map(),
): Promise<HookedProgram[]> {
  const active = activeText(probe.text, version)
  const macros = new Map<string, Macro>()
  for (const header of probe.headers) macrosIn(activeText(header, version), macros)
  macrosIn(active, macros)
  for (const [name, body] of Object.entries(probe.defines)) macros.set(name, { parameters: undefined, body })
  return (await programsIn(active, parsed)).flatMap(({ sectionStart, start }) => {
    const inner = /^SEC\s*\(((?:[^()"]|"(?:\\.|[^"\\\n])*"|\((?:[^()"]|"(?:\\.|[^"\\\n])*")*\))*)\)/.exec(
      active.slice(sectionStart, sectionStart + 400),
    )?.[1]
    const section = inner === undefined ? undefined : joined(inner, macros)
    const program = /(\w+)\s*\(/.exec(active.slice(start))?.[1]
    if (section === undefined || program === undefined) return []
    return [{ program, hook: hookOf(section), line: active.slice(0, sectionStart).split('\n').length }]
  })
}
