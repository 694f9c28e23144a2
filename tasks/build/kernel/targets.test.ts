import { expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { buildTargets, leftFromModules, preparationTargets, refuseExports } from './targets.ts'

const V5_0 = { major: 5, minor: 0, patch: 0 }
const V5_10 = { major: 5, minor: 10, patch: 223 }
const WITH = new Map([['MODULES', 'y']])
const WITHOUT = new Map([['64BIT', 'y']])

test('a kernel without modules is not asked for any', () => {
  expect(buildTargets(WITH, V5_10)).toEqual(['bzImage', 'modules', 'headers'])
  expect(buildTargets(WITHOUT, V5_0)).toEqual(['bzImage', 'headers_install'])
  expect(preparationTargets(WITH, V5_10)).toEqual(['modules_prepare', 'headers'])
  expect(preparationTargets(WITHOUT, V5_10)).toEqual(['prepare', 'scripts', 'headers'])
  expect([leftFromModules(WITH), leftFromModules(WITHOUT)]).toEqual([[], ['Module.symvers']])
})

test('what a kernel without modules cannot export is said before it is compiled', async () => {
  const path = {
    clones: [{ name: 'f_s', original: 'f', file: 'lib/a.c' }],
    changed: new Map(),
    calls: [],
    warnings: [],
  }
  const paths = [{ ...path, entry: { name: 'e', file: 'lib/a.c', callers: [] } }]
  const exposed = (as: 'noinline' | 'exported') => [{ name: 'g', file: 'lib/a.c', as: [as] as const }]
  const refuse = (change: Parameters<typeof refuseExports>[0], config: ReadonlyMap<string, string>) =>
    Promise.resolve().then(() => refuseExports(change, config, 'kernel k'))
  for (const change of [
    { paths, exposed: [] },
    { paths: [], exposed: exposed('exported') },
  ]) {
    await refuse(change, WITH)
    const { kind, parts } = await failureOf(refuse(change, WITHOUT))
    expect(kind).toBe('user')
    expect(parts.fact).toMatch(/CONFIG_MODULES is not set.*(f_s|g)$/)
    expect(parts.wayOut).toContain('MODULES: y')
  }
  await refuse({ paths: [], exposed: exposed('noinline') }, WITHOUT)
})
