/** What a run in the guest leaves behind. */
import type { HolderLine } from './holder.ts'

export interface GuestRun {
  readonly lines: readonly HolderLine[]
  readonly files: ReadonlyMap<string, Buffer>
  readonly stderr: string
  /** Directory of the dump of a guest whose workload did not end in time (vm/dump.ts), or why there is none. */
  readonly dump?: { readonly dir: string } | { readonly why: string }
}
