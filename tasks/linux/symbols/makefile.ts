/**
 * Which options decide whether a source file becomes part of the kernel: read from the tree's own Makefiles, up to its
 * top.
 */

/** What an option must be. */
interface Condition {
  /** Without CONFIG_. */
  readonly symbol: string
  /** `n`: the file is taken when the option is off (ifndef). */
  readonly when: 'y' | 'n'
}

export interface Controlled extends Condition {
  /** Where it says so: "fs/Makefile". */
  readonly makefile: string
}

interface Line {
  readonly variable: string
  readonly words: readonly string[]
  /** Options of the conditionals around it. */
  readonly inside: readonly Condition[]
}

const CONDITIONAL = /^(ifdef|ifndef|ifeq|ifneq)\s+(.*)$/

function conditionOf(word: string, rest: string): Condition | undefined {
  const symbol = /CONFIG_(\w+)/.exec(rest)?.[1]
  if (symbol === undefined) return undefined
  // ifeq ($(CONFIG_X),y), ifeq ($(CONFIG_X),), ifneq ($(CONFIG_X),)
  const empty = /,\s*\)\s*$/.test(rest)
  const on = word === 'ifdef' || (word === 'ifeq' && !empty) || (word === 'ifneq' && empty)
  return { symbol, when: on ? 'y' : 'n' }
}

/** Assignments of a Makefile, continued lines joined, with the conditionals that they are in. */
function assignments(text: string): Line[] {
  const open: (Condition | undefined)[] = []
  const lines: Line[] = []
  for (const raw of text.replaceAll(/\\\n/g, ' ').split('\n')) {
    const line = raw.replace(/#.*$/, '').trim()
    const conditional = CONDITIONAL.exec(line)
    if (conditional) open.push(conditionOf(conditional[1] ?? '', conditional[2] ?? ''))
    else if (/^else\b/.test(line)) {
      const last = open.pop()
      open.push(last && { symbol: last.symbol, when: last.when === 'y' ? 'n' : 'y' })
    } else if (/^endif\b/.test(line)) open.pop()
    const [, variable, words] = /^([\w$().-]+)\s*[:+]?=\s*(.*)$/.exec(line) ?? []
    if (variable !== undefined && words !== undefined)
      lines.push({ variable, words: words.split(/\s+/), inside: open.filter((one) => one !== undefined) })
  }
  return lines
}

/**
 * obj-$(CONFIG_X), obj-y, ext4-$(CONFIG_Y), ext4-objs, core-y: what the list is for, and the option that it depends on.
 */
function listOf(variable: string): { readonly list: string; readonly symbol: string | undefined } | undefined {
  const [, list, suffix] = /^([\w$().-]*\w)-(\$\(CONFIG_\w+\)|y|m|objs)$/.exec(variable) ?? []
  if (list === undefined || suffix === undefined) return undefined
  return { list, symbol: /CONFIG_(\w+)/.exec(suffix)?.[1] }
}

/** Lists whose members go into the kernel or its modules by themselves; others are parts of `NAME.o`. */
const ROOTS = /^(?:obj|lib|core|libs|drivers|net|virt|init|always|head)$/

function inMakefile(makefile: string, text: string, wanted: string, depth = 0): Controlled[] | undefined {
  if (depth > 4) return undefined
  for (const { variable, words, inside } of assignments(text)) {
    const target = listOf(variable)
    if (!target || !words.includes(wanted)) continue
    const own: Controlled[] = [
      ...inside.map((condition) => ({ ...condition, makefile })),
      ...(target.symbol === undefined ? [] : [{ symbol: target.symbol, makefile, when: 'y' as const }]),
    ]
    if (ROOTS.test(target.list)) return own
    const outer = inMakefile(makefile, text, `${target.list}.o`, depth + 1)
    if (outer) return [...outer, ...own]
  }
  return undefined
}

/**
 * Options that a file depends on, the outermost first; undefined where no Makefile names it.
 * @param read text of a file of the tree
 */
export function controlledBy(file: string, read: (path: string) => string | undefined): Controlled[] | undefined {
  const parts = file.split('/')
  const all: Controlled[] = []
  let known = false
  for (let wanted = (parts.pop() ?? '').replace(/\.[cS]$/, '.o'); parts.length > 0; wanted = `${parts.pop() ?? ''}/`) {
    const dir = parts.join('/')
    // kbuild reads Kbuild where there is one.
    for (const makefile of [`${dir}/Kbuild`, `${dir}/Makefile`]) {
      const text = read(makefile)
      const found = text === undefined ? undefined : inMakefile(makefile, text, wanted)
      if (!found) continue
      known = true
      all.unshift(...found)
      break
    }
  }
  return known ? all : undefined
}

/**
 * What is removed from the compiler's flags for ftrace: of a folder, or of one file. The Makefile that says so, or
 * undefined.
 */
export function untraced(file: string, read: (path: string) => string | undefined): string | undefined {
  const dir = file.replace(/\/[^/]*$/, '')
  const object = file.replace(/^.*\//, '').replace(/\.c$/, '.o')
  for (const makefile of [`${dir}/Kbuild`, `${dir}/Makefile`]) {
    const text = read(makefile)
    if (text === undefined) continue
    const whole =
      /^(?:KBUILD_CFLAGS\s*=\s*\$\(subst \$\(CC_FLAGS_FTRACE\)|ccflags-remove-\S+\s*\+?=.*CC_FLAGS_FTRACE|ORIG_CFLAGS\s*:=\s*\$\(KBUILD_CFLAGS\))/m
    if (whole.test(text) || new RegExp(`^CFLAGS_REMOVE_${object}\\s*[:+]?=.*(?:CC_FLAGS_FTRACE|-pg)`, 'm').test(text))
      return makefile
  }
  return undefined
}
