/**
 * The lab's own ssh keys: one for the user, one for all guests of the lab, made once and kept in the lab's state
 * directory.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../engine/directory.ts'
import { labError, messageOf } from '../engine/error.ts'
import { removeAtForcedEnd } from '../engine/interruption.ts'
import { later } from '../engine/later.ts'
import { partialBeside } from '../engine/replace-file.ts'

const ssh2 = later<typeof import('ssh2')>('ssh2')

export interface Keys {
  /** OpenSSH private key of the user. */
  readonly userPrivate: string
  /** One line for authorized_keys. */
  readonly userPublic: string
  /** The guest's host key as dropbear stores it. */
  readonly hostPrivate: Buffer
  /** The guest's public host key in wire format. */
  readonly hostPublic: Buffer
}

/** An SSH string: 32-bit big-endian length and the bytes (RFC 4251, section 5). */
function sshString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/**
 * An ed25519 host key in dropbear's file format: the type, then seed and public key in one string of 64 bytes
 * (dropbear src/ed25519.c, buf_put_ed25519_priv_key); and its public half in wire format (RFC 8709).
 */
function hostKey(): { private: Buffer; public: Buffer } {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const seed = Buffer.from(jwk.d ?? '', 'base64url')
  const point = Buffer.from(jwk.x ?? '', 'base64url')
  const type = sshString(Buffer.from('ssh-ed25519'))
  return {
    private: Buffer.concat([type, sshString(Buffer.concat([seed, point]))]),
    public: Buffer.concat([type, sshString(point)]),
  }
}

const isKey = (text: string): boolean => !(ssh2().utils.parseKey(text) instanceof Error)

/**
 * A key pair of a user. ssh2 (1.17) takes leading zeros off an ed25519 public key, which is then none: one lab in 256
 * would have a key that no guest and no ssh client accepts. So what it makes is read again.
 */
export function userKeys(
  generate = () => ssh2().utils.generateKeyPairSync('ed25519', { comment: 'lab' }),
): ReturnType<typeof generate> {
  for (;;) {
    const pair = generate()
    if (isKey(pair.private) && isKey(pair.public)) return pair
  }
}

/** Makes the four files in `dir`, whole or not at all; two processes at once end with the same keys. */
export async function writeKeyPair(dir: string): Promise<void> {
  const user = userKeys()
  const host = hostKey()
  makeDirectory(dirname(dir), 0o700)
  const partial = partialBeside(dir)
  const removed = removeAtForcedEnd(partial)
  try {
    await mkdir(partial, { mode: 0o700 })
    await writeFile(join(partial, 'id_ed25519'), user.private, { mode: 0o600 })
    await writeFile(join(partial, 'id_ed25519.pub'), `${user.public}\n`)
    await writeFile(join(partial, 'host_key'), host.private, { mode: 0o600 })
    await writeFile(join(partial, 'host_key.pub'), `ssh-ed25519 ${host.public.toString('base64')} lab-guest\n`)
    // Fails when somebody was faster; then theirs count.
    await rename(partial, dir).catch(() => undefined)
  } finally {
    removed()
    await rm(partial, { recursive: true, force: true })
  }
}

/** Reads the keys of `dir`, making them first if there are none. */
export async function keysIn(dir: string): Promise<Keys> {
  const read = async (): Promise<Keys> => {
    const [userPrivate, userPublic, hostPrivate, hostLine] = await Promise.all([
      readFile(join(dir, 'id_ed25519'), 'utf8'),
      readFile(join(dir, 'id_ed25519.pub'), 'utf8'),
      readFile(join(dir, 'host_key')),
      readFile(join(dir, 'host_key.pub'), 'utf8'),
    ])
    if (!isKey(userPrivate)) throw new Error('id_ed25519 holds no key')
    return { userPrivate, userPublic, hostPrivate, hostPublic: Buffer.from(hostLine.split(' ')[1] ?? '', 'base64') }
  }
  try {
    return await read()
  } catch {
    // Does nothing where the directory is there.
    await writeKeyPair(dir)
    return await read().catch((error: unknown) => {
      throw labError(
        {
          place: dir,
          fact: `the lab's ssh keys cannot be read: ${messageOf(error)}`,
          wayOut: 'stop the VMs (`lab down`), remove that directory, and new keys are made',
        },
        error,
      )
    })
  }
}
