import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { PrebuiltSource } from '../../../config/prebuilt.ts'
import { fingerprintOf, hashFile, hashText } from '../../../engine/fingerprint.ts'
import { suiteOfKernel } from '../../../linux/debian-releases.ts'
import { bzImage } from '../../../linux/objects/bzimage.fixture.ts'
import { moduleFile } from '../../../linux/objects/module.fixture.ts'
import { LAYOUTS, strippedElf, SYMBOLS } from '../../../linux/symbols/kallsyms-table.fixture.ts'
import { failureOf } from '../../../test/caught.ts'
import { TOOL_ROOT } from '../../../commands/shared/app.ts'
import { testContext } from '../../../test/context.ts'
import { tempDir } from '../../../test/temp-dir.ts'
import { kernelFingerprint } from '../identity.ts'
import { restorePrebuilt } from './restore.ts'

const RELEASE = '6.1.0-50-cloud-amd64'
const NAME = `linux-image-${RELEASE}`
const VERSION = '6.1.176-1'
const LAYOUT = LAYOUTS['6.1 with backports']
if (!LAYOUT) throw new Error('no layout')
const CONFIG = ['BLK_DEV_INITRD', 'DEVTMPFS', 'SERIAL_8250_CONSOLE', 'EXT4_FS'].map((name) => `CONFIG_${name}=y\n`)
const MODULES = ['VIRTIO_PCI', 'VIRTIO_BLK', 'VIRTIO_NET'].map((name) => `CONFIG_${name}=m\n`)

const image = () => bzImage(gzipSync(strippedElf(SYMBOLS, LAYOUT)), RELEASE)

/** The files of a package as Debian has them; what a test wants otherwise replaces them, undefined takes one away. */
function files(changes: Readonly<Record<string, string | Buffer | undefined>> = {}): Record<string, string | Buffer> {
  const below = `lib/modules/${RELEASE}/kernel/drivers`
  const all = {
    [`boot/vmlinuz-${RELEASE}`]: image(),
    [`boot/config-${RELEASE}`]: [...CONFIG, ...MODULES].join(''),
    [`${below}/virtio/virtio.ko`]: moduleFile({ name: 'virtio', release: RELEASE }),
    [`${below}/virtio/virtio_pci.ko`]: moduleFile({ name: 'virtio_pci', release: RELEASE, depends: ['virtio'] }),
    [`${below}/block/virtio_blk.ko`]: moduleFile({ name: 'virtio_blk', release: RELEASE, depends: ['virtio'] }),
    [`${below}/net/virtio_net.ko`]: moduleFile({ name: 'virtio_net', release: RELEASE, depends: ['net-failover'] }),
    [`${below}/net/net_failover.ko`]: moduleFile({ name: 'net_failover', release: RELEASE }),
    ...changes,
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, content]) => (content === undefined ? [] : [[name, content]])),
  )
}

function write(root: string, all: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(all)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
}

/** A Debian package with these files; returns its path. */
function deb(
  dir: string,
  all: Readonly<Record<string, string | Buffer>>,
  control: { name?: string; architecture?: string; depends?: string } = {},
): string {
  const { name = NAME, architecture = 'amd64', depends } = control
  const root = join(dir, `tree-${name}`)
  write(root, all)
  write(root, {
    'DEBIAN/control': [
      `Package: ${name}`,
      `Version: ${VERSION}`,
      `Architecture: ${architecture}`,
      'Maintainer: Nobody <nobody@example.org>',
      ...(depends === undefined ? [] : [`Depends: ${depends}`]),
      'Description: a kernel\n',
    ].join('\n'),
  })
  const file = join(dir, `${name}.deb`)
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', root, file], { stdio: 'ignore' })
  return file
}

/** Restores the kernel of a source in a cache of its own, into which its packages were fetched before. */
async function restore(source: PrebuiltSource, cache: string, fetched: readonly (readonly [string, string])[] = []) {
  const context = testContext(cache)
  for (const [name, file] of fetched) {
    const sha256 = await hashFile(file)
    mkdirSync(join(cache, 'sources'), { recursive: true })
    cpSync(file, join(cache, 'sources', `${sha256.slice(0, 16)}-${name}.deb`))
  }
  const inputs = { kind: 'prebuilt', source: source.sha256 }
  const handle = { progress: () => undefined }
  return await restorePrebuilt(source, fingerprintOf(inputs), inputs, 'kernel k', context, handle)
}

async function packaged(file: string, more: Partial<Extract<PrebuiltSource, { prebuilt: string }>> = {}) {
  return { prebuilt: NAME, version: VERSION, sha256: await hashFile(file), ...more }
}

describe('a package of a kernel', () => {
  test('becomes what every other kernel of the store has, with the modules of the disks in their order', async () => {
    const dir = tempDir()
    const file = deb(dir, files())
    const { entry, fresh } = await restore(await packaged(file), join(dir, 'cache'), [[NAME, file]])
    const read = (name: string) => readFileSync(join(entry.dir, name), 'utf8')
    expect(fresh).toBe(false)
    expect(read('release')).toBe(`${RELEASE}\n`)
    expect(read('modules/order').trim().split('\n')).toEqual([
      'virtio.ko',
      'virtio_pci.ko',
      'virtio_blk.ko',
      'net_failover.ko',
      'virtio_net.ko',
    ])
    expect(read('System.map').split('\n')).toContain('ffffffff81000010 t vfs_function_1')
    expect(readFileSync(join(entry.dir, 'bzImage')).equals(image())).toBe(true)
    expect((await restore(await packaged(file), join(dir, 'cache'))).fresh).toBe(true)
  })

  test('has ext4 as a module, and with it the algorithm that ext4 asks for by an alias', async () => {
    const dir = tempDir()
    const below = `lib/modules/${RELEASE}/kernel`
    const algorithm = (name: string, alias: string) => moduleFile({ name, release: RELEASE, aliases: [alias] })
    const all = files({
      [`boot/config-${RELEASE}`]: [...CONFIG, ...MODULES].join('').replace('EXT4_FS=y', 'EXT4_FS=m'),
      [`${below}/fs/ext4.ko`]: moduleFile({ name: 'ext4', release: RELEASE, softdep: 'pre: crypto-crc32c' }),
      [`${below}/crypto/aes_generic.ko`]: algorithm('aes_generic', 'crypto-aes'),
      [`${below}/crypto/crc32c_generic.ko`]: algorithm('crc32c_generic', 'crypto-crc32c'),
      [`${below}/arch/x86/crypto/crc32c-intel.ko`]: algorithm('crc32c_intel', 'crypto-crc32c'),
    })
    const file = deb(dir, all)
    const { entry } = await restore(await packaged(file), join(dir, 'cache'), [[NAME, file]])
    const order = readFileSync(join(entry.dir, 'modules/order'), 'utf8').trim().split('\n')
    expect(order.slice(-2)).toEqual(['crc32c_generic.ko', 'ext4.ko'])
    expect(order).not.toContain('crc32c_intel.ko')
  })

  test('of 7.x is several packages', async () => {
    const dir = tempDir()
    const exact = `linux-binary-${RELEASE} (= ${VERSION}), linux-modules-${RELEASE} (= ${VERSION}), kmod`
    const meta = deb(dir, {}, { depends: exact })
    const { parts } = await failureOf(restore(await packaged(meta), join(dir, 'a'), [[NAME, meta]]))
    expect(parts.fact).toBe(`package ${NAME} holds no kernel (no boot/vmlinuz-*)`)
    expect(parts.lines).toEqual([`it depends on linux-binary-${RELEASE}, linux-modules-${RELEASE}`])
    expect(parts.wayOut).toContain(`lab kernels add ${NAME}`)
    const all = Object.entries(files())
    const [binary, modules] = ['boot/', 'lib/'].map((prefix, index) => {
      const name = `linux-${index === 0 ? 'binary' : 'modules'}-${RELEASE}`
      return [name, deb(dir, Object.fromEntries(all.filter(([path]) => path.startsWith(prefix))), { name })] as const
    })
    if (!binary || !modules) throw new Error('two packages')
    const source = await packaged(meta, {
      parts: { [binary[0]]: await hashFile(binary[1]), [modules[0]]: await hashFile(modules[1]) },
    })
    const { entry } = await restore(source, join(dir, 'b'), [[NAME, meta], binary, modules])
    expect(readFileSync(join(entry.dir, 'modules/order'), 'utf8')).toContain('virtio_blk.ko')
  })

  test.each<[string, Parameters<typeof files>[0], RegExp, RegExp]>([
    [
      'without a module that a guest needs',
      { [`lib/modules/${RELEASE}/kernel/drivers/block/virtio_blk.ko`]: undefined },
      /drivers as modules, and they are not there: virtio_blk/,
      /linux-modules-\*/,
    ],
    [
      'without a module that another one needs',
      { [`lib/modules/${RELEASE}/kernel/drivers/virtio/virtio.ko`]: undefined },
      /not there: virtio$/,
      /linux-modules-\*/,
    ],
    [
      'with modules of another kernel',
      {
        [`lib/modules/${RELEASE}/kernel/drivers/virtio/virtio.ko`]: moduleFile({ name: 'virtio', release: '6.1.0-49' }),
      },
      /module virtio was built for 6\.1\.0-49, and the kernel is 6\.1\.0-50-cloud-amd64/,
      /one package and version/,
    ],
    [
      'without drivers for virtual disks',
      { [`boot/config-${RELEASE}`]: CONFIG.join('') },
      /lacks options that a guest needs: CONFIG_VIRTIO_PCI, CONFIG_VIRTIO_BLK, CONFIG_VIRTIO_NET/,
      /cloud-amd64/,
    ],
    [
      'without the file system of the disks',
      { [`boot/config-${RELEASE}`]: [...CONFIG, ...MODULES].join('').replace('CONFIG_EXT4_FS=y\n', '') },
      /lacks options that a guest needs: CONFIG_EXT4_FS$/,
      /cloud-amd64/,
    ],
    [
      'whose configuration is another file',
      { [`boot/config-${RELEASE}`]: 'hello\n' },
      /^config-6\.1\.0-50-cloud-amd64 is not the configuration of a kernel: it sets no option$/,
      /\.config that this kernel was built with/,
    ],
    [
      'with something else in the place of the kernel',
      { [`boot/vmlinuz-${RELEASE}`]: undefined, 'usr/bin/strace': 'a program' },
      /^package \S+ holds no kernel/,
      /name a linux-image-\* package/,
    ],
    [
      'whose kernel is damaged',
      { [`boot/vmlinuz-${RELEASE}`]: bzImage(gzipSync(Buffer.from('\x7fELFnothing', 'latin1')), RELEASE) },
      /its kernel cannot be read/,
      /linux-image-\*/,
    ],
  ])('%s is refused', async (_name, changes, fact, wayOut) => {
    const dir = tempDir()
    const file = deb(dir, files(changes))
    const { kind, parts } = await failureOf(restore(await packaged(file), join(dir, 'cache'), [[NAME, file]]))
    expect(kind).toBe('user')
    expect(parts.place).toBe('kernel k')
    expect(parts.fact).toMatch(fact)
    expect(parts.wayOut).toMatch(wayOut)
  })

  test('of another architecture, and another package than the one that is named', async () => {
    const dir = tempDir()
    const arm = deb(dir, files(), { architecture: 'arm64' })
    const wrong = await failureOf(restore(await packaged(arm), join(dir, 'a'), [[NAME, arm]]))
    expect(wrong.parts.fact).toBe(`package ${NAME} is for arm64, and guests are amd64`)
    const other = deb(dir, files(), { name: 'linux-image-other' })
    const named = await failureOf(restore(await packaged(other), join(dir, 'b'), [[NAME, other]]))
    expect(named.parts.fact).toBe(`the package that has this sha256 is linux-image-other, and not ${NAME}`)
  })

  test('of another version than the one that is named: a result would name a kernel that it was not', async () => {
    const dir = tempDir()
    const file = deb(dir, files())
    const mistyped = await packaged(file, { version: '6.1.167-1' })
    const { kind, parts } = await failureOf(restore(mistyped, join(dir, 'a'), [[NAME, file]]))
    expect(kind).toBe('user')
    expect(parts.fact).toBe(`the file of ${NAME} that has this sha256 is version ${VERSION}, and not 6.1.167-1`)
    expect(parts.wayOut).toContain(`\`version: ${VERSION}\``)
  })

  test('that ends in the middle', async () => {
    const dir = tempDir()
    const whole = readFileSync(deb(dir, files()))
    const cut = join(dir, 'cut.deb')
    writeFileSync(cut, whole.subarray(0, Math.floor(whole.length / 2)))
    const { kind, parts } = await failureOf(restore({ file: cut, sha256: await hashFile(cut) }, join(dir, 'a')))
    expect(kind).toBe('user')
    expect(parts.fact).toMatch(/^cut\.deb cannot be unpacked: the package is damaged/)
    expect(parts.wayOut).toContain('sha256 of the whole file')
  })
})

describe('a kernel by its path', () => {
  const local = (dir: string, content: string | Buffer) => {
    write(dir, { kernel: content })
    return { file: join(dir, 'kernel'), sha256: hashText(content.toString('latin1')) }
  }

  test('a .deb, and a boot image with its configuration beside it', async () => {
    const dir = tempDir()
    const file = deb(dir, files())
    const packed = await restore({ file, sha256: await hashFile(file) }, join(dir, 'a'))
    expect(readFileSync(join(packed.entry.dir, 'release'), 'utf8')).toBe(`${RELEASE}\n`)
    write(dir, { bzImage: image(), config: [...CONFIG, ...MODULES.map((line) => line.replace('=m', '=y'))].join('') })
    const source = { file: join(dir, 'bzImage'), sha256: await hashFile(join(dir, 'bzImage')) }
    const alone = await failureOf(restore(source, join(dir, 'b')))
    expect(alone.parts.fact).toContain('the configuration of this kernel is unknown')
    const bare = await restore({ ...source, config: join(dir, 'config') }, join(dir, 'c'))
    expect(readFileSync(join(bare.entry.dir, 'modules/order'), 'utf8')).toBe('')
  })

  test('a kernel that is newer than every table of ours is taken as it is', async () => {
    const dir = tempDir()
    const release = '99.9.0-1-cloud-amd64'
    const built = [...CONFIG, ...MODULES.map((line) => line.replace('=m', '=y'))].join('')
    write(dir, { bzImage: bzImage(gzipSync(strippedElf(SYMBOLS, LAYOUT)), release), config: built })
    const source = { file: join(dir, 'bzImage'), sha256: await hashFile(join(dir, 'bzImage')) }
    const { entry } = await restore({ ...source, config: join(dir, 'config') }, join(dir, 'a'))
    expect(readFileSync(join(entry.dir, 'release'), 'utf8')).toBe(`${release}\n`)
    expect(suiteOfKernel(`linux-image-${release}`)).toBe('sid')
  })

  test('a file with another sha256, a text, and no file', async () => {
    const dir = tempDir()
    const { file } = local(dir, '#!/bin/sh\n')
    const sha256 = await hashFile(file)
    const wrong = await failureOf(restore({ file, sha256: '0'.repeat(64) }, join(dir, 'a')))
    expect(wrong.parts.lines).toEqual([`wanted ${'0'.repeat(64)}`, `found  ${sha256}`])
    const text = await failureOf(restore({ file, sha256 }, join(dir, 'b')))
    expect(text.parts.fact).toBe('its kernel cannot be read: it is not an x86 boot image (it has no "HdrS" header)')
    const none = await failureOf(restore({ file: join(dir, 'none'), sha256 }, join(dir, 'c')))
    expect(none.parts.fact).toBe(`${join(dir, 'none')} is not there`)
  })
})

const KERNEL = {
  name: 'k',
  source: { prebuilt: NAME, version: VERSION, sha256: '0'.repeat(64) },
  config: [],
  options: {},
  compat: 'auto' as const,
  debug: 'btf' as const,
  patches: [],
  parallelPaths: [],
  expose: [],
}

test('its fingerprint follows from its packages alone: no compiler is asked', async () => {
  const context = { ...testContext(tempDir()), toolRoot: TOOL_ROOT }
  const path = process.env['PATH']
  process.env['PATH'] = '/nowhere'
  try {
    const { fingerprint, plan } = await kernelFingerprint(KERNEL, context)
    expect(plan).toBeUndefined()
    const changes = [{ parts: { 'linux-modules-x': '1'.repeat(64) } }, { version: '6.1.176-2' }]
    for (const change of changes) {
      const other = { ...KERNEL, source: { ...KERNEL.source, ...change } }
      expect((await kernelFingerprint(other, context)).fingerprint, JSON.stringify(change)).not.toBe(fingerprint)
    }
  } finally {
    process.env['PATH'] = path
  }
})

test('what an experiment or a command would change of it is refused with a way out', async () => {
  const context = testContext(tempDir())
  const refused = async (change: Partial<typeof KERNEL>, override?: string) =>
    (await failureOf(kernelFingerprint({ ...KERNEL, ...change }, context, override))).parts
  const { place, fact, wayOut } = await refused({ options: { KASAN: 'y' } })
  expect([place, fact]).toEqual(['kernel k', '`options: { KASAN: y }` needs a kernel that is built, and k is prebuilt'])
  expect(wayOut).toContain('lab kernels add linux-source-6.1')
  expect((await refused({}, '/linux')).fact).toMatch(/^--source needs/)
  expect((await refused({ options: { BLK_DEV_RAM: 'y' } })).fact).toMatch(/^a deterministic VM/)
})
