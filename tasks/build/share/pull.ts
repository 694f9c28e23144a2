/**
 * Step: pull. What the lab needs is copied from a place to which somebody has pushed it, if it is what its hashes and
 * lab.lock say.
 */
import type { LabLock } from '../../config/lock-file.ts'
import type { ResolvedLab } from '../../config/resolved.ts'
import { step, type Context, type StepHandle } from '../../engine/context.ts'
import { labError } from '../../engine/error.ts'
import { changedInputs } from '../../engine/fingerprint.ts'
import { printable } from '../../engine/printable.ts'
import { contentsOf, damaged, entryName, type Head } from './head.ts'
import { TOOLCHAIN, withNotes } from './list.ts'
import { entriesOf, entryFile, type ListedEntry, type Note, type SharedKind } from './names.ts'
import { needsOf, needTitle, type Need, type Needs } from './needs.ts'
import { filesOf, type ListedFile, type Place } from './place.ts'
import { unpackEntry } from './unpack.ts'

export interface PulledEntry {
  readonly kind: SharedKind
  readonly fingerprint: string
  readonly name: string
  readonly outcome: 'pulled' | 'already here' | 'not there'
  /** Whether lab.lock has the hash of its contents. */
  readonly locked: boolean
  /** Why it is not there, as far as that can be seen. */
  readonly why?: string
}

export interface Pulled {
  readonly entries: readonly PulledEntry[]
  readonly unknown: Needs['unknown']
}

/** What lab.lock says of an entry: the digest of its files, or (before 0.2) the hash of its main file. */
function lockedOf({ kind, name, fingerprint }: Need, lock: LabLock | undefined) {
  if (kind === 'image') {
    const locked = lock?.images[name]
    return locked && { contents: locked.contents, file: 'root.img', sha256: locked.disk }
  }
  const locked = lock?.kernels[name]
  if (locked?.fingerprint !== fingerprint || locked.bzImage === undefined) return undefined
  return { contents: locked.contents, file: 'bzImage', sha256: locked.bzImage }
}

/** @throws a Failure for an entry that is whole but is not the one of lab.lock */
function refuseOther(head: Head, need: Need, lock: LabLock | undefined, place: string): void {
  const locked = lockedOf(need, lock)
  if (!locked) return
  const { contents, file, sha256 } = locked
  const there = head.files.find(({ path }) => path === file)?.sha256
  const [what, locks, is] =
    contents === undefined ? [file, sha256, there] : ['contents', contents, contentsOf(head.files)]
  if (is === locks) return
  throw labError({
    place: printable(place, 300),
    reason: 'wrong-bytes',
    fact: `this is not the ${need.kind} ${need.name} of lab.lock`,
    lines: [`${what} in lab.lock  ${locks}`, `${what} there        ${is ?? 'none'}`],
    wayOut: `nothing was taken from it: ask who pushed it, or make it here (\`lab build ${need.kind} ${need.name}\`)`,
  })
}

/** A place whose entries are copied into the store of this host. */
class Source {
  readonly #place: Place
  readonly #files: readonly ListedFile[]
  readonly #entries: readonly ListedEntry[]
  readonly #context: Context
  #noted: ReturnType<typeof withNotes> | undefined

  constructor(place: Place, files: readonly ListedFile[], context: Context) {
    this.#place = place
    this.#files = files
    this.#entries = entriesOf(files)
    this.#context = context
  }

  has({ kind, fingerprint }: Need): boolean {
    return this.#entries.some((entry) => entry.kind === kind && fingerprint.startsWith(entry.id))
  }

  /** The notes on the entries of a kind. All notes are fetched at once, when the first one is needed. */
  async notes(kind: SharedKind): Promise<Note[]> {
    this.#noted ??= withNotes(this.#files, this.#place)
    return (await this.#noted).flatMap((entry) => (entry.kind === kind && entry.note ? [entry.note] : []))
  }

  /** Copies one entry. @param accept is given its head before anything is written; it may throw */
  async take(
    { kind, fingerprint, inputs }: Need,
    accept: (head: Head, place: string) => void,
    onBytes: (done: number) => void,
  ): Promise<void> {
    const file = entryFile(kind, fingerprint)
    const where = `${this.#place.name}/${file}`
    const { store, signal } = this.#context
    await this.#place.read([file], async ([path = '']) => {
      const begin = (head: Head) => {
        if (head.kind !== kind || head.fingerprint !== fingerprint)
          throw damaged(where, `it holds ${entryName(head.kind, head.fingerprint)}`)
        accept(head, where)
      }
      await store.put(kind, fingerprint, inputs, async (dir) => {
        await unpackEntry(path, dir, where, signal, begin, onBytes)
      })
    })
  }
}

const shown = (value: unknown): string => printable(typeof value === 'string' ? value : JSON.stringify(value), 80)

/** Why a kernel or image is not there: what differs from the nearest one of the same source or suite. */
async function whyNot({ kind, inputs }: Need, source: Source): Promise<string> {
  const key = kind === 'kernel' ? 'source' : 'suite'
  const alike = (await source.notes(kind)).filter((note) => note.inputs[key] === inputs[key])
  const [nearest] = alike
    .map((note) => ({ note, changed: changedInputs(note.inputs, inputs) }))
    .toSorted((a, b) => a.changed.length - b.changed.length)
  if (nearest === undefined) return `there is no ${kind} of the same ${key}`
  const { note, changed } = nearest
  const lines = changed.map((name) =>
    TOOLCHAIN.includes(name)
      ? `${name} (${shown(note.inputs[name])} there, ${shown(inputs[name])} here)`
      : name === 'lab'
        ? 'the version of lab that made it'
        : name,
  )
  const toolchain = changed.every((name) => TOOLCHAIN.includes(name))
  return `${toolchain ? 'the one there was built with another toolchain' : 'the one there differs in'}: ${lines.join(', ')}`
}

async function pullOne(
  need: Need,
  source: Source,
  lock: LabLock | undefined,
  context: Context,
  handle: StepHandle,
): Promise<PulledEntry> {
  const { kind, fingerprint } = need
  const row = { kind, fingerprint, name: needTitle(need), locked: lockedOf(need, lock) !== undefined }
  if (await context.store.get(kind, fingerprint)) return { ...row, outcome: 'already here' }
  if (!source.has(need)) return { ...row, outcome: 'not there', why: await whyNot(need, source) }
  await source.take(
    need,
    (head, where) => refuseOther(head, need, lock, where),
    (done) => handle.progress(`read ${kind} ${need.name}`, done, undefined, 'bytes'),
  )
  return { ...row, outcome: 'pulled' }
}

/**
 * Copies what the lab needs, or what is named, from a place into the store.
 * @throws Failure (wrong-bytes) for an entry that is damaged or is not the one of lab.lock; a lab's where nothing that
 * the lab needs is there, or something that was named is not
 */
export async function pullStep(
  lab: ResolvedLab,
  lock: LabLock | undefined,
  names: readonly string[],
  place: Place,
  context: Context,
): Promise<Pulled> {
  return await step(context, 'pull', `pull from ${place.name}`, async (handle) => {
    const { needs, unknown } = await needsOf(lab, names, false, context)
    const source = new Source(place, await filesOf(place), context)
    const entries: PulledEntry[] = []
    for (const need of needs) entries.push(await pullOne(need, source, lock, context, handle))
    const missing = entries.filter(({ outcome }) => outcome === 'not there')
    if (missing.length > 0 && (names.length > 0 || missing.length === entries.length))
      throw labError({
        place: printable(place.name, 300),
        fact: names.length > 0 ? 'not all that you named is there' : 'nothing that this lab needs is there',
        lines: missing.map(({ kind, name, why }) => `${kind} ${name}: ${why ?? ''}`),
        wayOut: '`lab build` makes it here; `lab cache push` on a host with the same tools puts it there',
      })
    const pulled = entries.filter(({ outcome }) => outcome === 'pulled').length
    return { outcome: 'done', detail: `${pulled} of ${entries.length} entries`, value: { entries, unknown } }
  })
}
