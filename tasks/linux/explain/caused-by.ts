/**
 * Errors of Rust programs (anyhow, eyre) over several lines: "Error: what failed", "Caused by:", and below it the
 * reason, which alone does not say of what. They are put together as one line.
 */
const ERROR = /(?:^|[\s:])(Error: .{1,400})$/
const CAUSED_BY = /Caused by:\s*$/
/** "    0: reason", "Aug 13 18:26:47 host prog[1]:     reason". */
const REASON = /^(?:\S.{0,80}\]: )?\s{2,}(?:\d+: )?(\S.{0,400})$/
/** A text that was quoted has lost its indentation; the form of the error shows that it is one. */
const BARE_REASON = /^(?:\d+: )?(\S.{0,400} \(os error \d+\))\s*$/
/** Between the error and its last reason. */
const NEAR = 8

export const CAUSED_BY_NEEDLES: readonly string[] = ['Error: ', 'Caused by:']

export class CausedBy {
  #error: { readonly text: string; readonly line: number; caused: boolean } | undefined

  /** In the middle of such an error. */
  get isOpen(): boolean {
    return this.#error !== undefined
  }

  /** The error and its reason in one line, where this line has the reason. */
  joined(line: string, number: number): string | undefined {
    const error = this.#error
    if (error !== undefined && number - error.line > NEAR) this.#error = undefined
    const text = ERROR.exec(line)?.[1]
    if (text !== undefined) {
      this.#error = { text, line: number, caused: false }
      return undefined
    }
    if (error === undefined) return undefined
    if (CAUSED_BY.test(line)) {
      error.caused = true
      return undefined
    }
    const reason = error.caused ? (REASON.exec(line) ?? BARE_REASON.exec(line))?.[1] : undefined
    return reason === undefined ? undefined : `${error.text}: ${reason}`
  }
}
