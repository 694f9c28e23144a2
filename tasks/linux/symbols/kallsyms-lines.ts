/** The lines of /proc/kallsyms about some functions. */

/** Up to so many names are looked for in the bytes: a millisecond for each, where splitting the file takes 60. */
const FEW = 16

/** The third word of a line, for an export entry that of the function: `ffffffff81 t name [module]`. */
const nameIn = (line: string): string => line.split(/\s+/, 3)[2]?.replace(/^__ksymtab_/, '') ?? ''

/** Split once for all who ask for many names of the same kernel. */
const split = new WeakMap<Buffer, ReadonlyMap<string, readonly string[]>>()

function linesByName(kallsyms: Buffer): ReadonlyMap<string, readonly string[]> {
  const known = split.get(kallsyms)
  if (known) return known
  const lines = new Map<string, string[]>()
  for (const line of kallsyms.toString('latin1').split('\n')) {
    const name = nameIn(line)
    const same = lines.get(name)
    if (same) same.push(line)
    else lines.set(name, [line])
  }
  split.set(kallsyms, lines)
  return lines
}

/** Found once for all runs of a boot, which ask for the same names. */
const found = new WeakMap<Buffer, Map<string, readonly string[]>>()

function knownLines(kallsyms: Buffer, name: string): readonly string[] {
  const known = found.get(kallsyms) ?? new Map<string, readonly string[]>()
  found.set(kallsyms, known)
  const lines = known.get(name) ?? linesWith(kallsyms, name)
  known.set(name, lines)
  return lines
}

/** The lines that have the name behind one of the words that can be there, in the order of the file. */
function linesWith(kallsyms: Buffer, name: string): string[] {
  const lines = new Map<number, string>()
  for (const word of [` ${name}`, ` __ksymtab_${name}`])
    for (let at = kallsyms.indexOf(word, 0, 'latin1'); at >= 0; at = kallsyms.indexOf(word, at + 1, 'latin1')) {
      const start = kallsyms.lastIndexOf(0x0a, at) + 1
      const end = kallsyms.indexOf(0x0a, at)
      const line = kallsyms.toString('latin1', start, end < 0 ? undefined : end)
      if (nameIn(line) === name) lines.set(start, line)
    }
  return [...lines].toSorted(([a], [b]) => a - b).map(([, line]) => line)
}

/** All lines about these functions: their symbols and their export entries, by name in the order given. */
export function linesOf(kallsyms: Buffer, names: ReadonlySet<string>): string[] {
  if (names.size <= FEW) return [...names].flatMap((name) => knownLines(kallsyms, name))
  const known = linesByName(kallsyms)
  return [...names].flatMap((name) => known.get(name) ?? [])
}
