/** What a guest says on its serial console, as it is kept on the host. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isProgramIn, programsIn } from '../host/open-files.ts'

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

const QEMU = 'qemu-system-'
/** The QEMU that was seen last in a VM's directory. */
const seen = new Map<string, number>()

/**
 * Whether QEMU still runs. Each run of a VM asks, so the one that was seen before is looked at first: a look at all 120
 * processes of a host was an eighth of what the lab does for a short run.
 */
function runs(dir: string): boolean {
  const before = seen.get(dir)
  if (before !== undefined && isProgramIn(before, dir, QEMU)) return true
  const [pid] = programsIn(dir, QEMU)
  if (pid === undefined) seen.delete(dir)
  else seen.set(dir, pid)
  return pid !== undefined
}

/** All of it, up to the last word of a guest that has ended; a log that is cut off says so at its end. */
export async function consoleLog(dir: string): Promise<Buffer> {
  // QEMU first, which is there for most who ask.
  const coming = () => !runs(dir) && programsIn(dir, 'head').length > 0
  for (const until = performance.now() + ON_THE_WAY; coming() && performance.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 10))
  const log = await readFile(join(dir, CONSOLE_LOG)).catch(() => Buffer.alloc(0))
  return log.length < CONSOLE_LIMIT ? log : Buffer.concat([log, Buffer.from(`\n[lab: ${CONSOLE_FULL}]\n`)])
}
