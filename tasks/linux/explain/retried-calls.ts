/**
 * System calls of a strace that failed and were made again with success: a library tries the new form of the attributes
 * first, and an older one when the kernel does not know it.
 */

/** strace prints at most a few lines between the two. */
const NEAR = 4
const MOST = 10_000
const CALL = /\bbpf\(BPF_([A-Z_]+), .*\) *= (-1 E[A-Z0-9]+|0x[0-9a-f]+|\d+)/

export const CALL_NEEDLES: readonly string[] = ['bpf(BPF_']

export class RetriedCalls {
  readonly #failed = new Map<string, number>()
  readonly #retried = new Set<number>()

  readonly feed = (line: string, number: number): void => {
    const [, command, result] = CALL.exec(line) ?? []
    if (command === undefined || result === undefined) return
    if (result.startsWith('-1')) {
      this.#failed.set(command, number)
      return
    }
    const failed = this.#failed.get(command)
    if (failed !== undefined && number - failed <= NEAR && this.#retried.size < MOST) this.#retried.add(failed)
    this.#failed.delete(command)
  }

  /** Whether each of these lines is a call that succeeded when it was made again. */
  readonly covers = (lines: readonly number[]): boolean =>
    lines.length > 0 && lines.every((line) => this.#retried.has(line))
}
