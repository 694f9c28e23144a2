/**
 * Functions that call a function, from the text of kernel C: style puts heads and bodies at column 0, which is enough,
 * and fast.
 */

export interface Caller {
  readonly function: string
  readonly file: string
  readonly line: number
}

/** Not calls: a control statement, a type test, or a macro that only names its argument. */
const HEAD_NAME = /\b([A-Za-z_]\w*)\s*\(/

/** The function around a line, by the nearest "{" at column 0 above it and the head before that. */
function enclosing(lines: readonly string[], at: number): string | undefined {
  for (let line = at; line >= 0; line--) {
    const text = lines[line] ?? ''
    if (line < at && text.startsWith('}')) return undefined
    if (!text.startsWith('{') && !/^\w[^;]*\)\s*\{/.test(text)) continue
    const head: string[] = text.startsWith('{') ? [] : [text]
    for (let above = line - 1; above >= 0 && head.length < 12; above--) {
      const before = lines[above] ?? ''
      if (before.trim() === '' || /^[}#]|[;{]\s*$|\*\/\s*$/.test(before)) break
      head.unshift(before)
    }
    const joined = head
      .join(' ')
      .replaceAll(/__attribute__\s*\(\([^)]*\)\)|__(?:acquires|releases|must_hold)\([^)]*\)/g, ' ')
    const syscall = /\b(?:COMPAT_)?SYSCALL_DEFINE\d\(\s*(\w+)/.exec(joined)?.[1]
    return syscall === undefined ? HEAD_NAME.exec(joined)?.[1] : `__x64_sys_${syscall}`
  }
  return undefined
}

/** Places in one file that call `name`; each function once, at its first call. */
export function callersIn(file: string, text: string, name: string): Caller[] {
  const call = new RegExp(`(?<![\\w.>])${name}\\s*\\(`)
  const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
  const lines = code.split('\n')
  const found = new Map<string, Caller>()
  for (const [index, line] of lines.entries()) {
    if (!call.test(line) || /^\s*#/.test(line)) continue
    const by = enclosing(lines, index)
    // The head of the function itself, or a prototype.
    if (by === undefined || by === name || !/^\s|^\w.*\{/.test(line) || found.has(by)) continue
    found.set(by, { function: by, file, line: index + 1 })
  }
  return [...found.values()]
}
