/** The header packages of a prebuilt kernel are those that the lab file pins, by name and version as by hash. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PrebuiltSource } from '../../config/prebuilt.ts'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { hashFile } from '../../engine/fingerprint.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { headersOf } from './headers.ts'
import { needsProgram } from '../../test/needs.ts'

const NAME = 'linux-headers-6.1.0-amd64'
const DPKG = needsProgram('dpkg-deb', '--version', 'dpkg')

/** A package of headers in a cache of its own, where it was fetched to by the name `pinned`. */
async function headersPinned(pinned: string, version: string) {
  const cache = tempDir()
  const root = join(cache, 'root')
  const tree = join(root, 'usr/src', NAME)
  for (const dir of [tree, join(root, 'DEBIAN'), join(cache, 'sources')]) mkdirSync(dir, { recursive: true })
  writeFileSync(join(tree, '.config'), '')
  writeFileSync(join(tree, 'Makefile'), 'include /usr/src/linux-headers-6.1.0-common/Makefile\n')
  const control = [`Package: ${NAME}`, 'Version: 6.1.5-1', 'Architecture: amd64', 'Maintainer: Nobody <n@example.org>']
  writeFileSync(join(root, 'DEBIAN/control'), [...control, 'Description: headers\n'].join('\n'))
  const file = join(cache, 'built.deb')
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', root, file], { stdio: 'ignore' })
  const sha256 = await hashFile(file)
  cpSync(file, join(cache, 'sources', `${sha256.slice(0, 16)}-${pinned}.deb`))
  const source: PrebuiltSource = { prebuilt: 'linux-image-6.1.0-amd64', version, sha256, headers: { [pinned]: sha256 } }
  const handle = { progress: () => undefined }
  return await headersOf(
    source,
    { name: 'debian' },
    '6.1.0-amd64',
    'module m',
    { ...testContext(cache), toolRoot: TOOL_ROOT },
    handle,
  )
}

test('the tree of a package that is what it is pinned as', DPKG, async () => {
  const { tree } = await headersPinned(NAME, '6.1.5-1')
  expect(tree).toMatch(/usr\/src\/linux-headers-6\.1\.0-amd64$/)
})

test.each([
  ['linux-headers-6.1.0-cloud-amd64', '6.1.5-1', `the package that has this sha256 is ${NAME}`],
  [NAME, '6.1.4-1', 'version 6.1.5-1, and not 6.1.4-1'],
])('%s %s is refused: the file is another one', DPKG, async (pinned, version, fact) => {
  await expect(headersPinned(pinned, version)).rejects.toThrow(fact)
})
