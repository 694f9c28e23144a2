/** Locks between processes, on paths. Behind one function so that the mechanism can be replaced. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import lockfile from 'proper-lockfile'
import { interrupted } from './error.ts'

/** A lock is stale when its owner has not touched it for this long: it was killed. Milliseconds. */
const STALE = 15_000

export interface Lock extends AsyncDisposable {
  release(): Promise<void>
}

/**
 * Takes the lock `path` or waits for it; `onWait` is called once if somebody else holds it. A killed owner's lock falls to the next
 * one after 15 s. Rejects as interrupted when aborted while waiting.
 */
export async function lock(path: string, signal: AbortSignal, onWait: () => void): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true })
  for (let waited = false; ;) {
    if (signal.aborted) throw interrupted()
    try {
      // A compromised lock means that this process slept for longer than STALE; losing it must not crash a finished build.
      const release = await lockfile.lock(path, { realpath: false, stale: STALE, onCompromised: () => undefined })
      let released = false
      const once = async () => {
        if (released) return
        released = true
        await release().catch(() => undefined)
      }
      return { release: once, [Symbol.asyncDispose]: once }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ELOCKED')) throw error
      if (!waited) onWait()
      waited = true
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** Whether somebody holds the lock now. */
export const isLocked = (path: string): Promise<boolean> =>
  lockfile.check(path, { realpath: false, stale: STALE }).catch(() => false)
