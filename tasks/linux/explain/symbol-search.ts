/** A shell's search in /proc/kallsyms or System.map: what it looks for, and whether a name answers it. */

export interface SymbolSearch {
  /** The name that was looked for; undefined if the pattern is no name, so that nothing can be said of one. */
  readonly name: string | undefined
  /** The prompt in front of the command, without blanks: the next one shows that the command printed nothing more. */
  readonly prompt: string
  /** Whether a line of the listing is an answer: by its name or, for the name of a module, by that. */
  readonly matches: (name: string, module: string) => boolean
}

const FILE = String.raw`['"]?(?:\S*/kallsyms|\S*System\.map\S*?)['"]?`
const COMMANDS = [
  // cat /proc/kallsyms | [e]grep [options] PATTERN
  new RegExp(
    String.raw`(?:${FILE}|\bkallsyms)\s*\|\s*[ef]?grep((?:\s+-[\w-]+(?:=\S+)?)*)\s+(?:-e\s+)?("[^"]*"|'[^']*'|\S+)\s*(.*)$`,
  ),
  // grep [options] PATTERN /proc/kallsyms
  new RegExp(String.raw`\b[ef]?grep((?:\s+-[\w-]+(?:=\S+)?)*)\s+(?:-e\s+)?("[^"]*"|'[^']*'|[^\s|]+)\s+${FILE}\s*(.*)$`),
]
/** "user@host:~$ ", "# ", "$ ", "[root@host ~]# ", "sh-5.1# ". */
const PROMPT = /^\s*((?:\[[^\]]{1,60}\]|[\w.-]{1,40}@[^\s$#]{1,80}|[\w.-]{1,20})?\s?[$#%>])\s/
/** An identifier, or one with blanks or anchors around it: " t copyout$". */
const NAME = /^(?:\^|\\[b<]|\s|[tTdDbBrRwW] )*([A-Za-z_][\w.]*?)(?:\$|\\[b>]|\s)*$/

export const SEARCH_NEEDLES: readonly string[] = ['kallsyms', 'System.map']

/**
 * The search that a line of a terminal is; undefined for any other line, and for a command with its output sent
 * elsewhere.
 */
export function searchIn(line: string): SymbolSearch | undefined {
  if (line.length > 400 || !(line.includes('kallsyms') || line.includes('System.map')) || !line.includes('grep'))
    return undefined
  for (const pattern of COMMANDS) {
    const match = pattern.exec(line)
    if (match === null) continue
    const [, options = '', quoted = '', rest = ''] = match
    // What follows may be a comment; a further program changes what is printed.
    if (/^(?:[|>;&]|\d*>)/.test(rest.trim())) return undefined
    const text = quoted.replace(/^(["'])(.*)\1$/, '$2')
    const isWord = /\s-\w*w/.test(options)
    const isFixed = /\s-\w*F/.test(options)
    const name = /\s-\w*[vcf]/.test(options) ? undefined : (NAME.exec(text)?.[1] ?? undefined)
    const plain = name !== undefined && !(/[.]/.test(name) && !isFixed && !/\.\w+\.?\d*$/.test(name)) ? name : undefined
    return {
      name: plain,
      prompt: PROMPT.exec(line)?.[1]?.replaceAll(/\s/g, '') ?? '',
      matches: (symbol, module) => {
        if (plain === undefined || module === plain) return true
        // "raw_copy" finds qxl_draw_copyarea too, which nobody meant: names begin, or a part of them does.
        return isWord ? symbol === plain : symbol.startsWith(plain) || symbol.includes(`_${plain}`)
      },
    }
  }
  return undefined
}
