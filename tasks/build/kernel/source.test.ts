import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hashText } from '../../engine/fingerprint.ts'
import { failureOf } from '../../test/caught.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { ensureTree, identify, unpackTar } from './source.ts'
import { KernelTree } from './tree.ts'

const PLACE = 'kernel v5.4'
const handle = { progress: () => undefined }

function write(root: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

describe('an archive', () => {
  const setUp = () => {
    const root = tempDir()
    const into = join(root, 'into')
    mkdirSync(into)
    return { root, into, archive: join(root, 'linux.tar') }
  }
  const unpack = (archive: string, into: string) => unpackTar(archive, into, testContext(into), PLACE)

  test('loses its first folder', async () => {
    const { root, into, archive } = setUp()
    write(root, { 'linux-5.4/Makefile': 'VERSION = 5\n' })
    execFileSync('tar', ['-cf', archive, '-C', root, 'linux-5.4'])
    await unpack(archive, into)
    expect(readFileSync(join(into, 'Makefile'), 'utf8')).toBe('VERSION = 5\n')
  })

  test('with members named "..": refused, and nothing is written outside', async () => {
    const { root, into, archive } = setUp()
    write(root, { 'in/evil': 'x' })
    execFileSync('tar', ['-cf', archive, '-C', join(root, 'in'), '--transform', 's,evil,linux/../../evil,', 'evil'])
    const { kind, parts } = await failureOf(unpack(archive, into))
    expect(kind).toBe('user')
    expect(parts.fact).toBe('the archive has files that would be unpacked outside its directory: linux.tar')
    expect(parts.lines?.join()).toContain('linux/../../evil')
    expect(existsSync(join(root, 'evil'))).toBe(false)
  })

  test('with a symlink to a directory outside and a file behind it: refused', async () => {
    const { root, into, archive } = setUp()
    mkdirSync(join(root, 'victim'))
    mkdirSync(join(root, 'a/linux'), { recursive: true })
    symlinkSync(join(root, 'victim'), join(root, 'a/linux/door'))
    write(root, { 'b/linux/door/evil': 'x' })
    execFileSync('tar', ['-cf', archive, '-C', join(root, 'a'), 'linux/door'])
    execFileSync('tar', ['-rf', archive, '-C', join(root, 'b'), 'linux/door/evil'])
    const { parts } = await failureOf(unpack(archive, into))
    expect(parts.fact).toContain('would be unpacked outside')
    expect(existsSync(join(root, 'victim/evil'))).toBe(false)
  })

  test('with absolute names: they end below the directory', async () => {
    const { root, into, archive } = setUp()
    write(root, { 'abs/f': 'x' })
    execFileSync('tar', ['-cPf', archive, join(root, 'abs/f')], { stdio: 'ignore' })
    await unpack(archive, into)
    expect(existsSync(join(into, root.split('/').slice(2).join('/'), 'abs/f'))).toBe(true)
  })

  test('that is damaged is not called a way out', async () => {
    const { into, archive } = setUp()
    writeFileSync(archive, 'no tar at all')
    expect((await failureOf(unpack(archive, into))).parts.fact).not.toContain('outside')
  })
})

test('two labs that want the same archive at once: one fetches it, the other says that it waits', async () => {
  const root = tempDir()
  write(root, { 'linux-5.4/Makefile': 'VERSION = 5\n' })
  execFileSync('tar', ['-cf', join(root, 'linux.tar'), '-C', root, 'linux-5.4'])
  const archive = readFileSync(join(root, 'linux.tar'))
  const waits = Promise.withResolvers<void>()
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, 100))
    void waits.promise.then(() => response.end(archive.subarray(100)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    waits.resolve()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/linux.tar`
  const source = { url, sha256: hashText(archive) }
  const phases: string[] = []
  const lab = async (name: string) => {
    const progress = (phase: string) => {
      phases.push(phase)
      if (phase.startsWith('wait ')) waits.resolve()
    }
    const context = testContext(join(root, 'cache'))
    await ensureTree(source, await identify(source, context, PLACE), join(root, name), context, PLACE, { progress })
    return readFileSync(join(root, name, 'Makefile'), 'utf8')
  }
  expect(await Promise.all([lab('one'), lab('other')])).toEqual(['VERSION = 5\n', 'VERSION = 5\n'])
  expect(asked).toBe(1)
  expect(phases.filter((phase) => phase.startsWith('wait '))).toEqual([
    `wait for another lab to fetch ${source.sha256.slice(0, 16)}-linux.tar`,
  ])
})

describe('a tree of the developer', () => {
  const SOURCE = {
    Makefile: 'VERSION = 5\n',
    Kconfig: '',
    'lib/a.c': 'int a;\n',
    'arch/x86/kernel/vmlinux.lds.S': 'S\n',
  }
  const DIRT = {
    '.config': 'CONFIG_X=y\n',
    vmlinux: 'ELF',
    'lib/a.o': 'ELF',
    'lib/.a.o.cmd': 'cmd',
    'include/generated/autoconf.h': '#define CONFIG_X 1\n',
    'include/config/auto.conf': 'CONFIG_X=y\n',
    '.git/HEAD': 'ref: refs/heads/main\n',
  }
  const setUp = () => {
    const root = tempDir()
    const tree = write(join(root, 'linux'), SOURCE)
    const context = testContext(join(root, 'cache'))
    const dir = join(root, 'src')
    const id = () => identify({ tree }, context, PLACE)
    const ensure = async () => ensureTree({ tree }, await id(), dir, context, PLACE, handle)
    return { tree, dir, id, ensure }
  }

  test('that was built in: what its builds left is not taken along', async () => {
    const { tree, dir, ensure } = setUp()
    write(tree, DIRT)
    expect(await ensure()).toBe(true)
    for (const name of Object.keys(SOURCE)) expect(existsSync(join(dir, name)), name).toBe(true)
    for (const name of Object.keys(DIRT)) expect(existsSync(join(dir, name)), name).toBe(false)
  })

  test('that is built in meanwhile is the same source', async () => {
    const { tree, id } = setUp()
    const before = await id()
    write(tree, DIRT)
    expect(await id()).toEqual(before)
  })

  test.each([
    ['lib/a.c', 'int b;\n'],
    ['lib/new.c', 'int n;\n'],
    ['lib/Kbuild', 'obj-y := a.o\n'],
    ['arch/x86/entry/syscalls/syscall_64.tbl', '0 common read sys_read\n'],
    ['scripts/x.pl', '1;\n'],
  ])('with %s changed is another source, and the copy follows', async (name, text) => {
    const { tree, dir, id, ensure } = setUp()
    await ensure()
    expect(await ensure()).toBe(false)
    const before = await id()
    write(tree, { [name]: text })
    utimesSync(join(tree, name), 1000, 1000)
    expect((await id()).id).not.toBe(before.id)
    await ensure()
    expect(readFileSync(join(dir, name), 'utf8')).toBe(text)
  })

  test('keeps its own times: they change with the text, and only with it', async () => {
    const { tree, dir, ensure } = setUp()
    await ensure()
    const timeOf = (name: string) => statSync(join(dir, name)).mtimeMs
    // As if built long ago: objects that make compares with.
    for (const name of Object.keys(SOURCE)) utimesSync(join(dir, name), 5000, 5000)
    // Everything was checked out again, and one file was put back as it was long before.
    for (const name of Object.keys(SOURCE)) utimesSync(join(tree, name), 9000, 9000)
    write(tree, { 'lib/a.c': 'int c;\n' })
    utimesSync(join(tree, 'lib/a.c'), 1000, 1000)
    expect(await ensure()).toBe(true)
    expect(timeOf('Makefile')).toBe(5_000_000)
    expect(timeOf('lib/a.c')).toBeGreaterThan(5_000_000)
  })

  test('follows whatever was written on either side, also with the size and the time that it had', async () => {
    const { tree, dir, ensure } = setUp()
    const again = { 'lib/a.c': 'int b;\n', '#a#': 'y', 'lib/new.c': 'int n;\n' }
    write(tree, { '#a#': 'x', 'lib/b.c': 'int b;\n' })
    symlinkSync('a.c', join(tree, 'lib/link.c'))
    for (const name of ['lib/a.c', '#a#']) utimesSync(join(tree, name), 1000, 1000)
    await ensure()
    write(tree, again)
    for (const name of ['lib/a.c', '#a#']) utimesSync(join(tree, name), 1000, 1000)
    rmSync(join(tree, 'lib/link.c'))
    symlinkSync('b.c', join(tree, 'lib/link.c'))
    const { mtime } = statSync(join(dir, 'lib/b.c'))
    write(dir, { 'lib/b.c': 'int x;\n' })
    utimesSync(join(dir, 'lib/b.c'), mtime, mtime)
    expect(await ensure()).toBe(true)
    for (const [name, text] of Object.entries({ ...again, 'lib/b.c': 'int b;\n', 'lib/link.c': 'int b;\n' }))
      expect(readFileSync(join(dir, name), 'utf8'), name).toBe(text)
    expect(readFileSync(join(dir, 'arch/x86/kernel/vmlinux.lds.S'), 'utf8')).toBe('S\n')
  })

  test('that was copied in part is neither the old one nor the new one', async () => {
    const { tree, dir } = setUp()
    const ended = new AbortController()
    const ensure = (id: string, signal = new AbortController().signal) =>
      ensureTree({ tree }, { id, title: '' }, dir, { ...testContext(dir), signal }, PLACE, handle)
    await ensure('old')
    ended.abort()
    await expect(ensure('new', ended.signal)).rejects.toThrow()
    expect(await ensure('old')).toBe(true)
  })

  test('has a patched copy: what a patch added or changed is not taken for the source of the next build', async () => {
    const { tree, dir, id } = setUp()
    const copy = new KernelTree(dir, new AbortController().signal)
    const ensure = async () =>
      ensureTree({ tree }, await id(), dir, testContext(dir), PLACE, handle, () => copy.reset())
    await ensure()
    await copy.apply(new Map(Object.entries({ 'lib/added.c': 'int n;\n', 'lib/a.c': 'int patched;\n' })))
    write(tree, { Makefile: 'VERSION = 6\n' })
    await ensure()
    expect([copy.read('lib/added.c'), copy.read('lib/a.c')]).toEqual([undefined, 'int a;\n'])
  })

  test('loses what its tree lost, and keeps what was built in it: every object depends on objtool', async () => {
    const { tree, dir, ensure } = setUp()
    await ensure()
    const built = { 'tools/objtool/objtool': 'ELF', 'lib/a.o': 'ELF', 'scripts/kallsyms': 'ELF' }
    write(dir, built)
    rmSync(join(tree, 'lib/a.c'))
    await ensure()
    for (const name of Object.keys(built)) expect(existsSync(join(dir, name)), name).toBe(true)
    expect(existsSync(join(dir, 'lib/a.c'))).toBe(false)
  })

  test('that the developer cleans: the objects of our builds stay', async () => {
    const { tree, dir, ensure } = setUp()
    write(tree, DIRT)
    await ensure()
    write(dir, DIRT)
    for (const name of Object.keys(DIRT)) rmSync(join(tree, name))
    write(tree, { 'lib/new.c': 'int n;\n' })
    expect(await ensure()).toBe(true)
    for (const name of Object.keys(DIRT)) expect(existsSync(join(dir, name)), name).toBe(true)
  })

  test('whose directory became a link: nothing behind the link is removed', async () => {
    const { tree, dir, ensure } = setUp()
    const elsewhere = write(tempDir(), { 'a.c': 'int mine;\n' })
    await ensure()
    rmSync(join(dir, 'lib'), { recursive: true })
    symlinkSync(elsewhere, join(dir, 'lib'))
    rmSync(join(tree, 'lib'), { recursive: true })
    write(tree, { Makefile: 'VERSION = 6\n' })
    await ensure()
    expect(existsSync(join(elsewhere, 'a.c'))).toBe(true)
  })

  test('that is none', async () => {
    const { parts } = await failureOf(identify({ tree: tempDir() }, testContext(tempDir()), PLACE))
    expect(parts.fact).toContain('is not a kernel tree')
  })
})
