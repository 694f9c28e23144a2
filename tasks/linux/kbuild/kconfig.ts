/**
 * Kernel configuration: requests from fragments and options, what `olddefconfig` made of them, and why a request did
 * not survive. kconfig itself drops an option without a word when a dependency is unmet or the tree does not know it.
 */
import { inRange, type Version } from '../version.ts'

export interface Request {
  readonly symbol: string
  /** 'y', 'm', 'n', a number or quoted text, as in .config. */
  readonly value: string
  /** `kernel/config/guest.config:12` or `options`. */
  readonly from: string
  /** It was written as a number, whose digits are decimal. */
  readonly number?: boolean
}

const ASSIGNMENT =
  /^CONFIG_([A-Za-z0-9_]+)=("(?:[^"\\]|\\.)*"|[^\s"#]+)(?:\s+#\s*(v[\d.]+\.\.|\.\.v[\d.]+|v[\d.]+\.\.v[\d.]+)\s*)?$/
const UNSET = /^# CONFIG_([A-Za-z0-9_]+) is not set(?:\s+#\s*(v[\d.]*\.\.(?:v[\d.]+)?|\.\.v[\d.]+))?$/

/**
 * Requests of one fragment. A trailing comment `# v4.19..v6.2` limits a line to kernels in that range (upper end
 * excluded), so that one fragment serves trees that do not know each other's options. Lines that are neither assignment
 * nor comment are returned as bad, and so are assignments with any other comment behind them: kconfig knows none there.
 */
export function parseFragment(
  text: string,
  from: string,
  version: Version,
): { requests: Request[]; bad: { line: number; text: string }[] } {
  const requests: Request[] = []
  const bad: { line: number; text: string }[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    const set = ASSIGNMENT.exec(line)
    const unset = UNSET.exec(line)
    const range = set?.[3] ?? unset?.[2]
    if (range !== undefined && !inRange(version, range)) continue
    const place = `${from}:${index + 1}`
    if (set) requests.push({ symbol: set[1] ?? '', value: set[2] ?? '', from: place })
    else if (unset) requests.push({ symbol: unset[1] ?? '', value: 'n', from: place })
    else if (line !== '' && (!line.startsWith('#') || /^# CONFIG_\w+ is not set/.test(line)))
      bad.push({ line: index + 1, text: line })
  }
  return { requests, bad }
}

/**
 * The architectures in whose Kconfig files a symbol is defined: "arch/arm64/Kconfig" -> "arm64". x86 and um, which has
 * its parts, are ours.
 */
export const foreignArchitectures = (files: readonly string[]): string[] => [
  ...new Set(files.flatMap((file) => /^(?:\.\/)?arch\/(?!x86\/|um\/)([\w-]+)\//.exec(file)?.[1] ?? [])),
]

/**
 * The architecture that a whole .config names in its head, where that is not x86: "# Linux/arm64 5.4.0 Kernel
 * Configuration".
 */
export function foreignHead(text: string): { line: number; architecture: string } | undefined {
  for (const [index, line] of text.split('\n').entries()) {
    const architecture = /^#\s*Linux\/(\w+)\s+\d\S*\s+Kernel Configuration/.exec(line)?.[1]
    if (architecture !== undefined && !/^(?:x86|x86_64|i386)$/.test(architecture))
      return { line: index + 1, architecture }
  }
  return undefined
}

/** The later request for a symbol wins; order of first appearance is kept. */
export function mergeRequests(requests: readonly Request[]): Request[] {
  const merged = new Map<string, Request>()
  for (const request of requests) merged.set(request.symbol, request)
  return [...merged.values()]
}

/** The text that goes to `make allnoconfig` by KCONFIG_ALLCONFIG. */
export const fragmentText = (requests: readonly Request[]): string =>
  requests
    .map(({ symbol, value }) => (value === 'n' ? `# CONFIG_${symbol} is not set` : `CONFIG_${symbol}=${value}`))
    .join('\n') + '\n'

/** Symbol -> value of a .config; what is not set is absent. */
export function parseConfig(text: string): Map<string, string> {
  const config = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^CONFIG_([A-Za-z0-9_]+)=(.*)$/.exec(line)
    if (match) config.set(match[1] ?? '', match[2] ?? '')
  }
  return config
}

/** Requests whose value is not in the resulting .config. */
export const droppedRequests = (requests: readonly Request[], config: ReadonlyMap<string, string>): Request[] =>
  requests.filter(({ symbol, value }) => (config.get(symbol) ?? 'n') !== value)

/** One definition of a symbol in a Kconfig file. */
export interface Definition {
  readonly file: string
  readonly line: number
  readonly type: string
  /**
   * All conditions that hold it back: its own `depends on`, the `if` of its prompt, the `if` blocks and menus around
   * it.
   */
  readonly dependencies: readonly string[]
  /** One of several of which only one can be y. */
  readonly choice?: boolean
  /** Without a prompt, only a default or a `select` of another option can set it. */
  readonly prompt: boolean
}

/**
 * The lines of a Kconfig file, with empty ones for help texts (which end at the first line that is indented less than
 * they, and may well begin a line with "if" or "source") and for the continuations of lines that end with a backslash,
 * which go to the line they continue.
 */
export function withoutHelp(text: string): string[] {
  const indentation = (line: string) => line.replaceAll('\t', ' '.repeat(8)).search(/\S/)
  const lines: string[] = []
  let help: 'no' | 'begins' | number = 'no'
  let start: number | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const column = indentation(line)
    if (help === 'begins' && column >= 0) help = column > 0 ? column : 'no'
    if (typeof help === 'number' && column >= 0 && column < help) help = 'no'
    lines.push(help === 'no' && start === undefined ? line : '')
    if (help !== 'no') continue
    if (start !== undefined) lines[start] += ` ${line.trim()}`
    if (line.endsWith('\\')) {
      start ??= index
      lines[start] = (lines[start] ?? '').slice(0, -1)
    } else start = undefined
    if (/^\s*(?:-+)?help(?:-+)?\s*$/.test(line)) help = 'begins'
  }
  return lines
}

/** The condition behind a prompt: `"text" if EXPERT`. */
const promptCondition = (tail: string): string[] => {
  const match = /(?:"(?:[^"\\]|\\.)*"|'[^']*')\s+if\s+(.+)$/.exec(tail)
  return match ? [match[1] ?? ''] : []
}

/** Finds the definitions of a symbol in one Kconfig file's text. */
export function definitionsIn(text: string, file: string, symbol: string): Definition[] {
  const found: Definition[] = []
  const blocks: { kind: string; conditions: string[] }[] = []
  const lines = withoutHelp(text)
  let current:
    { line: number; type: string; own: string[]; prompt: boolean; outer: string[]; choice: boolean } | undefined
  let open: string[] | undefined
  const close = () => {
    if (current)
      found.push({
        file,
        line: current.line,
        type: current.type,
        prompt: current.prompt,
        dependencies: [...current.outer, ...current.own],
        ...(current.choice && { choice: true }),
      })
    current = undefined
  }
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/\s+#.*$/, '').trim()
    const [word = '', ...rest] = line.split(/\s+/)
    const tail = rest.join(' ')
    if (/^(config|menuconfig|choice|comment|menu|if|endif|endmenu|endchoice|source)$/.test(word)) {
      close()
      open = undefined
    }
    if (word === 'config' || word === 'menuconfig') {
      if (tail === symbol)
        current = {
          line: index + 1,
          type: '',
          own: [],
          prompt: false,
          choice: blocks.some(({ kind }) => kind === 'choice'),
          outer: blocks.flatMap(({ conditions }) => conditions),
        }
      open = current?.own
    } else if (word === 'if') blocks.push({ kind: 'if', conditions: [tail] })
    else if (word === 'menu' || word === 'choice') {
      const block = { kind: word, conditions: [] }
      blocks.push(block)
      open = block.conditions
    } else if (/^end(if|menu|choice)$/.test(word)) blocks.pop()
    else if (word === 'depends') open?.push(tail.replace(/^on\s+/, ''))
    else if (word === 'visible') open?.push(tail.replace(/^if\s+/, ''))
    else if (current && /^(bool|tristate|string|int|hex|def_bool|def_tristate)$/.test(word)) {
      current.type = word.replace('def_', '')
      if (word.startsWith('def_')) continue
      if (/"/.test(tail)) current.prompt = true
      current.own.push(...promptCondition(tail))
    } else if (current && word === 'prompt') {
      current.prompt = true
      current.own.push(...promptCondition(tail))
    }
  }
  close()
  return found
}

type Value = 0 | 1 | 2
const VALUES: Readonly<Record<string, Value>> = { n: 0, m: 1, y: 2 }

type Comparison = (left: string, right: string) => boolean
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => Number(left) < Number(right),
  '<=': (left, right) => Number(left) <= Number(right),
  '>': (left, right) => Number(left) > Number(right),
  '>=': (left, right) => Number(left) >= Number(right),
}

/**
 * Evaluates a Kconfig expression (n = 0, m = 1, y = 2; scripts/kconfig/expr.c) and lists the symbols that make it `n`.
 */
export function evaluate(expression: string, config: ReadonlyMap<string, string>): { value: number; unmet: string[] } {
  const tokens =
    expression.match(/"[^"]*"|'[^']*'|\$\((?:[^()]|\([^()]*\))*\)|[A-Za-z0-9_./-]+|!=|<=|>=|&&|\|\||[!()=<>]/g) ?? []
  let at = 0
  // A number is a symbol whose value is itself.
  const text = (token: string) =>
    /^["']/.test(token)
      ? token.slice(1, -1)
      : (config.get(token) ?? (/^([nmy]|-?\d+|0[xX][\da-fA-F]+)$/.test(token) ? token : 'n')).replaceAll('"', '')
  const atom = (negated: boolean): { value: number; unmet: string[] } => {
    const token = tokens[at++] ?? 'n'
    if (token === '(') {
      const inner = or(negated)
      at++
      return inner
    }
    if (token === '!') {
      const inner = atom(!negated)
      return { value: 2 - inner.value, unmet: inner.unmet }
    }
    const operator = tokens[at]
    const compare = operator === undefined ? undefined : COMPARISONS[operator]
    if (operator !== undefined && compare) {
      at++
      const right = tokens[at++] ?? ''
      const value = compare(text(token), text(right)) ? 2 : 0
      return { value, unmet: (value === 0) === negated ? [] : [`${token}${operator}${right}`] }
    }
    // $(cc-option …) and the like were decided by the tree's own scripts; they are not ours to judge.
    const value = token.startsWith('$') ? 2 : (VALUES[text(token)] ?? 0)
    const holdsBack = negated ? value === 2 : value === 0
    return { value, unmet: holdsBack ? [negated ? `!${token}` : token] : [] }
  }
  const and = (negated: boolean): { value: number; unmet: string[] } => {
    let left = atom(negated)
    while (tokens[at] === '&&') {
      at++
      const right = atom(negated)
      left = { value: Math.min(left.value, right.value), unmet: [...left.unmet, ...right.unmet] }
    }
    // !(A && B) is held back only by both together.
    return negated && left.value !== 2 ? { ...left, unmet: [] } : left
  }
  const or = (negated: boolean): { value: number; unmet: string[] } => {
    let left = and(negated)
    while (tokens[at] === '||') {
      at++
      const right = and(negated)
      const value = Math.max(left.value, right.value)
      left = { value, unmet: value === 0 || negated ? [...left.unmet, ...right.unmet] : [] }
    }
    return left
  }
  const result = or(false)
  return { value: result.value, unmet: result.value === 2 ? [] : [...new Set(result.unmet)] }
}

/** What keeps a symbol from being set; one definition is enough, so that of the one that lacks least. */
export function unmetOf(definitions: readonly Definition[], config: ReadonlyMap<string, string>): readonly string[] {
  const [unmet = []] = definitions
    .map(({ dependencies }) => [...new Set(dependencies.flatMap((one) => evaluate(one, config).unmet))])
    .toSorted((a, b) => a.length - b.length)
  return unmet
}

/**
 * Why a request did not survive, in one sentence for a person. `similar` are symbols of the tree with a similar name.
 */
export function whyDropped(
  request: Request,
  config: ReadonlyMap<string, string>,
  definitions: readonly Definition[],
  similar: readonly string[],
  foreign: readonly string[] = [],
  further: readonly string[] = [],
): { reason: string; wayOut: string } {
  const { symbol, value } = request
  if (definitions.length === 0 && foreign.length > 0)
    return {
      reason: `it is an option of ${foreign.join(', ')}, and the lab builds for x86-64: the fragment is for another architecture`,
      wayOut: 'remove the line, or take a fragment for x86',
    }
  if (definitions.length === 0)
    return {
      reason: 'this tree has no such option',
      wayOut: `${similar.length ? `did you mean ${similar.join(' or ')}? Otherwise ` : ''}remove the line, or limit it to the kernels that have it: \`# v5.3..\``,
    }
  const unmet = unmetOf(definitions, config)
  if (value === 'n' && config.get(symbol) !== undefined)
    return {
      reason: `it is ${config.get(symbol) ?? ''}: another option selects it, or it has no prompt and a default`,
      wayOut: 'turn off what selects it',
    }
  if (unmet.length > 0)
    return {
      reason: `it depends on ${unmet.join(', ')}, which ${unmet.length === 1 ? 'is' : 'are'} not met`,
      wayOut: `request ${[...unmet, ...further].map((name) => (/[=<>]/.test(name) ? name : name.startsWith('!') ? `${name.slice(1)}=n` : `${name}=y`)).join(', ')} too`,
    }
  if (definitions.every(({ prompt }) => !prompt))
    return {
      reason: 'it has no prompt: only another option can select it',
      wayOut: 'remove the line; request what selects it',
    }
  const now = config.get(symbol)
  if (value === 'y' && now === undefined && definitions.every(({ choice }) => choice === true))
    return {
      reason: 'only one option of its choice can be y, and another one is (`debug:` of the kernel chooses, too)',
      wayOut: `the others are at ${definitions.map(({ file, line }) => `${file}:${line}`).join(', ')}`,
    }
  return {
    reason: now === undefined ? 'its menu or the file that defines it is switched off' : `the tree made it ${now}`,
    wayOut: `look at ${definitions.map(({ file, line }) => `${file}:${line}`).join(', ')}`,
  }
}
