/** What is known about a hook on a kernel before it is attached. */
import type { Hook } from './hook.ts'

export type VerdictKind =
  | 'attachable'
  /** notrace, and KPROBE_EVENTS_ON_NOTRACE lets it be probed all the same. */
  | 'covered'
  | 'notrace'
  | 'blacklisted'
  | 'init'
  | 'rewritten'
  /** An offset, and a kind of hook that takes the beginning of a function only. */
  | 'offset'
  /** fmod_ret on a function whose value the kernel lets nobody change. */
  | 'not modifiable'
  /** Several functions of one name, of which the kernel takes none. */
  | 'ambiguous'
  | 'not code'
  /** Only pieces that the compiler made of it: foo.isra.0. */
  | 'suffix'
  | 'module'
  | 'system call'
  | 'inlined'
  | 'not built'
  /** A kind of hook that came with a later version. */
  | 'too old'
  | 'macro'
  /** The source has no such function. */
  | 'unknown name'
  /** No symbol, and there is no source to say why. */
  | 'absent'
  | 'no event'
  | 'no tracepoint'
  /** Its section belongs to no type of program. */
  | 'no section'
  /** The lab attaches no programs of this kind. */
  | 'no loader'
  /** Nothing of the kernel's symbols. */
  | 'not a symbol'
  /** The kernel is not built yet; the source does not say no. */
  | 'not known'

/** What `expose:` makes of a function; out of line when a fix does not say. */
export type Exposure = 'noinline' | 'error-injectable'

/** A change that would make the hook attachable, as data. */
export type Fix =
  | { readonly change: 'option'; readonly symbol: string; readonly value: string }
  /** `modules:` of the experiment. */
  | { readonly change: 'modules'; readonly names: readonly string[] }
  /** `debug: btf` of the kernel. */
  | { readonly change: 'btf' }
  | {
      readonly change: 'expose'
      readonly function: string
      readonly file?: string | undefined
      readonly as?: readonly Exposure[]
    }
  | { readonly change: 'clone'; readonly function: string; readonly entry: string }
  /** Another target for the program; `text` is C. */
  | { readonly change: 'hook'; readonly text: string; readonly note?: string }

/** What is known of a hook on a kernel. */
export interface HookState {
  readonly kind: VerdictKind
  /** Whether an attach would succeed; undefined where that is not known. */
  readonly attachable: boolean | undefined
  /** The kernel has no hooks of this kind at all, whatever the target. */
  readonly noHooks?: boolean
  /** In one sentence. */
  readonly fact: string
  /** More that belongs to it: call sites, functions that call it, what is in the source. */
  readonly details: readonly string[]
}

export interface Verdict extends HookState {
  readonly hook: Hook
  /** In the order in which they are worth trying. */
  readonly fixes: readonly Fix[]
}

/** Kinds whose attach succeeds, and those of which nothing is known. */
const SUCCEEDS: ReadonlySet<VerdictKind> = new Set(['attachable', 'covered'])
const OPEN: ReadonlySet<VerdictKind> = new Set(['not a symbol', 'not known'])

export const verdict = (
  hook: Hook,
  kind: VerdictKind,
  fact: string,
  more: Partial<Pick<Verdict, 'details' | 'fixes' | 'noHooks'>> = {},
): Verdict => ({
  hook,
  kind,
  fact,
  ...(more.noHooks && { noHooks: true }),
  details: more.details ?? [],
  fixes: more.fixes ?? [],
  attachable: OPEN.has(kind) ? undefined : SUCCEEDS.has(kind),
})

/** The program on another target. */
export const retarget = ({ section }: Pick<Hook, 'section'>, target: string, note?: string): Fix => ({
  change: 'hook',
  text: `SEC("${section.replace(/\/.*$/, '')}/${target}")`,
  ...(note !== undefined && { note }),
})
