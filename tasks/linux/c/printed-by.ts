/** Which messages a BPF program can have printed, from its source: the trace itself does not say who printed a line. */

/** A literal of C behind say(, bpf_printk( or in the array that bpf_trace_printk() takes; adjacent literals are one. */
const FORMATS = /(?:\bsay\s*\(|\bbpf_printk\s*\(|\bchar\s+\w+\s*\[\s*\]\s*=)\s*((?:"(?:[^"\\\n]|\\.)*"\s*)+)/g
const LITERAL = /"((?:[^"\\\n]|\\.)*)"/g
/** Conversions that bpf_trace_printk() knows (kernel/trace/bpf_trace.c): flags, width, size, and what it prints. */
const CONVERSION = /%(?:%|[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z)?(?:[diuxXcs]|p[A-Za-z0-9]*))/g

const escapeRegex = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)

const NAMED: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' }
const unescape = (text: string): string => text.replaceAll(/\\(.)/g, (_, one: string) => NAMED[one] ?? one)

function patternOfFormat(format: string): RegExp {
  let pattern = ''
  let from = 0
  for (const match of format.matchAll(CONVERSION)) {
    pattern += escapeRegex(format.slice(from, match.index)) + (match[0] === '%%' ? '%' : '.*')
    from = match.index + match[0].length
  }
  return new RegExp(`^${pattern}${escapeRegex(format.slice(from))}$`, 's')
}

/** The text of a function's body: from its name with arguments to the first "}" at the beginning of a line. */
function bodyOf(source: string, program: string): string | undefined {
  const start = new RegExp(String.raw`^[A-Za-z_][^\n;]*\b${escapeRegex(program)}\s*\([^)]*\)\s*\{`, 'm').exec(source)
  if (!start) return undefined
  const rest = source.slice(start.index)
  return rest.slice(0, rest.search(/^\}/m) + 1 || undefined)
}

/** One pattern for each text that the program prints itself; undefined when the source has no such function. */
export function printedBy(source: string, program: string): RegExp[] | undefined {
  const body = bodyOf(source, program)
  if (body === undefined) return undefined
  return Array.from(body.matchAll(FORMATS), ([, literals = '']) =>
    patternOfFormat(
      Array.from(literals.matchAll(LITERAL), ([, text = '']) => unescape(text))
        .join('')
        .replace(/\n+$/, ''),
    ),
  )
}
