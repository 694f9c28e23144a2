/** The part of a C text that one kernel version compiles: what `#if LINUX_VERSION_CODE ...` leaves out is blanked. */
import { compareVersions, type Version } from '../version.ts'

const CONDITION = /^LINUX_VERSION_CODE\s*(>=|<=|>|<|==|!=)\s*KERNEL_VERSION\s*\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)$/
const DIRECTIVE = /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b(.*)$/

const RESULTS: Readonly<Record<string, (difference: number) => boolean>> = {
  '>=': (difference) => difference >= 0,
  '<=': (difference) => difference <= 0,
  '>': (difference) => difference > 0,
  '<': (difference) => difference < 0,
  '==': (difference) => difference === 0,
  '!=': (difference) => difference !== 0,
}

/** undefined for a condition about anything else: both of its sides stay. */
function holds(condition: string, version: Version): boolean | undefined {
  const text = condition.replace(/\/[/*].*$/, '').trim()
  const [, operator = '', major, minor, patch] = CONDITION.exec(text) ?? []
  if (major === undefined) return undefined
  const difference = compareVersions(version, { major: Number(major), minor: Number(minor), patch: Number(patch) })
  return RESULTS[operator]?.(difference)
}

/** The same length and the same lines; directives and inactive lines are blank. */
export function activeText(text: string, version: Version): string {
  /** Of each open #if: is this branch taken, and was one of them. */
  const open: { active: boolean; done: boolean; known: boolean }[] = []
  return text
    .split('\n')
    .map((line) => {
      const [, word, rest = ''] = DIRECTIVE.exec(line) ?? []
      const top = open.at(-1)
      if (word === 'if' || word === 'ifdef' || word === 'ifndef') {
        const result = word === 'if' ? holds(rest, version) : undefined
        open.push({ active: result ?? true, done: result ?? false, known: result !== undefined })
      } else if (word === 'elif' && top) {
        const result = holds(rest, version)
        top.active = !(top.known && top.done) && (result ?? true)
        top.done ||= result === true
      } else if (word === 'else' && top) {
        top.active = !(top.known && top.done)
      } else if (word === 'endif') open.pop()
      const blank = word !== undefined || open.some(({ active }) => !active)
      return blank ? ' '.repeat(line.length) : line
    })
    .join('\n')
}
