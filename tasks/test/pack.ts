/**
 * What `npm pack` ships instead of the sources: `prepack` compiles them into dist/ and writes npm-shrinkwrap.json,
 * `postpack` removes both. Users get JavaScript (Node strips no types below node_modules) and the versions of all
 * packages that were tested.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ownCode, type Maker } from '../build/own-code.ts'
import table from '../build/own-code.json' with { type: 'json' }

const ROOT = join(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')
const SHRINKWRAP = join(ROOT, 'npm-shrinkwrap.json')

/** Files that the program reads beside its code. */
const ASSETS = [
  'init/lab.yaml',
  'init/gitignore',
  'init/bpf',
  'results/report/flame.css',
  'results/report/flame.js',
  'results/report/page.css',
  'results/report/page.js',
  'results/report/zoom.js',
  'trace/export/perfetto.proto',
]

interface LockedPackage {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: unknown
  readonly hasInstallScript?: boolean
}
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/**
 * Packages with an install script that looks for a compiler, to build a native part that lab does not use. npm runs
 * such scripts for every dependency, so these are none: their files go into dist/node_modules, where Node finds them.
 */
const VENDORED = ['ssh2']
/** What a program does not need of a package: tests with keys in them, native sources, files of editors and CI. */
const NOT_SHIPPED = /^(?:test|examples|util|install\.js|\..*)$|\.(?:cc|gyp)$/
/** Of tree-sitter-c only the grammar is used. */
const GRAMMAR = 'tree-sitter-c/tree-sitter-c.wasm'

/** The vendored packages and all that they need at run time. What is optional is left out. */
export function vendored({ packages }: Lock, names: readonly string[] = VENDORED): string[] {
  const found = new Set<string>()
  const add = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const needed of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {})) add(needed)
  }
  for (const name of names) add(name)
  return [...found].toSorted()
}

/**
 * The lock file for users: without packages for development. @throws Error for a package whose install script npm would
 * run
 */
export function shrinkwrapOf(lock: Lock): Lock {
  const packages = Object.entries(lock.packages)
    .filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true)
    .map(([name, entry]): [string, LockedPackage] => [name, { ...entry, devDependencies: undefined }])
  const scripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([name]) => name)
  if (scripts.length > 0) throw new Error(`npm would run install scripts of ${scripts.join(', ')}`)
  return { ...lock, packages: Object.fromEntries(packages) }
}

function prepack(): void {
  rmSync(DIST, { recursive: true, force: true })
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  const { status } = spawnSync(tsc, ['-p', 'tsconfig.pack.json'], { cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`tsc ended with status ${String(status)}`)
  for (const asset of ASSETS) {
    mkdirSync(dirname(join(DIST, asset)), { recursive: true })
    cpSync(join(ROOT, 'tasks', asset), join(DIST, asset), { recursive: true })
  }
  // What is built by an installed lab is the same as by a checkout of it, and so are the names in the cache.
  const digests = Object.keys(table).map((maker) => [maker, ownCode(maker as Maker, ROOT)])
  writeFileSync(join(DIST, 'build/own-code-digests.json'), JSON.stringify(Object.fromEntries(digests)))
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock
  const modules = (name: string) => join(ROOT, 'node_modules', name)
  for (const name of vendored(lock))
    cpSync(modules(name), join(DIST, 'node_modules', name), {
      recursive: true,
      filter: (path) => !NOT_SHIPPED.test(relative(modules(name), path)),
    })
  cpSync(modules(GRAMMAR), join(DIST, 'node_modules', GRAMMAR))
  cpSync(modules('tree-sitter-c/LICENSE'), join(DIST, 'node_modules/tree-sitter-c/LICENSE'))
  writeFileSync(SHRINKWRAP, `${JSON.stringify(shrinkwrapOf(lock), null, 2)}\n`)
}

function postpack(): void {
  rmSync(DIST, { recursive: true, force: true })
  rmSync(SHRINKWRAP, { force: true })
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === 'prepack') prepack()
  else postpack()
}
