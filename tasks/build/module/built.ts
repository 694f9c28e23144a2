/** What a module is once it is built. */
import type { Deployable } from '../probe/probe.ts'

/** A module that is ready for the guest. */
export interface BuiltModule extends Deployable {
  /** As lsmod shows it. */
  readonly module: string
  /** Of the file as it goes to the guest. */
  readonly sha256: string
  readonly vermagic: string
  readonly srcversion?: string
  /** Another module needs it, and the experiment does not name it: it may be loaded already, and stays as it is. */
  readonly needed?: true
}
