/**
 * lab.lock: what lab.yaml leaves open, as it was when somebody asked for it to be written down (`lab lock`). Images are
 * built from exactly these packages; what a kernel or a tool was is there to be compared with (`lab lock --check`).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { codeOf, failedBy, userError } from '../engine/error.ts'
import { inCurrentFormat } from '../engine/format.ts'
import { parsePackages } from '../linux/package-list.ts'

export const LOCK_FILE = 'lab.lock'

export const LOCK_FORMAT = 1
const FORMAT = { name: LOCK_FILE, current: LOCK_FORMAT }

const Lock = z.strictObject({
  format: z.literal(LOCK_FORMAT),
  /** The day on which the packages were to be had, UTC. */
  day: z.string(),
  /** Tool -> first line of its --version. */
  tools: z.record(z.string(), z.string()),
  /** Kernel -> where its source is from, and the SHA-256 of what was built from it here, where it was. */
  kernels: z.record(
    z.string(),
    z.strictObject({
      source: z.record(z.string(), z.union([z.string(), z.array(z.string()), z.record(z.string(), z.string())])),
      fingerprint: z.string().optional(),
      bzImage: z.string().optional(),
      /** Digest of all its files but the log (build/share/head.ts); since 0.2. */
      contents: z.string().optional(),
    }),
  ),
  images: z.record(
    z.string(),
    z.strictObject({
      /** SHA-256 of root.img. */
      disk: z.string(),
      /** As for a kernel. */
      contents: z.string().optional(),
      /** Lines "NAME VERSION ARCHITECTURE SHA256 FILENAME". */
      packages: z.array(z.string().refine((line) => parsePackages(line).length === 1, 'is no line of a package')),
    }),
  ),
})
export type LabLock = z.infer<typeof Lock>

/**
 * The lock beside a lab file; undefined if there is none. @throws a user's Failure for one that cannot be read, or
 * that a later version wrote
 */
export function readLabLock(labDirectory: string): LabLock | undefined {
  const file = join(labDirectory, LOCK_FILE)
  try {
    return Lock.parse(inCurrentFormat(JSON.parse(readFileSync(file, 'utf8')), FORMAT, file))
  } catch (error) {
    if (failedBy(error, 'newer-format')) throw error
    if (codeOf(error) === 'ENOENT') return undefined
    const lines =
      error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) : []
    throw userError(
      {
        place: file,
        fact: 'this version of lab cannot read this lock',
        lines: lines.slice(0, 8),
        wayOut: '`lab lock` writes it again',
      },
      error,
    )
  }
}
