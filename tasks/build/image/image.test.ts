/** What an image is made of: whatever changes the disk changes the inputs. */
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { directoryWith, RECIPE } from '../../config/lab.fixture.ts'
import { Failure } from '../../engine/error.ts'
import { changedInputs } from '../../engine/fingerprint.ts'
import { imageInputs } from './image.ts'

const TOOL_ROOT = join(import.meta.dirname, '../../..')

let recipe = ''
beforeEach(() => {
  recipe = directoryWith({ 'image.yaml': RECIPE, 'overlay/sbin/init': '#!/bin/sh\n' })
  for (const [name, mode] of [
    ['', 0o755],
    ['sbin', 0o755],
    ['sbin/init', 0o644],
  ] as const)
    chmodSync(join(recipe, 'overlay', name), mode)
  symlinkSync('one', join(recipe, 'overlay/link'))
})
const inputs = async () => await imageInputs({ name: 'x', recipe, locked: undefined }, TOOL_ROOT)
const overlay = (name: string) => join(recipe, 'overlay', name)

test.each<[string, () => void, readonly string[]]>([
  ['nothing', () => undefined, []],
  ['the contents of a file', () => writeFileSync(overlay('sbin/init'), '#!/bin/bash\n'), ['overlay./sbin/init']],
  ['chmod +x of a file', () => chmodSync(overlay('sbin/init'), 0o755), ['overlay./sbin/init']],
  [
    'the umask of a checkout',
    () => {
      chmodSync(overlay('sbin/init'), 0o664)
      for (const name of ['', 'sbin']) chmodSync(overlay(name), 0o775)
    },
    [],
  ],
  [
    'the target of a link',
    () => {
      rmSync(overlay('link'))
      symlinkSync('two', overlay('link'))
    },
    ['overlay./link'],
  ],
  ['an empty directory', () => mkdirSync(overlay('data')), ['overlay./data']],
  [
    'the whole overlay',
    () => rmSync(overlay(''), { recursive: true }),
    ['overlay./', 'overlay./link', 'overlay./sbin', 'overlay./sbin/init'],
  ],
])('the overlay: %s', async (_, change, names) => {
  const before = await inputs()
  change()
  expect(changedInputs(before, await inputs())).toEqual(names)
})

test('a wrong recipe is the user’s to correct, at its place', async () => {
  writeFileSync(join(recipe, 'image.yaml'), `${RECIPE}shell: "/bin/sh; touch /tmp/x"\n`)
  const failure = await inputs().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure).toMatchObject({ kind: 'user', parts: { fact: 'the recipe of image x is wrong' } })
})
