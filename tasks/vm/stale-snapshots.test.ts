import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { factsOf, publicKeysHash } from './snapshot.ts'
import { staleSnapshots } from './stale-snapshots.ts'

/** A QEMU that says which one it is, first on the PATH until the test ends. */
async function installed(version: string, dir: string) {
  const program = join(dir, 'qemu-system-x86_64')
  await writeFile(program, `#!/bin/sh\necho '${version}'\n`)
  await chmod(program, 0o755)
  const before = process.env['PATH'] ?? ''
  process.env['PATH'] = `${dir}:${before}`
  onTestFinished(() => void (process.env['PATH'] = before))
}

async function lab(qemu = 'QEMU 1') {
  const dir = tempDir()
  await installed('QEMU 1', dir)
  const context = testContext(join(dir, 'cache'))
  const [keys, disk] = [join(dir, 'keys'), join(dir, 'disk.img')]
  await mkdir(keys)
  for (const name of ['host_key.pub', 'id_ed25519.pub']) await writeFile(join(keys, name), name)
  await writeFile(disk, 'base')
  const inputs = { qemu, keys: await publicKeysHash(keys), bases: [{ file: disk, ...(await factsOf(disk)) }] }
  const entry = await context.store.put('snapshot', fingerprintOf(inputs), inputs, (to) =>
    writeFile(join(to, 'about.json'), JSON.stringify({ taken: 'now', files: {}, keys })),
  )
  return { context, keys, disk, dir: entry.dir }
}

test('a snapshot whose lab, disks and QEMU are there stays', async () => {
  expect(await staleSnapshots((await lab()).context)).toEqual([])
})

test('one of another QEMU, of a lab that is gone or of an image that was made again can go', async () => {
  const other = await lab('QEMU 2')
  expect(await staleSnapshots(other.context)).toEqual([other.dir])
  const removed = await lab()
  await rm(removed.keys, { recursive: true })
  expect(await staleSnapshots(removed.context)).toEqual([removed.dir])
  const rekeyed = await lab()
  await writeFile(join(rekeyed.keys, 'host_key.pub'), 'another')
  expect(await staleSnapshots(rekeyed.context)).toEqual([rekeyed.dir])
  const rebuilt = await lab()
  await writeFile(rebuilt.disk, 'other base')
  expect(await staleSnapshots(rebuilt.context)).toEqual([rebuilt.dir])
})
