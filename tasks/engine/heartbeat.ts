/**
 * Signs of life of what is written or used for long, for processes that cannot see ours: on another host, or in a
 * container. A path's time is set again each minute. Hosts' clocks differ by minutes, so both who sets the time and who
 * reads it go by the clock of the file system: by the time that a file has which was made there just now.
 */
import { open, rm, stat, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import { partialIn } from './process.ts'

/** Milliseconds between two beats. */
const BEAT = 60_000
/**
 * What has been silent for so long is nobody's: a host that swaps, or a file server that hangs, may miss some beats.
 * Milliseconds.
 */
export const SILENT = 10 * BEAT

/**
 * The time now by the clock of the file system that a directory is on, in milliseconds; by ours where nothing can be
 * written there.
 */
export async function timeOn(dir: string): Promise<number> {
  const probe = partialIn(dir)
  try {
    const file = await open(probe, 'wx')
    try {
      return (await file.stat()).mtimeMs
    } finally {
      await file.close()
      await rm(probe, { force: true })
    }
  } catch {
    return Date.now()
  }
}

/**
 * Milliseconds since a path was last written or touched, by the clock of its file system; undefined where it is not
 * there.
 */
export async function silence(path: string): Promise<number | undefined> {
  const facts = await stat(path).catch(() => undefined)
  return facts && (await timeOn(dirname(path))) - facts.mtimeMs
}

/** Shows others that a path is in use, now. A path that is gone, or that cannot be touched, is left alone. */
export async function beat(path: string): Promise<void> {
  const now = new Date(await timeOn(dirname(path)))
  await utimes(path, now, now).catch(() => undefined)
}

/** Beats until it is disposed of. @param every milliseconds between two beats */
export function keepBeating(path: string, every = BEAT): Disposable {
  const timer = setInterval(() => void beat(path), every).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
