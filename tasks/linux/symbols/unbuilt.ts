/** What the source alone tells about a hook, before its kernel is built. */
import type { SourceTree } from '../c/source-tree.ts'
import { inRange, type Version } from '../version.ts'
import { definitionsOf, explainAbsent, type Known } from './absent.ts'
import { explainEvent } from './events.ts'
import { NOTRACE_SINCE } from './facts.ts'
import { isOfKernel, type Hook } from './hook.ts'
import { judgeKind, tooOld } from './needs.ts'
import { verdict, type Verdict } from './verdict.ts'
import { noEvent, NOTRACE } from './words.ts'

export interface Unbuilt {
  readonly version: Version
  /** The options that are asked for. */
  readonly config: ReadonlyMap<string, string>
  readonly tree: SourceTree
  /** Suffixes of parallel paths, with the functions that they clone. */
  readonly clones: readonly { readonly suffix: string; readonly functions: readonly string[] }[]
}

const NOT_BUILT = 'the kernel is not built yet'

/** foo of foo_giulia, where the declaration makes a clone of foo. */
export const clonedFrom = (name: string, clones: Unbuilt['clones']): string | undefined =>
  clones
    .flatMap(({ suffix, functions }) => functions.map((fn) => [fn, `${fn}_${suffix}`] as const))
    .find(([, clone]) => clone === name)?.[0]

function notrace(hook: Hook, { version, config }: Unbuilt, fact: string): Verdict {
  if (!inRange(version, NOTRACE_SINCE) || config.get('KPROBE_EVENTS_ON_NOTRACE') === 'y')
    return verdict(hook, 'not known', `${NOT_BUILT}; ${fact}, which it will not mind`)
  return verdict(hook, 'notrace', NOTRACE.fact, {
    details: [fact],
    fixes: [{ change: 'option', symbol: 'KPROBE_EVENTS_ON_NOTRACE', value: 'y' }],
  })
}

/** SYSCALL_DEFINE makes the symbol, so that no definition of it is found. */
async function systemCall(hook: Hook, { version, tree }: Unbuilt): Promise<Verdict | undefined> {
  const [, prefix = '', short] = /^(__x64_)?sys_(\w+)$/.exec(hook.target) ?? []
  if (short === undefined) return undefined
  const made = new RegExp(`^SYSCALL_DEFINE\\d\\(\\s*${short}\\b`, 'm')
  const files = (await tree.candidates(short)).filter((file) => file.endsWith('.c'))
  if (!files.some((file) => made.test(tree.read(file) ?? ''))) return undefined
  const wrapped = inRange(version, 'v4.17..')
  const right = `${wrapped ? '__x64_' : ''}sys_${short}`
  return (prefix !== '') === wrapped
    ? verdict(hook, 'not known', `${NOT_BUILT}; its source makes this system call`)
    : verdict(hook, 'system call', `${hook.target} is ${right} in this kernel`, {
        fixes: [
          {
            change: 'hook',
            text: `SEC("${hook.kind}/" SYSCALL("${short}"))`,
            note: 'lab.bpf.h; right for every kernel',
          },
        ],
      })
}

/**
 * Options that nobody asks for may be chosen by others (`select`), which only a configured tree tells: what such an
 * option leaves out is open as long as it is not set to n.
 */
function open(found: Verdict, { config }: Unbuilt): Verdict {
  const asked = found.fixes.filter((fix) => fix.change === 'option' && !config.has(fix.symbol))
  if (found.kind === 'absent')
    return verdict(found.hook, 'not known', `${NOT_BUILT}; ${found.fact.replace(/, and is no symbol.*$/, '')}`)
  if (asked.length === 0 || (found.kind !== 'not built' && found.kind !== 'no event' && found.kind !== 'module'))
    return found
  const names = asked.map((fix) => (fix.change === 'option' ? `CONFIG_${fix.symbol}` : ''))
  return verdict(
    found.hook,
    'not known',
    `${NOT_BUILT}; it takes ${names.join(', ')}, which lab.yaml does not ask for`,
    {
      fixes: found.fixes,
    },
  )
}

/** The verdict on one hook; what will be decided by the compiler or by other options is said to be open. */
export const judgeSource = async (hook: Hook, kernel: Unbuilt): Promise<Verdict> =>
  tooOld(hook, kernel.version) ?? judgeKind(hook) ?? open(await fromText(hook, kernel), kernel)

async function fromText(hook: Hook, kernel: Unbuilt): Promise<Verdict> {
  const known: Known = { config: kernel.config, functions: () => [], places: () => [] }
  if (!isOfKernel(hook)) return verdict(hook, 'not a symbol', 'it needs no symbol of the kernel')
  if (hook.kind === 'event') {
    const found = verdict(hook, 'no event', noEvent(hook.target.replace(':', '/')).fact)
    const explained = await explainEvent(found, known, kernel.tree)
    return explained === found ? verdict(hook, 'not known', NOT_BUILT) : explained
  }
  if (hook.kind === 'tracepoint' || hook.kind === 'multi') return verdict(hook, 'not known', NOT_BUILT)
  const call = await systemCall(hook, kernel)
  if (call) return call
  const original = clonedFrom(hook.target, kernel.clones)
  const [definition] = (await definitionsOf(original ?? hook.target, kernel.tree, known)).filter(
    ({ off }) => off.length === 0,
  )
  const name = original === undefined ? hook.target : `${hook.target}, a clone of ${original}`
  if (
    definition &&
    (original !== undefined || (!definition.static && !definition.header && definition.inline === undefined))
  ) {
    const fact = `${name} is defined in ${definition.file}:${definition.line}`
    if (definition.freed) return verdict(hook, 'init', `${name} is __init: it is gone after boot`)
    return definition.notrace
      ? notrace(hook, kernel, `${fact}, where nothing can be traced`)
      : verdict(hook, 'not known', `${NOT_BUILT}; ${fact}`)
  }
  if (definition && definition.inline !== 'always' && !definition.header)
    return verdict(
      hook,
      'not known',
      `${NOT_BUILT}; ${hook.target} (${definition.file}:${definition.line}) is static, so that the compiler may inline it`,
      {
        fixes: [{ change: 'expose', function: hook.target, file: definition.file }],
      },
    )
  return await explainAbsent(verdict(hook, 'absent', NOT_BUILT), known, kernel.tree)
}
