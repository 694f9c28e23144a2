/**
 * A kernel of a small configuration, in caches of its own. The same inputs give the same kernel, to the bit: in another
 * directory, under another name of user and host, on another day, and from the source in a pack without any network.
 * What it leaves out (drivers, file systems) is compiled by the same rules; two builds of the shipped configuration
 * would cost ten minutes. Then one function more, and the transforms on functions all over its tree.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fetchedFile, nameOf } from '../build/fetched.ts'
import { contentsOf } from '../build/share/head.ts'
import { packedFiles } from '../build/share/pack.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { hashFile } from '../engine/fingerprint.ts'
import { seedCache } from '../evidence/pinned-inputs.ts'
import { corpus } from './corpus.ts'
import { NO_NETWORK, OFFLINE } from './namespace.ts'
import { jsonLines, Rig } from './rig.ts'

const rig = new Rig()
const made: string[] = []
afterAll(() => {
  rig.remove()
  // Two kernel trees: a process is faster at it, and leaves the symlink's target alone as well.
  spawnSync('rm', ['-rf', ...made])
})

/** An empty cache for one build. */
function emptyCache(name: string): string {
  const top = mkdtempSync(join(tmpdir(), 'lab-same-'))
  made.push(top)
  chmodSync(top, 0o755)
  const cache = join(top, name)
  mkdirSync(cache, { recursive: true })
  return cache
}

/** An empty cache, with the sources that were fetched already, and the locks of those who fetch them. */
function cacheWithSources(name: string): string {
  const cache = emptyCache(name)
  for (const shared of ['sources', 'locks']) {
    mkdirSync(join(cacheDir(process.env), shared), { recursive: true })
    symlinkSync(join(cacheDir(process.env), shared), join(cache, shared))
  }
  return cache
}

/** Programs that a kernel build asks about its circumstances, lying. */
function elsewhere(cache: string): string {
  const bin = join(dirname(cache), 'bin')
  mkdirSync(bin)
  const lies = {
    hostname: 'echo elsewhere',
    whoami: 'echo nobody',
    date: 'exec /bin/date -d "2001-02-03 04:05:06 UTC" "$@"',
  }
  for (const [name, script] of Object.entries(lies)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}

/** Lines of the build of a stored kernel: `CC      fs/read_write.o`. */
const compiledFor = (kernel: string): string[] =>
  Array.from(
    readFileSync(join(kernel, 'build.log'), 'utf8').matchAll(/^ {2}(?:CC|AS)(?: \[M\])?\s+(\S+)$/gm),
    ([, object = '']) => object,
  )

/** The directory of a pack that has the source of the kernel, as `lab export --with-inputs` writes it. */
function packedSource(cache: string): string {
  const [, sha256 = ''] = /\n {2}v5\.10:\n(?: {4}.*\n)+? {6}sha256: (\w+)/.exec(rig.read('lab.yaml')) ?? []
  const dir = join(dirname(cache), 'inputs')
  mkdirSync(dir)
  const fetched = { package: 'linux-source-5.10', version: '', sha256 }
  symlinkSync(fetchedFile(fetched, cacheDir(process.env)), join(dir, `${sha256}-${nameOf(fetched)}`))
  return dir
}

const HERE = cacheWithSources('here')
let kernelHere = ''

async function build(cache: string, env: Readonly<Record<string, string>>, where: readonly string[] = []) {
  const [program, ...words] = [...where, join(TOOL_ROOT, 'lab'), 'build', 'kernel', 'small', '--json']
  const { stdout, stderr } = spawnSync(program, words, {
    cwd: rig.dir,
    env: { ...process.env, CI: 'true', LAB_CACHE_DIR: cache, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  const answer = jsonLines(stdout).at(-1)
  if (answer?.type !== 'answer') throw new Error(`no answer: ${stdout.slice(-2000)} ${stderr.slice(-2000)}`)
  const [{ path }] = answer.data as [{ path: string }]
  if (cache === HERE) kernelHere = path
  const hash = async (name: string) => [name, await hashFile(join(path, name))] as const
  // The digest that lab.lock has of a kernel must not depend on where it was built.
  const contents = contentsOf(await packedFiles(path))
  const hashes = Object.fromEntries(
    await Promise.all(['bzImage', 'vmlinux', 'System.map', 'config', 'Module.symvers'].map(hash)),
  )
  return { ...hashes, contents }
}

test(
  'two builds of the same inputs, under different circumstances, are one kernel',
  { timeout: 1_800_000 },
  async () => {
    rig.edit(
      'lab.yaml',
      'images:\n',
      `  small:
    extends: v5.10
    config: []
    # What carries names and times, if anything does: the kernel's own configuration inside it, kallsyms, a module.
    options: { 64BIT: y, PRINTK: y, MODULES: y, IKCONFIG: y, IKCONFIG_PROC: y, PROC_FS: y, KALLSYMS: y, CRC7: m, KPROBE_EVENTS_ON_NOTRACE: n }
    expose: [{ function: vfs_read, as: [noinline, exported] }]
images:
`,
    )
    const here = await build(HERE, {})
    const far = emptyCache('a/directory-with-a-longer-name')
    await seedCache(packedSource(far), far)
    const circumstances = {
      PATH: `${elsewhere(far)}:${process.env['PATH'] ?? ''}`,
      USER: 'somebody',
      LOGNAME: 'somebody',
      HOSTNAME: 'elsewhere',
      HOME: dirname(far),
      TZ: 'Pacific/Kiritimati',
      LANG: 'de_DE.UTF-8',
      KBUILD_BUILD_USER: 'somebody',
      KBUILD_BUILD_TIMESTAMP: 'now',
      SOURCE_DATE_EPOCH: '1234567890',
    }
    // Only root can be without a network and still build; without it, other users build with one.
    const there = await build(far, circumstances, NO_NETWORK.skip === true ? [] : OFFLINE)
    expect(there).toEqual(here)
  },
)

test('R-0702-4: one function more compiles its own file again, and not the kernel', async () => {
  const all = compiledFor(kernelHere)
  rig.edit(
    'lab.yaml',
    'function: vfs_read, as: [noinline, exported] }',
    'function: vfs_read, as: [noinline, exported] }, { function: kmem_cache_size, as: [noinline] }',
  )
  await build(HERE, {})
  const again = compiledFor(kernelHere)
  expect(again.some((object) => /^mm\/sl[au]b(_common)?\.o$/.test(object))).toBe(true)
  expect(again).not.toContain('fs/read_write.o')
  expect(again.length).toBeLessThan(all.length / 10)
})

test('functions picked all over the tree compile exposed and cloned, or are refused with a reason', async () => {
  const [name = ''] = readdirSync(join(HERE, 'build'))
  const { functions, exposed, cloned } = await corpus(join(HERE, 'build', name, 'src'), 10)
  expect(functions).toBeGreaterThanOrEqual(40)
  expect(exposed.problems).toEqual([])
  expect(cloned.problems).toEqual([])
  expect(exposed.changed).toBeGreaterThan(functions / 2)
  expect(cloned.changed).toBeGreaterThan(functions / 4)
})

test('a kernel without modules builds, and exports nothing; what would have to is refused before', async () => {
  // The source of v5.10, without its parallel path.
  const [, source = ''] =
    /\n {2}v5\.10:\n(?: {4}extends:.*\n)?( {4}source:\n(?: {6}.*\n)+)/.exec(rig.read('lab.yaml')) ?? []
  rig.edit(
    'lab.yaml',
    'images:\n',
    `  bare:
${source}    options: { 64BIT: y, PRINTK: y, MODULES: n }
    expose: [{ function: vfs_read, as: [noinline] }]
images:
`,
  )
  const env = { LAB_CACHE_DIR: HERE }
  const [{ path }] = (await rig.answer(['build', 'kernel', 'bare'], env)) as [{ path: string }]
  expect(readFileSync(join(path, 'Module.symvers'), 'utf8')).toBe('')
  expect(readFileSync(join(path, 'System.map'), 'utf8')).toMatch(/ T vfs_read$/m)
  rig.edit('lab.yaml', 'function: vfs_read, as: [noinline] }', 'function: vfs_read, as: [exported] }')
  const { status, stderr } = await rig.lab(['build', 'kernel', 'bare'], env)
  expect([status, stderr]).toEqual([2, expect.stringMatching(/CONFIG_MODULES is not set.*vfs_read[^]*MODULES: y/)])
})
