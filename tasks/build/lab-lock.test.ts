import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LabLock } from '../config/lock-file.ts'
import type { ResolvedKernel, ResolvedLab } from '../config/resolved.ts'
import { hashText } from '../engine/fingerprint.ts'
import { toolsUsed } from '../host/tools-used.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { kernelFingerprint } from './kernel/identity.ts'
import { checkLabLock } from './lab-lock.ts'
import { contentsOf } from './share/head.ts'
import { packedFiles } from './share/pack.ts'

const source = { prebuilt: 'linux-image-6.1.0-50-cloud-amd64', version: '6.1.176-1', sha256: '1'.repeat(64) }
const kernel: ResolvedKernel = {
  name: 'k',
  source,
  config: [],
  options: {},
  compat: 'auto',
  debug: 'btf',
  patches: [],
  parallelPaths: [],
  expose: [],
}
const lab = { kernels: { k: kernel }, images: {} } as unknown as ResolvedLab

/** What a check reports where the lock of a kernel that is here is changed. */
async function differences(change: Partial<LabLock['kernels'][string]>): Promise<readonly string[]> {
  const context = { ...testContext(tempDir()), toolRoot: join(import.meta.dirname, '../..') }
  const { fingerprint, inputs } = await kernelFingerprint(kernel, context)
  const { dir } = await context.store.put('kernel', fingerprint, inputs, (to) => {
    mkdirSync(join(to, 'headers'))
    writeFileSync(join(to, 'bzImage'), 'kernel')
    writeFileSync(join(to, 'headers/fs.h'), '#pragma once')
    return Promise.resolve()
  })
  const locked = { source, fingerprint, bzImage: hashText('kernel'), contents: contentsOf(await packedFiles(dir)) }
  const tools = await toolsUsed(context.cache, context.signal)
  const lock: LabLock = { format: 1, day: '2026-11-30', tools, kernels: { k: { ...locked, ...change } }, images: {} }
  return (await checkLabLock(lab, lock, context)).map(({ what }) => what)
}

test.each<[string, Partial<LabLock['kernels'][string]>, string[]]>([
  ['nothing', {}, []],
  ['a file beside the kernel', { contents: '0'.repeat(64) }, ['kernel k, files beside bzImage']],
  ['the kernel, and so the digest', { bzImage: '0'.repeat(64), contents: '0'.repeat(64) }, ['kernel k, bzImage']],
  ['a lock without digests', { contents: undefined }, []],
  ['a kernel of other inputs', { fingerprint: '0'.repeat(64), contents: '0'.repeat(64) }, []],
])('lab lock --check, %s', async (_, change, expected) => {
  expect(await differences(change)).toEqual(expected)
})
