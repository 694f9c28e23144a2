/** Says at once that the first run of an arm did not pass: nobody has to wait for the end of all others to learn it. */
import type { Context } from '../../engine/context.ts'
import { plural } from '../../engine/text.ts'
import { lastWords, whyNot } from '../../results/why.ts'
import type { RunOutcome } from '../outcome.ts'

/** Last words that a line has room for. */
const WORDS = 160

export class FirstFailures {
  readonly #context: Pick<Context, 'emit'>
  readonly #arms = new Set<string>()

  constructor(context: Pick<Context, 'emit'>) {
    this.#context = context
  }

  /**
   * Emits a notice for the first run of each arm that did not pass, as long as others follow it.
   * @param left runs that are still to be made
   */
  async look({ dir, manifest }: Pick<RunOutcome, 'dir' | 'manifest'>, place: string, left: number): Promise<void> {
    const { verdict, arm } = manifest
    if (verdict === 'passed' || left === 0 || this.#arms.has(arm.name)) return
    this.#arms.add(arm.name)
    const word = (await lastWords(dir, manifest)).at(-1)?.trim().slice(0, WORDS)
    this.#context.emit({
      type: 'notice',
      level: 'warning',
      place,
      text: `${verdict}: ${whyNot(manifest) ?? 'no reason is recorded'}${word === undefined ? '' : ` (${word})`}`,
      wayOut: `${plural(left, 'other run')} ${left === 1 ? 'goes' : 'go'} on; Ctrl-C ends them`,
    })
  }
}
