/**
 * Formats of bpf_trace_printk, by kernel. A format that the kernel refuses prints nothing, and only the return value,
 * which nobody looks at, tells. (kernel/trace/bpf_trace.c of 4.15 to 5.12; bpf_bprintf_prepare in kernel/bpf/helpers.c
 * since.)
 */
import { compareVersions, parseVersion, type Version } from '../version.ts'

export interface FormatProblem {
  readonly level: 'error' | 'warning'
  readonly message: string
  readonly wayOut: string
}

/** One conversion: what it takes. */
export interface Conversion {
  /** "%lx". */
  readonly text: string
  readonly kind: 'integer' | 'pointer' | 'string' | 'character'
  /** Whether it prints 64 bits. */
  readonly wide: boolean
}

const atLeast = (version: Version, text: string): boolean => {
  const other = parseVersion(text)
  return other === undefined || compareVersions(version, other) >= 0
}

const CONVERSION = /%(?:%|([ 0+-]*)(\d*)(l{0,2})(p(?:[ku]s|[iI][46]|[BKxsS])?(?![A-Za-z0-9])|[A-Za-z])?)/g

function refused(
  match: RegExpMatchArray,
  version: Version,
  earlier: readonly Conversion[],
): { readonly why: string; readonly wayOut: string } | undefined {
  const [text, flags = '', width = '', length = '', letter = ''] = match
  const modern = atLeast(version, '5.13')
  if ((flags !== '' || width !== '') && !modern) return { why: 'has a width', wayOut: 'leave it out before 5.13' }
  if (letter === 'c') {
    if (length !== '') return { why: 'has a length', wayOut: '%c' }
    return atLeast(version, '5.15')
      ? undefined
      : {
          why: 'is a character, which it prints only since 5.15 (commit 3478cfcfcddf)',
          wayOut: 'print it with %d or %x',
        }
  }
  if (letter.startsWith('p')) {
    if (length !== '') return { why: 'is no conversion', wayOut: '%p, or %lx for the address itself' }
    if (/^p[ku]s$/.test(letter))
      return atLeast(version, '5.7') ? undefined : { why: 'exists since 5.7', wayOut: 'use %s' }
    if (letter === 'pB') return atLeast(version, '5.9') ? undefined : { why: 'exists since 5.9', wayOut: 'use %lx' }
    if (letter !== 'p' && !modern) return { why: 'is taken since 5.13', wayOut: 'use %lx' }
    return undefined
  }
  if (letter === 's') {
    if (length !== '') return { why: 'is no conversion', wayOut: '%s' }
    return !modern && earlier.some(({ kind }) => kind === 'string')
      ? { why: 'is a second string, and before 5.13 it takes one', wayOut: 'print them in two messages' }
      : undefined
  }
  if (/^[diux]$/.test(letter)) return undefined
  if (letter === 'X' && atLeast(version, '5.13')) return undefined
  return {
    why: letter === '' ? 'is not finished' : 'is not known to it',
    wayOut: `%d %i %u %x %s %p, with l or ll${text === '% ' ? '; a percent sign is %%' : ''}`,
  }
}

export interface FormatUse {
  readonly format: string
  /** How many values follow it; undefined where that cannot be told. */
  readonly values: number | undefined
  /** The newline is added by the macro. */
  readonly ownNewline: boolean
  /** At most so many values. */
  readonly most: number
}

/** What is wrong with a format on a kernel, and its conversions in order. */
export function checkFormat(
  use: FormatUse,
  version: Version,
): { problems: FormatProblem[]; conversions: Conversion[] } {
  const { format, values, ownNewline, most } = use
  const problems: FormatProblem[] = []
  const conversions: Conversion[] = []
  const error = (message: string, wayOut: string) =>
    problems.push({
      level: 'error',
      message: `${message}: the kernel refuses the message with -EINVAL and prints nothing`,
      wayOut,
    })
  for (const match of format.matchAll(CONVERSION)) {
    if (match[0] === '%%') {
      if (!atLeast(version, '5.13')) error('"%%" is no conversion before 5.13', 'write "percent"')
      continue
    }
    const why = refused(match, version, conversions)
    if (why) error(`${JSON.stringify(match[0])} ${why.why}`, why.wayOut)
    const letter = match[4] ?? ''
    const kind = letter.startsWith('p')
      ? 'pointer'
      : letter === 's'
        ? 'string'
        : letter === 'c'
          ? 'character'
          : 'integer'
    conversions.push({ text: match[0], kind, wide: kind === 'pointer' || (match[3] ?? '') !== '' })
    if (letter === 'p' && !why)
      problems.push({
        level: 'warning',
        message: '%p prints a hash of the address since 4.15, the same for equal addresses and otherwise meaningless',
        wayOut: 'use %lx for the address itself',
      })
  }
  if (conversions.length > most)
    error(`${conversions.length} values in one message, and it takes ${most}`, 'print them in two messages')
  else if (problems.every(({ level }) => level !== 'error') && values !== undefined && values !== conversions.length)
    problems.push({
      level: 'warning',
      message: `the format has ${conversions.length} conversion${conversions.length === 1 ? '' : 's'}, and ${values} value${values === 1 ? ' follows' : 's follow'} it`,
      wayOut: 'give a value for each',
    })
  // oxlint-disable-next-line no-control-regex
  if (/[^\u0009-\u000d\u0020-\u007e]/.test(format) && !atLeast(version, '5.13'))
    error('the text is not ASCII', 'use ASCII before 5.13')
  if (!ownNewline && !format.endsWith('\n') && !atLeast(version, '5.9'))
    problems.push({
      level: 'warning',
      message: 'the message has no "\\n" at its end: before 5.9 the records of a trace run together on one line',
      wayOut: 'end it with "\\n", or use say() of lab.bpf.h, which knows the kernel',
    })
  return { problems, conversions }
}
