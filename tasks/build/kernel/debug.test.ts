import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { debugAssignments, debugInputs, debugOutdated, debugRequests, debugSuffix } from './debug.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'

const V4_15 = { major: 4, minor: 15, patch: 0 }
const V5_4 = { major: 5, minor: 4, patch: 0 }
const V6_12 = { major: 6, minor: 12, patch: 1 }

test('none: nothing is asked for, no tree of its own, and the fingerprint is what it was', async () => {
  expect(debugRequests('none', V5_4, 'kernel k')).toEqual([])
  expect(debugAssignments('none', V5_4, '/tree', '/lab')).toEqual({})
  expect(debugSuffix('none')).toBe('')
  expect(await debugInputs('none', testContext('/nowhere'))).toEqual({})
})

test('btf: the options, and pahole kept from a kind of type that kernels before 6.0 do not know', () => {
  expect(debugRequests('btf', V5_4, 'kernel k').map(({ symbol }) => symbol)).toEqual([
    'DEBUG_INFO',
    'DEBUG_INFO_DWARF4',
    'DEBUG_INFO_BTF',
  ])
  expect(debugAssignments('btf', V5_4, '/tree', '/lab')).toMatchObject({ PAHOLE: '/lab/kernel/shims/pahole' })
  expect(debugAssignments('btf', V6_12, '/tree', '/lab')).not.toHaveProperty('PAHOLE')
  expect(debugSuffix('btf')).not.toBe(debugSuffix('dwarf'))
})

test('btf: what makes it is an input, the wrapper too, and vmlinux is linked again', async () => {
  const toolRoot = tempDir()
  mkdirSync(join(toolRoot, 'kernel/shims'), { recursive: true })
  const inputs = async (text: string) => {
    writeFileSync(join(toolRoot, 'kernel/shims/pahole'), text)
    return await debugInputs('btf', { ...testContext(join(toolRoot, 'cache')), toolRoot })
  }
  expect(await inputs('exec pahole')).not.toEqual(await inputs('exec pahole --another'))
  expect(await inputs('exec pahole')).toEqual(await inputs('exec pahole'))
  expect([debugOutdated('btf'), debugOutdated('dwarf'), debugOutdated('none')]).toEqual([['vmlinux'], [], []])
  expect(await debugInputs('dwarf', testContext('/nowhere'))).toEqual({ debug: 'dwarf' })
})

test('dwarf: where the tree lies does not get into the kernel', () => {
  const map = '-fdebug-prefix-map=/tree=.'
  expect(debugAssignments('dwarf', V4_15, '/tree', '/lab')).toEqual({ KCFLAGS: map, KAFLAGS: map })
  expect(debugRequests('dwarf', V4_15, 'kernel k')).not.toContainEqual(
    expect.objectContaining({ symbol: 'DEBUG_INFO_BTF' }),
  )
})

test('btf in a kernel that cannot carry it: what to say instead', async () => {
  const failure = await failureOf(Promise.resolve().then(() => debugRequests('btf', V4_15, 'kernel k')))
  expect(failure.kind).toBe('user')
  expect(failure.parts.wayOut).toContain('debug: dwarf')
})
