/** The part of manifest.json about the guest of a run: its machine, and what it had of the host. */
import { z } from 'zod'

const text = z.string()
const texts = z.array(text)
const natural = z.int().min(0)

export const guest = z.object({
  bootId: text,
  clocksource: text,
  accel: z.object({ accel: z.enum(['kvm', 'tcg', 'unknown']), asked: z.enum(['kvm', 'tcg', 'auto']), reason: text }),
  qemu: texts,
  /** A sealed boot of its own, with time counted in instructions: the same inputs give the same bytes. */
  deterministic: z.boolean().exactOptional(),
  /** Directories of the host in the guest, and what was in them when the workload started (vm/share-contents.ts). */
  shares: z
    .array(
      z.object({
        from: text,
        mount: text,
        write: z.boolean(),
        transport: z.enum(['virtiofs', '9p']),
        files: natural,
        bytes: natural,
        /** null: it was not read. */
        sha256: text.nullable(),
      }),
    )
    .exactOptional(),
  /** none: the run ended before a VM was needed. */
  vm: z.enum(['started', 'restored', 'up', 'none']),
  /**
   * The snapshot that the guest was restored from. Its wall clock was set and its random numbers seeded again, and its
   * disks are overlays of this run alone; what is in memory (page cache, kernel addresses, uptime) is as it was when
   * the snapshot was taken.
   */
  snapshot: z.object({ id: text, taken: text, qemu: text }).exactOptional(),
})
