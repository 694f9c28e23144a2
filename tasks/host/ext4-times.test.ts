import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashText } from '../engine/fingerprint.ts'
import { tempDir } from '../test/temp-dir.ts'
import { setImageTimes } from './ext4-times.ts'
import { needsProgram } from '../test/needs.ts'

function image(features = '^metadata_csum'): string {
  const dir = tempDir()
  const files = join(dir, 'files')
  mkdirSync(join(files, 'd'), { recursive: true })
  for (let index = 0; index < 40; index++) writeFileSync(join(files, 'd', `f${index}`), 'x'.repeat(index * 100))
  const file = join(dir, 'image')
  writeFileSync(file, '')
  truncateSync(file, 16 * 2 ** 20)
  const uuid = '4c414200-0000-4000-8000-000000000001'
  execFileSync(
    'mke2fs',
    ['-q', '-F', '-t', 'ext4', '-O', features, '-U', uuid, '-E', `hash_seed=${uuid},root_owner=0:0`, '-d', files, file],
    { env: { ...process.env, E2FSPROGS_FAKE_TIME: '1', SOURCE_DATE_EPOCH: '1' } },
  )
  return file
}

const E2FSPROGS = needsProgram('mke2fs', '-V', 'e2fsprogs')

test(
  'two images of files that were made at different times become the same bytes, and are sound',
  E2FSPROGS,
  async () => {
    const first = image()
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const second = image()
    const hash = (file: string) => hashText(readFileSync(file))
    // Files have their own times of modification, and those of change that nobody can set.
    expect(hash(first)).not.toBe(hash(second))
    for (const file of [first, second]) await setImageTimes(file, 1)
    expect(hash(first)).toBe(hash(second))
    expect(spawnSync('e2fsck', ['-f', '-n', first]).status).toBe(0)
    const { stdout } = spawnSync('debugfs', ['-R', 'stat d/f39', first])
    expect(stdout.toString()).toMatch(/ctime: 0x00000001:00000000/)
    expect(stdout.toString()).toMatch(/Size: 3900/)
  },
)

test('an image whose inodes have checksums is refused, and so is what is no image', E2FSPROGS, async () => {
  await expect(setImageTimes(image('metadata_csum'), 1)).rejects.toThrow('checksums')
  const junk = join(tempDir(), 'junk')
  writeFileSync(junk, Buffer.alloc(4096))
  await expect(setImageTimes(junk, 1)).rejects.toThrow('no ext4 image')
})
