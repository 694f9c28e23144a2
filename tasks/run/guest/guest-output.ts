/** What a run in the guest leaves behind. */
import type { HolderLine } from './holder.ts'

export interface GuestRun {
  readonly lines: readonly HolderLine[]
  readonly files: ReadonlyMap<string, Buffer>
  readonly stderr: string
}
