/**
 * `npm run release`: builds the tarball, tries it as a user would, and prints its name and sha256. With `-- --cut
 * VERSION` it first prepares the release: the version in package.json and package-lock.json, and "Unreleased" of
 * CHANGELOG.md under that version and today's date. Committing, tagging and publishing are left to a person.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Runs a program with its output on ours; its stdout where `capture` is set. @throws Error for any status but 0 */
function run(
  argv: readonly [string, ...string[]],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; capture?: boolean } = {},
) {
  const { cwd = ROOT, env = process.env, capture = false } = options
  const { status, stdout } = spawnSync(argv[0], argv.slice(1), {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', capture ? 'pipe' : 2, 2],
  })
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with status ${String(status)}`)
  return stdout ?? ''
}

const VERSION = /^\d+\.\d+\.\d+$/

/**
 * CHANGELOG.md with what was unreleased under a version, and an empty "Unreleased" above it.
 * @param day as 2026-11-30
 * @throws Error where nothing is unreleased, or the version is there already
 */
export function cutChangelog(text: string, version: string, day: string): string {
  if (!VERSION.test(version)) throw new Error(`${version} is not a version like 0.2.0`)
  if (text.includes(`## ${version} `)) throw new Error(`CHANGELOG.md has ${version} already`)
  const heading = '## Unreleased\n'
  const at = text.indexOf(heading)
  if (at < 0) throw new Error('CHANGELOG.md has no "## Unreleased"')
  const after = text.slice(at + heading.length)
  const own = after.split(/^## /m)[0] ?? ''
  if (own.trim() === '') throw new Error('nothing is unreleased')
  return `${text.slice(0, at)}${heading}\n## ${version} - ${day}\n${after}`
}

/** Prepares the files of a release. They are not committed. */
function cut(version: string): void {
  const file = join(ROOT, 'CHANGELOG.md')
  const text = cutChangelog(readFileSync(file, 'utf8'), version, new Date().toISOString().slice(0, 10))
  run(['npm', 'version', '--no-git-tag-version', '--ignore-scripts', version])
  writeFileSync(file, text)
}

/** Packs, installs the tarball into an empty prefix, and makes a lab with it. @returns the tarball's path */
function packAndTry(): string {
  const dir = mkdtempSync(join(tmpdir(), 'lab-release-'))
  try {
    const name =
      run(['npm', 'pack', '--silent', '--pack-destination', dir], { capture: true }).trim().split('\n').at(-1) ?? ''
    const prefix = join(dir, 'prefix')
    run(['npm', 'install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', join(dir, name)], { cwd: dir })
    const lab = join(prefix, 'bin', 'lab')
    const env = { ...process.env, LAB_CACHE_DIR: join(dir, 'cache'), CI: 'true' }
    const work = join(dir, 'work')
    mkdirSync(work)
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    const said = run([lab, '--version'], { cwd: work, env, capture: true }).trim()
    if (said !== version) throw new Error(`the installed lab says that it is ${said}, and not ${version}`)
    run([lab, 'init', 'mylab'], { cwd: work, env })
    for (const args of [['check', '--probes'], ['plan', 'hello'], ['schema']])
      run([lab, ...args], { cwd: join(work, 'mylab'), env, capture: true })
    copyFileSync(join(dir, name), join(ROOT, name))
    return join(ROOT, name)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  const at = process.argv.indexOf('--cut')
  if (at >= 0) cut(process.argv[at + 1] ?? '')
  const file = packAndTry()
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  process.stdout.write(`${file}\nsha256 ${sha256}\n`)
}
