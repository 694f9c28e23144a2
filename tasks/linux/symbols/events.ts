/** Why a trace event is not there: nobody compiles its definition, or it has another name. From the source. */
import type { SourceTree } from '../c/source-tree.ts'
import type { Known } from './absent.ts'
import { controlledBy } from './makefile.ts'
import { candidates } from './similar.ts'
import { retarget, verdict, type Verdict } from './verdict.ts'

/** Names of the events that a header defines. */
const definedIn = (text: string): string[] =>
  Array.from(
    text.matchAll(/^\s*(?:TRACE_EVENT\w*|DEFINE_EVENT\w*)\s*\(\s*(?:(\w+)\s*,\s*)?(\w+)\s*,/gm),
    ([whole, first, second = '']) => (/DEFINE_EVENT/.test(whole) ? second : (first ?? second)),
  )

/** Says why an event is absent. @param found the verdict of `judge`, of kind `no event` */
export async function explainEvent(found: Verdict, known: Known, tree: SourceTree): Promise<Verdict> {
  const [group = '', event = ''] = found.hook.target.split(':')
  const header = `include/trace/events/${group}.h`
  const text = tree.read(header)
  if (text === undefined || !new RegExp(`^#define TRACE_SYSTEM ${group}$`, 'm').test(text)) return found
  const names = definedIn(text)
  if (!names.includes(event)) {
    const near = candidates(event, names)
    return verdict(found.hook, 'no event', `${found.fact.replace(/:.*$/s, '')}: ${header} does not define it`, {
      fixes: near.length > 0 ? near.map(({ name }) => retarget(found.hook, `${group}/${name}`)) : found.fixes,
    })
  }
  for (const file of await tree.candidates(group, true)) {
    const source = file.endsWith('.c') ? (tree.read(file) ?? '') : ''
    if (!/^#define\s+CREATE_TRACE_POINTS/m.test(source) || !source.includes(`<trace/events/${group}.h>`)) continue
    const options = controlledBy(file, (path) => tree.read(path)) ?? []
    const off = [...new Set(options.map(({ symbol }) => symbol))].filter((symbol) => !known.config.has(symbol))
    if (off.length === 0) continue
    return verdict(found.hook, 'no event', found.fact, {
      details: [`${file} makes it, and is not built: ${off.map((symbol) => `CONFIG_${symbol}=n`).join(', ')}`],
      fixes: off.map((symbol) => ({ change: 'option', symbol, value: 'y' })),
    })
  }
  return found
}
