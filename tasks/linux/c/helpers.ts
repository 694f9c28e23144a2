/**
 * Lets tracing programs call helpers that the kernel has for other program types: a case for each in the function that
 * tells which helpers such programs may call, and nothing else. The helpers of numbers came with 5.2 for cgroup
 * programs; newer kernels let every program call them, and then nothing is changed.
 */
import { userError } from '../../engine/error.ts'
import { applyEdits } from './edits.ts'
import { Files, type Located, type SourceTree } from './source-tree.ts'

/**
 * Helpers that can be allowed. Each takes and gives plain memory, so that nothing of a tracing program is in its
 * way.
 */
export const HELPERS = ['strtol', 'strtoul'] as const
export type Helper = (typeof HELPERS)[number]

const TRACING = 'kernel/trace/bpf_trace.c'
/** Where the helpers that every program may call are listed. */
const BASE = 'kernel/bpf/helpers.c'
const HEADER = 'include/linux/bpf.h'
/** The function that decides for all tracing programs; before 5.8 without "bpf_". */
const DECIDERS = ['bpf_tracing_func_proto', 'tracing_func_proto'] as const

const place = (helper: string): string => `helpers: ${helper}`

/** Whether a function that gives prototypes of helpers has a case for this one. */
const hasCase = (text: string, helper: string): boolean => new RegExp(`\\bcase\\s+BPF_FUNC_${helper}\\s*:`).test(text)

async function deciderOf(files: Files): Promise<Located> {
  for (const name of DECIDERS) {
    const [found] = await files.definitions(name, TRACING)
    if (found !== undefined) return found
  }
  throw userError({
    place: 'helpers:',
    fact: `${TRACING} has neither ${DECIDERS.join(' nor ')}: what tracing programs may call is decided elsewhere in this version`,
    wayOut: 'leave `helpers:` out for this kernel, or allow them with a patch of your own (`patches:`)',
  })
}

/** Every program may call what bpf_base_func_proto() has. */
async function isForAll(tree: SourceTree, files: Files, helper: string): Promise<boolean> {
  if (tree.read(BASE) === undefined) return false
  const [found] = await files.definitions('bpf_base_func_proto', BASE)
  return found?.definitions.some(({ body }) => hasCase(body.text, helper)) ?? false
}

function refuseUnknown(tree: SourceTree, helper: string): void {
  if (new RegExp(`\\bbpf_${helper}_proto\\b`).test(tree.read(HEADER) ?? '')) return
  throw userError({
    place: place(helper),
    fact: `this kernel has no bpf_${helper}: ${HEADER} does not declare bpf_${helper}_proto (it came with 5.2)`,
    wayOut: 'leave it out for this kernel',
  })
}

/**
 * What `helpers:` makes of a tree; nothing is written. Applied to its own result it changes nothing.
 * @throws a user's error for a helper that the kernel does not have, or where its source cannot be understood
 */
export async function applyHelpers(tree: SourceTree, helpers: readonly Helper[]): Promise<ReadonlyMap<string, string>> {
  const files = new Files(tree)
  const missing: Helper[] = []
  for (const helper of helpers) {
    refuseUnknown(tree, helper)
    if (!(await isForAll(tree, files, helper))) missing.push(helper)
  }
  if (missing.length === 0) return new Map()
  const { definitions } = await deciderOf(files)
  const text = tree.read(TRACING) ?? ''
  const edits = definitions.flatMap(({ bodyStart, end, name }) => {
    const body = text.slice(bodyStart, end)
    const own = missing.filter((helper) => !hasCase(body, helper))
    const at = /\bswitch\s*\(\s*func_id\s*\)\s*\{/.exec(body)
    if (own.length > 0 && at === null)
      throw userError({
        place: 'helpers:',
        fact: `${name} (${TRACING}) has no "switch (func_id)" to add them to`,
        wayOut: 'allow them with a patch of your own (`patches:`)',
      })
    const start = bodyStart + (at?.index ?? 0) + (at?.[0].length ?? 0)
    const cases = own.map((helper) => `\n\tcase BPF_FUNC_${helper}:\n\t\treturn &bpf_${helper}_proto;`)
    return own.length === 0 ? [] : [{ start, end: start, text: cases.join('') }]
  })
  return edits.length === 0 ? new Map() : new Map([[TRACING, applyEdits(text, edits)]])
}
