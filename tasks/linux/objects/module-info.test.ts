import { expect, test } from 'vitest'
import { loadOrder, moduleInfo } from './module-info.ts'
import { moduleFile } from './module.fixture.ts'

test('what a module says of itself, with one spelling of its name', () => {
  const bytes = moduleFile({
    name: 'virtio_rng',
    release: '6.1.0',
    depends: ['virtio', 'virtio-ring'],
    softdep: 'pre: crypto-crc32c post: x',
    aliases: ['fs-ext4', 'ext2'],
  })
  expect(moduleInfo(bytes, 'virtio-rng')).toEqual({
    name: 'virtio_rng',
    depends: ['virtio', 'virtio_ring'],
    before: ['crypto_crc32c'],
    aliases: ['fs_ext4', 'ext2'],
    vermagic: '6.1.0 SMP mod_unload modversions ',
  })
})

test('each module comes behind what it needs, once; what is missing is named unless it is only of use', async () => {
  const known: Record<string, { depends?: string[]; before?: string[] }> = {
    a: { depends: ['b', 'c'] },
    b: { depends: ['c'], before: ['nowhere'] },
    c: { before: ['d'] },
    d: {},
    e: { depends: ['gone'] },
  }
  const of = (name: string) => {
    const one = known[name]
    return Promise.resolve(
      one && { name, depends: one.depends ?? [], before: one.before ?? [], aliases: [], vermagic: '' },
    )
  }
  expect(await loadOrder(['a', 'e'], of)).toEqual({ order: ['d', 'c', 'b', 'a', 'e'], missing: ['gone'] })
})

test('modules that need each other end the search', async () => {
  const of = (name: string) =>
    Promise.resolve({ name, depends: [name === 'a' ? 'b' : 'a'], before: [], aliases: [], vermagic: '' })
  expect((await loadOrder(['a'], of)).order).toEqual(['b', 'a'])
})

test('a module that is asked for by an alias is loaded by its name, and once', async () => {
  const generic = { name: 'crc32c_generic', depends: [], before: [], aliases: ['crypto_crc32c'], vermagic: '' }
  const known = new Map([
    ['ext4', { ...generic, name: 'ext4', before: ['crypto_crc32c'] }],
    ['btrfs', { ...generic, name: 'btrfs', before: ['crypto_crc32c'], depends: ['crc32c_generic'] }],
    ['crypto_crc32c', generic],
    ['crc32c_generic', generic],
  ])
  const { order } = await loadOrder(['ext4', 'btrfs'], (name) => Promise.resolve(known.get(name)))
  expect(order).toEqual(['crc32c_generic', 'ext4', 'btrfs'])
})
