import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { onNodeDisk, storeFilesIn } from './capsule.ts'
import { needs } from '../../test/needs.ts'

/**
 * A directory on another disk than the one of the tests, as the disk of a node is another one than that of the store.
 */
const OTHER_DISK = ['/dev/shm', '/var/tmp'].find((dir) => {
  const facts = statSync(dir, { throwIfNoEntry: false })
  return facts !== undefined && facts.dev !== statSync(tmpdir()).dev
})

/** Where a user's copies are. */
const copiesIn = (scratch: string): string => join(scratch, `lab-capsule-${process.getuid?.() ?? 0}`)

/** A store with a kernel and an image of 8 MiB that is mostly a hole, and what a plan says of them. */
async function planned() {
  const cache = tempDir()
  const context = testContext(cache)
  const [kernel, image] = ['kernel/aa', 'image/bb'].map((name) => join(context.store.root, name))
  for (const dir of [kernel, image]) mkdirSync(dir ?? '', { recursive: true })
  writeFileSync(join(kernel ?? '', 'bzImage'), 'kernel')
  const file = await open(join(image ?? '', 'root.img'), 'w')
  await file.truncate(8 * 2 ** 20)
  await file.write('end', 8 * 2 ** 20 - 3)
  await file.close()
  const vm = {
    kernel: { dir: kernel, image: join(kernel ?? '', 'bzImage') },
    image: { disk: join(image ?? '', 'root.img') },
  }
  return { context, artefacts: new Map([[undefined, { vm, notCompiled: [], argv: ['/not/of/the/store'] }]]) }
}

describe(
  'inputs of a plan on a disk of the node',
  needs(OTHER_DISK !== undefined, 'there is no second file system'),
  () => {
    const scratch = OTHER_DISK === undefined ? '' : mkdtempSync(join(OTHER_DISK, 'lab-test-'))
    afterAll(() => {
      if (scratch !== '') rmSync(scratch, { recursive: true, force: true })
    })

    test('are copied once, whoever asks at the same time, and used from there', async () => {
      const { context, artefacts } = await planned()
      const [first, second] = await Promise.all([
        onNodeDisk(artefacts, scratch, context),
        onNodeDisk(artefacts, scratch, context),
      ])
      expect(second).toEqual(first)
      const copied = () =>
        context.events.flatMap((event) => ('text' in event && event.text.startsWith('copied ') ? [event.text] : []))
      expect(copied()).toEqual([expect.stringMatching(/^copied 2 files to /)])
      const { vm, argv } = first.get(undefined) ?? {}
      expect(vm?.kernel.image).toMatch(new RegExp(`^${scratch}/.*/bzImage$`))
      expect(readFileSync(vm?.kernel.image ?? '', 'utf8')).toBe('kernel')
      // A directory is read where it is: only few of its files are needed.
      expect(vm?.kernel.dir).toBe(artefacts.get(undefined)?.vm.kernel.dir)
      expect(argv).toEqual(['/not/of/the/store'])
      const disk = statSync(vm?.image.disk ?? '')
      expect(disk.size).toBe(8 * 2 ** 20)
      expect(disk.blocks * 512).toBeLessThan(2 ** 20)
      await onNodeDisk(artefacts, scratch, context)
      expect(copied()).toHaveLength(1)
    })

    test('that lost their contents are copied again', async () => {
      const { context, artefacts } = await planned()
      const image = async () => (await onNodeDisk(artefacts, scratch, context)).get(undefined)?.vm.kernel.image ?? ''
      truncateSync(await image(), 0)
      expect(readFileSync(await image(), 'utf8')).toBe('kernel')
      // As after a power cut: the length is there and the contents are not.
      const copy = await image()
      const note = join(dirname(copy), 'checked.json')
      const { atime, mtime } = statSync(copy)
      writeFileSync(copy, 'nrekel')
      utimesSync(copy, atime, mtime)
      const { size, ino, mtimeMs } = statSync(copy)
      const known = JSON.parse(readFileSync(note, 'utf8')) as object
      writeFileSync(note, JSON.stringify({ ...known, stamp: `${size} ${ino} ${mtimeMs}`, boot: 'an earlier one' }))
      expect(readFileSync(await image(), 'utf8')).toBe('kernel')
    })

    test.each([
      ['every user may write to', 'other users may replace what is in it', (own: string) => chmodSync(own, 0o777)],
      ['a group may write to', 'other users may replace what is in it', (own: string) => chmodSync(own, 0o770)],
      [
        'others may write to the copies of',
        'others may write to ',
        (own: string) => {
          mkdirSync(copiesIn(own))
          chmodSync(copiesIn(own), 0o770)
        },
      ],
      [
        'somebody else has a link in',
        'belongs to somebody else',
        (own: string) => {
          mkdirSync(join(own, 'elsewhere'))
          symlinkSync(join(own, 'elsewhere'), copiesIn(own))
        },
      ],
    ])('are not put into a directory that %s', async (_, fact, prepare) => {
      const { context, artefacts } = await planned()
      const own = mkdtempSync(join(scratch, 'open-'))
      prepare(own)
      await expect(onNodeDisk(artefacts, own, context)).rejects.toMatchObject({
        kind: 'lab',
        parts: { fact: expect.stringContaining(fact) as string },
      })
    })

    test('may be in a directory as /tmp, where nobody may replace what another made', async () => {
      const { context, artefacts } = await planned()
      const own = mkdtempSync(join(scratch, 'tmp-'))
      chmodSync(own, 0o1777)
      expect((await onNodeDisk(artefacts, own, context)).get(undefined)?.vm.kernel.image).toContain(own)
    })

    test('that nobody has used for weeks are removed', async () => {
      const own = mkdtempSync(join(scratch, 'old-'))
      const before = await planned()
      await onNodeDisk(before.artefacts, own, before.context)
      const [dir = ''] = readdirSync(own)
      const copies = () => readdirSync(join(own, dir)).filter((name) => /^[0-9a-f]{32}$/.test(name))
      const old = copies()
      expect(old).toHaveLength(2)
      const time = new Date('2020-01-01T00:00:00Z')
      for (const name of old) utimesSync(join(own, dir, name), time, time)
      const after = await planned()
      await onNodeDisk(after.artefacts, own, after.context)
      expect(copies()).toHaveLength(2)
      expect(copies().some((name) => old.includes(name))).toBe(false)
    })
  },
)

test('scratch on the disk of the store: nothing is copied', async () => {
  const { context, artefacts } = await planned()
  const scratch = join(context.cache, 'scratch')
  expect(await onNodeDisk(artefacts, scratch, context)).toBe(artefacts)
  expect(readdirSync(scratch)).toEqual([])
})

test('only files of the store are inputs', async () => {
  const { context, artefacts } = await planned()
  const { vm } = artefacts.get(undefined) ?? {}
  expect(storeFilesIn(artefacts, context.store.root)).toEqual([vm?.kernel.image, vm?.image.disk])
})
