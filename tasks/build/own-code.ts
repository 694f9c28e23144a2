/**
 * Our own code as an input of what it builds. A change of the transform, or of how `.config` is written, must build
 * kernels again; which files that takes is computed from the imports (`node tasks/test/own-code.ts --write`) and kept
 * in own-code.json, and a test compares the two.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprintOf, hashText } from '../engine/fingerprint.ts'
import table from './own-code.json' with { type: 'json' }

/** What is built by code of ours: `kernel`, `probe`, ... */
export type Maker = keyof typeof table

const known = new Map<string, string>()

/** The versions that package.json pins: exact ones, so that they name the code. */
function pinnedVersions(toolRoot: string, packages: readonly string[]): Record<string, string> {
  const text = readFileSync(join(toolRoot, 'package.json'), 'utf8')
  const pinned = JSON.parse(text) as Record<'dependencies' | 'devDependencies', Record<string, string>>
  // A package that is shipped with our own code is a devDependency.
  const versions = { ...pinned.devDependencies, ...pinned.dependencies }
  return Object.fromEntries(packages.map((name) => [name, versions[name] ?? 'not pinned']))
}

/**
 * The digest of all code, ours and of npm packages, that decides what `maker` builds.
 * @throws Error when one of the files is missing: then the table and the installation do not fit together, which is a
 * bug
 */
export function ownCode(maker: Maker, toolRoot: string): string {
  const key = `${maker} ${toolRoot}`
  const before = known.get(key)
  if (before !== undefined) return before
  // What npm ships has the digests of its sources, and not the sources.
  const shipped = join(import.meta.dirname, 'own-code-digests.json')
  if (existsSync(shipped)) return (JSON.parse(readFileSync(shipped, 'utf8')) as Record<Maker, string>)[maker]
  const { files, packages } = table[maker]
  const hashes = files.map((file): [string, string] => [file, hashText(readFileSync(join(toolRoot, 'tasks', file)))])
  const digest = fingerprintOf({ files: Object.fromEntries(hashes), packages: pinnedVersions(toolRoot, packages) })
  known.set(key, digest)
  return digest
}
