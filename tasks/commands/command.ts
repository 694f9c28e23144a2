/**
 * What a command is: one declaration, from which its help, its parser and the types of its arguments and options
 * follow.
 */
import type { Answer } from '../ui/types.ts'
import type { Session } from './shared/session.ts'

/** What a command found out; `status` is its exit code where that is not 0. */
export type Outcome = (Answer & { readonly status?: number }) | number | undefined

/**
 * Makes the value of an option out of every text that was given for it, in order; there is at least one.
 * @throws a user's Failure whose place is `flag` (`--repeat`)
 */
export type Parse<T> = (texts: readonly string[], flag: string) => T

/**
 * One option, as `[flags, about, parse]`. The flags are commander's: `-r, --repeat <n>` takes a value, `--all` does
 * not. Without `parse` the value is the last text that was given.
 */
export type OptionRow = readonly [flags: string, about: string, parse?: Parse<unknown>]

/** A command line to copy, and what it does. */
export type Example = readonly [line: string, about: string]

type Camel<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Text

type LongName<Flags extends string> = Flags extends `${string}--${infer Long} <${string}`
  ? Long
  : Flags extends `${string}--${infer Long}`
    ? Long
    : never

type ValueOf<Row extends OptionRow> = Row extends readonly [string, string, Parse<infer Value>]
  ? Value
  : Row[0] extends `${string}<${string}`
    ? string
    : boolean

/** The options that these rows declare: `--dry-run` is `dryRun?: boolean`, `--kernel <name>` is `kernel?: string`. */
export type OptionsOf<Rows extends readonly OptionRow[]> = {
  readonly [Row in Rows[number] as Camel<LongName<Row[0]>>]?: ValueOf<Row> | undefined
}

type ArgumentOf<Word> = Word extends `${string}...${string}`
  ? readonly string[]
  : Word extends `<${string}`
    ? string
    : string | undefined

/** The arguments that a usage line declares: `diff <a> [b]` is `[a: string, b: string | undefined]`. */
export type ArgumentsOf<Usage extends string> = Usage extends `${string} ${infer Word} ${infer Rest}`
  ? readonly [ArgumentOf<Word>, ...ArgumentsOf<`_ ${Rest}`>]
  : Usage extends `${string} ${infer Word}`
    ? readonly [ArgumentOf<Word>]
    : readonly []

interface Description<Usage extends string, Rows extends readonly OptionRow[]> {
  /** As commander reads it: `run <experiment...>`. */
  readonly usage: Usage
  /** One line for `lab --help`. */
  readonly about: string
  /** Text at the end of its help. */
  readonly note?: string
  readonly options?: Rows
  readonly examples?: readonly Example[]
  /** It is called many times a day: a warning that stands is given once. */
  readonly warnsDaily?: boolean
  /** Words after the first argument belong to somebody else (`lab exec -- ls -l`). */
  readonly passThrough?: boolean
}

/** A command as `cli.ts` calls it: `work` takes what was parsed by its own declaration. */
export interface Command extends Description<string, readonly OptionRow[]> {
  readonly work: (session: Session, args: never, options: never) => Promise<Outcome>
}

/** Declares a command; the arguments and options of `work` are typed by `usage` and `options`. */
export const defineCommand = <const Usage extends string, const Rows extends readonly OptionRow[] = readonly []>(
  command: Description<Usage, Rows> & {
    readonly work: (session: Session, args: ArgumentsOf<Usage>, options: OptionsOf<Rows>) => Promise<Outcome>
  },
): Command => command
