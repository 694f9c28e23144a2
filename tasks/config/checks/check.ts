/** What a check of the lab file gets, and what it yields. */
import type { Section } from '../describe.ts'
import type { Files, Roots } from '../paths.ts'
import type { Problem } from '../text/diagnostic.ts'
import type { ValidParts } from '../valid-parts.ts'

/** What the host has, for limits. */
export interface HostFacts {
  readonly memoryBytes: number
  readonly cpus: number
}

export interface Context extends Roots {
  /** The entries with the right shape. */
  readonly lab: ValidParts
  /** The whole file as plain data, whatever its shape. */
  readonly data: unknown
  /** Paths of values with the wrong shape (`pathText`): nothing more is said about them. */
  readonly wrong: ReadonlySet<string>
  /**
   * Names of all entries, also of those with problems of their own: a reference to one of them is not dangling.
   * Undefined for a section that is no mapping: which names were meant is not known.
   */
  readonly names: Readonly<Record<Section, readonly string[] | undefined>>
  readonly host: HostFacts
  readonly files: Files | undefined
}

/** One check: reads the lab, yields problems. */
export type Check = (context: Context) => Iterable<Problem>
