import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ResolvedKernel, ResolvedVm } from '../config/resolved.ts'
import { tempDir } from '../test/temp-dir.ts'
import { refuseSharedSource } from './sharing.ts'

const PACKAGE = { package: 'linux-source-5.10', suite: 'bullseye', version: '1', sha256: 'a'.repeat(64) }

test('a guest that may write gets nothing that a kernel is built from: neither --source nor a repository', () => {
  const lab = tempDir()
  mkdirSync(join(lab, 'linux/kernel'), { recursive: true })
  mkdirSync(join(lab, 'out'))
  symlinkSync('linux', join(lab, 'link'))
  const refused = (from: string, write: boolean, tree: string | undefined, git?: string) => {
    const shares = [{ from: join(lab, from), mount: '/share', write }]
    const source = git === undefined ? PACKAGE : { git, ref: 'v5.10' }
    const [vm, kernel] = [
      { name: 'default', shares },
      { name: 'k', source },
    ] as unknown as [ResolvedVm, ResolvedKernel]
    return () => refuseSharedSource(vm, kernel, tree)
  }
  const tree = join(lab, 'linux')
  for (const from of ['linux', 'linux/kernel', 'link', '.'])
    expect(refused(from, true, tree), from).toThrow(/the guest could change the source of kernel k/)
  expect(refused('link', true, undefined, `file://${tree}`)).toThrow(/could change the source/)
  expect(refused('linux', false, tree)).not.toThrow()
  expect(refused('out', true, tree)).not.toThrow()
  expect(refused('linux', true, undefined, 'https://git.example.org/linux.git')).not.toThrow()
  expect(refused('linux', true, undefined)).not.toThrow()
})
