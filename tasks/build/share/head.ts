/**
 * The file in which an entry of the store travels from one cache to another (`lab cache push`, `pull`). The first line
 * names the format. One zstd stream follows: a line of JSON (the head), then the bytes of all files in the order of the
 * head, with nothing in between. It has no links, owners or times, and a path that leads out of the entry is refused.
 */
import { z } from 'zod'
import { labError, userError, type Failure } from '../../engine/error.ts'
import { fingerprintOf, hashText, type Fingerprint, type Inputs } from '../../engine/fingerprint.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { printable } from '../../engine/printable.ts'

const FORMAT = 1
const MAGIC = 'lab cache entry '
/** The first line of every entry that this version writes. */
export const FIRST_LINE = `${MAGIC}${FORMAT}\n`

/** A kernel has some 2000 headers of 150 bytes each in its head. Bytes. */
export const MOST_HEAD = 32 * 2 ** 20
/** Of all files of an entry together, holes included. Bytes. */
const MOST_BYTES = 256 * 2 ** 30
const MOST_FILES = 100_000

/** The store writes these into each entry itself. */
const OWN = new Set(['inputs.json', 'contents.json'])

/** Hidden files belong to this host: sizes, and what the kernel's make notes about headers, with this host's paths. */
const isName = (name: string): boolean => /^[^./\0][^/\0]{0,254}$/.test(name)
export const travels = (path: string): boolean =>
  !OWN.has(path) && path.split('/').length <= 32 && path.split('/').every(isName)

const SHA256 = z.string().regex(/^[0-9a-f]{64}$/)

const PackedFile = z.strictObject({
  path: z.string().refine(travels, 'is not a path of an entry'),
  size: z.int().min(0),
  sha256: SHA256,
  /** Whether it may be executed. */
  program: z.boolean(),
})
export type PackedFile = z.infer<typeof PackedFile>

const InputsSchema = z.record(z.string(), z.json()) as unknown as z.ZodType<Inputs>

const HeadSchema = z
  .strictObject({
    kind: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/),
    fingerprint: SHA256,
    inputs: InputsSchema,
    files: z.array(PackedFile).min(1).max(MOST_FILES),
  })
  .refine(({ inputs, fingerprint }) => fingerprintOf(inputs) === fingerprint, 'the inputs have another fingerprint')
  .refine(({ files }) => new Set(files.map(({ path }) => path)).size === files.length, 'a path occurs twice')
  .refine(({ files }) => bytesOf(files) <= MOST_BYTES, 'the files are too large')

/** What an entry is, and each of its files. */
export interface Head {
  readonly kind: string
  readonly fingerprint: Fingerprint
  readonly inputs: Inputs
  readonly files: readonly PackedFile[]
}

export const bytesOf = (files: readonly Pick<PackedFile, 'size'>[]): number =>
  files.reduce((sum, { size }) => sum + size, 0)

/** The name of an entry in messages: "kernel 0123456789ab". */
export const entryName = (kind: string, fingerprint: string): string => `${kind} ${fingerprint.slice(0, 12)}`

/**
 * SHA-256 over the files of an entry without its logs: the same on every host that builds the same kernel or image.
 */
export const contentsOf = (files: readonly PackedFile[]): string =>
  hashText(
    files
      .filter(({ path }) => !path.endsWith('.log'))
      .map(({ path, sha256, program }) => `${sha256} ${program ? 'x' : '-'} ${path}\n`)
      .toSorted()
      .join(''),
  )

/** The failure of an entry that is not what was pushed. @param place where it came from */
export const damaged = (place: string, fact: string, cause?: unknown): Failure =>
  labError(
    {
      place: printable(place, 300),
      reason: 'wrong-bytes',
      fact: `this entry is damaged, or lab did not write it: ${printable(fact, 200)}`,
      wayOut:
        'nothing was taken from it: remove the file, and push it again from a host that has it (`lab cache push`)',
    },
    cause,
  )

/** Checks the first line. @throws a Failure for a later format, or a file that is not an entry */
export function checkFirstLine(line: string, place: string): void {
  if (line === FIRST_LINE) return
  const format = line.startsWith(MAGIC) ? Number(line.slice(MAGIC.length)) : Number.NaN
  if (!(format > FORMAT)) throw damaged(place, 'its first line is not the one of an entry')
  throw userError({
    place: printable(place, 300),
    reason: 'newer-format',
    fact: `the entry has format ${format}, and lab ${ownVersion()} reads format ${FORMAT}`,
    wayOut: 'a later version of lab wrote it: update lab, or push it with this version',
  })
}

/** Parses the head. @throws a Failure that names what is wrong with it */
export function parseHead(line: string, place: string): Head {
  try {
    const head = HeadSchema.parse(JSON.parse(line))
    return { ...head, fingerprint: head.fingerprint as Fingerprint }
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : []
    throw damaged(
      place,
      issue === undefined
        ? 'its head is not JSON'
        : `its head has a wrong value: ${[issue.path.join('.'), issue.message].filter((part) => part !== '').join(': ')}`,
      error,
    )
  }
}
