import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { keysIn, userKeys } from './ssh-keys.ts'

/** As ssh2 1.17 makes one in 256: the public key has 31 bytes, because it began with a zero. */
function cutShort({ private: text }: { private: string }): string {
  const [head = '', ...rest] = text.trim().split('\n')
  const bytes = Buffer.from(rest.slice(0, -1).join(''), 'base64')
  const whole = Buffer.from([0, 0, 0, 32])
  for (let at = bytes.indexOf(whole); at >= 0; at = bytes.indexOf(whole)) bytes.writeUInt32BE(31, at)
  return [head, bytes.toString('base64'), rest.at(-1), ''].join('\n')
}

const CUT = cutShort(userKeys())

test('a key that ssh2 cut short is not taken', () => {
  const good = userKeys()
  const made = [{ private: CUT, public: good.public }, good]
  expect(userKeys(() => made.shift() ?? good)).toBe(good)
  expect(made).toEqual([])
})

test('keys are made once, and are what the guest and we need', async () => {
  const dir = join(tempDir(), 'keys')
  const [one, other] = await Promise.all([keysIn(dir), keysIn(dir)])
  expect(other).toEqual(one)
  expect(await keysIn(dir)).toEqual(one)
  expect(ssh2.utils.parseKey(one.userPrivate)).not.toBeInstanceOf(Error)
  expect(one.hostPublic).toHaveLength(4 + 11 + 4 + 32)
})

test('a broken key is said before a guest is waited for, with the way out', async () => {
  const dir = join(tempDir(), 'keys')
  await keysIn(dir)
  await writeFile(join(dir, 'id_ed25519'), CUT)
  const failure = await failureOf(keysIn(dir))
  expect(failure.parts).toMatchObject({ place: dir, fact: expect.stringContaining('cannot be read') as string })
  expect(failure.parts.wayOut).toContain('new keys are made')
  expect(await readFile(join(dir, 'id_ed25519'), 'utf8')).toBe(CUT)
})
