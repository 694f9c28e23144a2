/** Step: push. Kernels and images of the lab that are built here are put where others can take them. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResolvedLab } from '../../config/resolved.ts'
import { step, type Context, type StepHandle } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import type { StoredEntry } from '../../engine/store.ts'
import { bytesOf, contentsOf, entryName, type Head } from './head.ts'
import { entryFile, noteFile, noteText, type SharedKind } from './names.ts'
import { needsOf, needTitle, type Need, type Needs } from './needs.ts'
import { packEntry } from './pack.ts'
import { abandoned, type Place } from './place.ts'
import { unpackEntry } from './unpack.ts'

export interface PushedEntry {
  readonly kind: SharedKind
  readonly fingerprint: string
  readonly name: string
  readonly outcome: 'pushed' | 'already there' | 'not built here'
  /** The digest of its files, of an entry that was pushed. */
  readonly contents?: string
}

export interface Pushed {
  readonly entries: readonly PushedEntry[]
  readonly unknown: Needs['unknown']
}

/** "v5.10 5.10.223". */
async function titleOf({ kind, name, inputs }: Need, dir: string): Promise<string> {
  if (kind === 'image') return `${name} ${typeof inputs['suite'] === 'string' ? inputs['suite'] : ''}`
  const release = await readFile(join(dir, 'release'), 'utf8').catch(() => '')
  return `${name} ${release.trim()}`
}

/** Writes one entry and its note. Before it gets its name, what arrived is read back and compared with its hashes. */
async function pushEntry(
  need: Need,
  stored: StoredEntry,
  place: Place,
  context: Context,
  handle: StepHandle,
): Promise<Head> {
  const { kind, fingerprint, inputs } = need
  const { signal } = context
  const name = entryName(kind, fingerprint)
  let head: Head | undefined
  const fill = async (file: string) => {
    head = await packEntry(stored, kind, file, signal, (done) =>
      handle.progress(`write ${name}`, done, undefined, 'bytes'),
    )
  }
  const check = async (file: string) => {
    handle.progress(`read ${name} back`)
    const back = await unpackEntry(file, undefined, place.name, signal, () => undefined)
    if (JSON.stringify(back) !== JSON.stringify(head)) throw new Error(`${name} came back as another entry`)
  }
  await place.write(entryFile(kind, fingerprint), fill, check)
  if (head === undefined) throw new Error('nothing was packed')
  const { files } = head
  const title = await titleOf(need, stored.dir)
  const note = noteText({ kind, title, inputs, contents: contentsOf(files), bytes: bytesOf(files) })
  await place.write(
    noteFile(kind, fingerprint),
    (file) => writeFile(file, note),
    async () => undefined,
  )
  return head
}

/**
 * Puts what is built here into a place; builds nothing.
 * @throws a user's Failure where nothing of the lab is built here; a lab's where the place takes no files
 */
export async function pushStep(
  lab: ResolvedLab,
  names: readonly string[],
  place: Place,
  context: Context,
): Promise<Pushed> {
  return await step(context, 'push', `push to ${place.name}`, async (handle) => {
    const { needs, unknown } = await needsOf(lab, names, true, context)
    const files = (await place.list()) ?? []
    const there = new Set(files.map(({ name }) => name))
    await place.remove(abandoned(files))
    const entries: PushedEntry[] = []
    for (const need of needs) {
      const { kind, fingerprint } = need
      const row = { kind, fingerprint, name: needTitle(need) }
      const stored = await context.store.get(kind, fingerprint)
      if (stored === undefined) entries.push({ ...row, outcome: 'not built here' })
      else if (there.has(entryFile(kind, fingerprint))) entries.push({ ...row, outcome: 'already there' })
      else {
        const { files: packed } = await pushEntry(need, stored, place, context, handle)
        entries.push({ ...row, outcome: 'pushed', contents: contentsOf(packed) })
      }
    }
    if (entries.every(({ outcome }) => outcome === 'not built here'))
      throw userError({
        place: 'lab cache push',
        fact: 'nothing of this lab is built here yet',
        lines: unknown.map(({ name, why }) => `kernel ${name}: ${why.parts.fact}`),
        wayOut: '`lab run EXPERIMENT` builds what it needs, `lab build` everything',
      })
    const pushed = entries.filter(({ outcome }) => outcome === 'pushed').length
    return { outcome: 'done', detail: `${pushed} of ${entries.length} entries`, value: { entries, unknown } }
  })
}
