/** Longer than anything takes that a test waits for, on a loaded machine, too. Milliseconds. */
const PATIENCE = 300_000

/**
 * Waits until something holds, and gives what was found.
 * @param what what is waited for, for the message
 * @param look a value, or undefined or false for "not yet"
 * @throws Error (`never came: ...`) after `patience` milliseconds
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  patience = PATIENCE,
): Promise<T> {
  for (const end = Date.now() + patience; ;) {
    const value = await look()
    if (value !== undefined && value !== false) return value
    if (Date.now() > end) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
