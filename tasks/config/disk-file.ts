/** Files on a data disk, with every path absolute and every size in bytes. */
import { type DiskFile, type FILLS } from './schema/schema-vm.ts'
import { bytesOf } from './schema/schema.ts'

export type ResolvedDiskFile =
  | string
  /** `from`: absolute path on the host. */
  | { readonly from: string }
  /** `bytes` of a pattern. */
  | {
      readonly bytes: number
      readonly fill: (typeof FILLS)[number]
      readonly seed: number
      readonly selectivity?: number
    }

export function resolveDiskFile(file: DiskFile, absolute: (path: string) => string): ResolvedDiskFile {
  if (typeof file === 'string') return file
  if ('from' in file) return { from: absolute(file.from) }
  const { size, fill = 'zeros', seed = 0, selectivity } = file
  // Of other patterns nothing is said, so that what they were made of before stays what it is.
  return {
    bytes: bytesOf(size),
    fill,
    seed,
    ...(fill === 'numbers' && { selectivity: Number.parseInt(selectivity ?? '50%', 10) / 100 }),
  }
}

/** Files of the host that disks hold. */
export const hostFilesOf = (
  disks: readonly { readonly files: Readonly<Record<string, ResolvedDiskFile>> }[],
): string[] =>
  disks.flatMap(({ files }) =>
    Object.values(files).flatMap((file) => (typeof file === 'object' && 'from' in file ? [file.from] : [])),
  )
