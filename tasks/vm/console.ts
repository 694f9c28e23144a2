/** What a guest says on its serial console, as it is kept on the host. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { programsIn } from '../host/open-files.ts'

export const CONSOLE_LOG = 'console.log'

/**
 * What is kept of one guest: the boots and panics of a year, and less than any disk. What comes after it is shown to
 * `lab console` only. Bytes.
 */
export const CONSOLE_LIMIT = 64 * 2 ** 20
export const CONSOLE_FULL = `the console log ends here: the guest said more than the ${CONSOLE_LIMIT / 2 ** 20} MB that are kept`

/** The last words of a guest are in a pipe for a moment after its QEMU has ended. Milliseconds. */
const ON_THE_WAY = 1000

/** Whether the guest has said more than is kept. */
export async function consoleIsFull(dir: string): Promise<boolean> {
  return ((await stat(join(dir, CONSOLE_LOG)).catch(() => undefined))?.size ?? 0) >= CONSOLE_LIMIT
}

/** What is there by now, for one who looks again and again. */
export const consoleSoFar = (dir: string): Promise<string> => readFile(join(dir, CONSOLE_LOG), 'utf8').catch(() => '')

/** All of it, up to the last word of a guest that has ended; a log that is cut off says so at its end. */
export async function consoleLog(dir: string): Promise<Buffer> {
  // QEMU first, which is there for most who ask: each question looks at all processes.
  const coming = () => programsIn(dir, 'qemu-system-').length === 0 && programsIn(dir, 'head').length > 0
  for (const until = performance.now() + ON_THE_WAY; coming() && performance.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 10))
  const log = await readFile(join(dir, CONSOLE_LOG)).catch(() => Buffer.alloc(0))
  return log.length < CONSOLE_LIMIT ? log : Buffer.concat([log, Buffer.from(`\n[lab: ${CONSOLE_FULL}]\n`)])
}
