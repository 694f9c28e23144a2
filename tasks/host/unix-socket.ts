/**
 * Connects to a unix socket whose path may be long. The kernel's limit is 108 bytes (sun_path); a path through
 * /proc/self/fd/N of the directory is always short enough, so that a lab may stand anywhere.
 */
import { open } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'

/** Resolves with a connected socket, or rejects with the system's error (ENOENT, ECONNREFUSED). */
export async function connectUnix(path: string): Promise<Socket> {
  const dir = await open(dirname(path), 'r')
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect(`/proc/self/fd/${dir.fd}/${basename(path)}`)
      socket.once('connect', () => resolve(socket))
      // The listener stays: the caller's own comes only after the next await, and an error that nobody hears ends the
      // process.
      socket.on('error', reject)
    })
  } finally {
    await dir.close()
  }
}
