/** A lab, its cache with a kernel in it, and what tests of `lab cache` do with them. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { kernelFingerprint } from '../build/kernel/identity.ts'
import { HOST, TOOL_ROOT } from '../commands/shared/app.ts'
import { openLab } from '../config/open.ts'
import { type Fingerprint, type Inputs } from '../engine/fingerprint.ts'
import { testContext } from './context.ts'
import { Rig, type Ended } from './rig.ts'
import { tempDir } from './temp-dir.ts'

export const LAB = `lab: shared
kernels:
  debian:
    source:
      prebuilt: linux-image-6.1.0-50-cloud-amd64
      version: 6.1.176-1
      sha256: efe19f605b6f54a8352e68d85a629abb2d30b72a085faef603a9152590baa791
  built:
    source:
      package: linux-source-5.10
      suite: bullseye
      version: 5.10.223-1
      sha256: f733d27d239d65598d96d7a72f71ac50f49f2380192a1b3b4ca2f5ad5144dd63
images:
  minimal: { recipe: lab:minimal }
vms:
  default: { kernel: debian, image: minimal }
`

export const rig = new Rig(false)
export const cache = join(rig.dir, 'cache')
/** The entry of kernel debian, and that of kernel built. */
export let debian: { fingerprint: Fingerprint; inputs: Inputs }
export let built: { fingerprint: Fingerprint; inputs: Inputs }

export const FILES: Readonly<Record<string, Buffer>> = {
  bzImage: Buffer.from('a kernel '.repeat(2000)),
  // Holes: at the beginning, in the middle, at the end.
  vmlinux: Buffer.concat([Buffer.alloc(40_000), Buffer.from('text'), Buffer.alloc(300_000)]),
  empty: Buffer.alloc(0),
  'headers/include/linux/fs.h': Buffer.from('#pragma once\n'),
}

/** Puts an entry into a store, as a build does. */
export async function plant(into: string, { fingerprint, inputs }: typeof debian, files = FILES): Promise<string> {
  const { dir } = await testContext(into).store.put('kernel', fingerprint, inputs, async (partial) => {
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(join(partial, name, '..'), { recursive: true })
      writeFileSync(join(partial, name), bytes)
    }
    chmodSync(join(partial, 'vmlinux'), 0o755)
    writeFileSync(join(partial, '.bytes'), 'of this host')
  })
  return dir
}

export const entryIn = (dir: string, { fingerprint }: { fingerprint: string } = debian): string =>
  join(dir, `kernel-${fingerprint.slice(0, 32)}.entry`)
export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Pushes kernel debian to a directory of its own. */
export async function pushed(): Promise<string> {
  const dir = join(tempDir(), 'shared')
  const { status, stderr } = await rig.lab(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: cache })
  expect(status, stderr).toBe(0)
  return dir
}

/** Pulls kernel debian into an empty cache. */
export async function pull(
  place: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended & { into: string }> {
  const into = join(tempDir(), 'cache')
  return { ...(await rig.lab(['cache', 'pull', place, 'debian'], { LAB_CACHE_DIR: into, ...env })), into }
}

export const stored = (into: string): string[] => {
  const dir = join(into, 'store/kernel')
  return existsSync(dir) ? readdirSync(dir) : []
}

beforeAll(async () => {
  rig.write('lab.yaml', LAB)
  const { lab } = openLab({ cwd: rig.dir, toolRoot: TOOL_ROOT, host: HOST })
  const context = { ...testContext(cache), toolRoot: TOOL_ROOT }
  const of = async (name: string) => {
    const kernel = lab.kernels[name]
    if (kernel === undefined) throw new Error(name)
    const { fingerprint, inputs } = await kernelFingerprint(kernel, context)
    return { fingerprint, inputs }
  }
  debian = await of('debian')
  built = await of('built')
  await plant(cache, debian)
})
afterAll(() => rig.remove())

/** A kernel whose pages do not fit into a megabyte: nothing compresses them. */
export async function large(): Promise<string> {
  const own = join(tempDir(), 'cache')
  const blocks = Array.from({ length: 60_000 }, (_, index) => createHash('sha256').update(String(index)).digest())
  await plant(own, debian, { ...FILES, bzImage: Buffer.concat(blocks) })
  return own
}
