/** What a command is. */
import type { Answer } from '../ui/types.ts'
import type { Session } from './shared/session.ts'

/** What a command found out; `status` is its exit code where that is not 0. */
export type Outcome = (Answer & { readonly status?: number }) | number | undefined

export interface CommandModule {
  readonly work: (
    session: Session,
    args: readonly unknown[],
    options: Readonly<Record<string, unknown>>,
  ) => Promise<Outcome>
}

export interface CommandSpec {
  /** As commander reads it: `run <experiment...>`. */
  readonly usage: string
  readonly about: string
  /** What its help ends with, where the line above is not enough. */
  readonly note?: string
  readonly options?: readonly (readonly [
    flags: string,
    about: string,
    parse?: (value: string, before: unknown) => unknown,
  ])[]
  /** Words after the first argument are not ours (`lab exec -- ls -l`). */
  readonly passThrough?: boolean
  readonly load: () => Promise<CommandModule>
}
