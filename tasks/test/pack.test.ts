import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { shrinkwrapOf, vendored, type Lock } from './pack.ts'

const ROOT = join(import.meta.dirname, '../..')
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock

describe('what npm installs with lab', () => {
  test('has no install script and nothing for development, and each package has its hash', () => {
    const { packages } = shrinkwrapOf(lock)
    const { '': root, ...others } = packages
    expect(JSON.stringify(root)).not.toContain('devDependencies')
    expect(Object.keys(others)).toEqual(expect.arrayContaining(['node_modules/yaml', 'node_modules/@duckdb/node-api']))
    expect(Object.keys(others)).not.toContain('node_modules/vitest')
    for (const entry of Object.values(others))
      expect(entry).toMatchObject({ integrity: expect.stringMatching(/^sha512-/) })
  })

  test('a dependency with an install script cannot be shipped', () => {
    const with_ = { packages: { '': {}, 'node_modules/native': { hasInstallScript: true } } }
    expect(() => shrinkwrapOf(with_)).toThrow('npm would run install scripts of node_modules/native')
  })

  test('a vendored package comes with all that it needs, and without what is optional', () => {
    expect(vendored(lock)).toEqual(['asn1', 'bcrypt-pbkdf', 'safer-buffer', 'ssh2', 'tweetnacl'])
  })
})

test('package.json says where lab runs', () => {
  const own: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(own).toMatchObject({ os: ['linux'], cpu: ['x64'], engines: { node: '>=24' } })
})
