/**
 * Which of our files decide what a build becomes: the import closure of each maker, less what cannot change its result.
 * Writes build/own-code.json with `--write`; own-code.test.ts says when that file is old.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { closureOf, TASKS } from './imports.ts'

/** The files with which the work of each maker begins. */
const ENTRIES = {
  kernel: ['build/kernel/kernel.ts'],
  prebuilt: ['build/kernel/prebuilt/artefact.ts', 'build/kernel/prebuilt/package.ts'],
  initrd: ['build/kernel/prebuilt/initrd.ts'],
  preflight: ['build/preflight/look.ts'],
  lint: ['build/probe/lint.ts'],
  probe: ['build/probe/command.ts', 'host/compile.ts', 'linux/c/empty-probe.ts'],
  holder: ['host/compile.ts'],
  workload: ['build/probe/workload.ts'],
  sample: ['build/kernel/sample.ts', 'build/kernel/own-sample.ts'],
  selftest: ['build/kernel/selftest.ts'],
  module: ['build/module/from-source.ts', 'build/module/of-kernel.ts'],
  types: ['build/kernel-types.ts'],
  image: ['build/image/image.ts'],
  disk: ['vm/disks.ts'],
  initramfs: ['vm/initramfs.ts'],
} satisfies Record<string, readonly string[]>

/** Files that take part, but whose imports are mostly other steps. */
const ALONE: Readonly<Record<string, readonly string[]>> = {
  probe: ['build/probe/probe.ts'],
  holder: ['build/probe/probe.ts'],
}

/**
 * Files that cannot change what is built, whatever they do, and why. A path that ends in / stands for all files below
 * it.
 */
export const EXCUSED: Readonly<Record<string, string>> = {
  'engine/': 'runs steps, reports them and keeps results whole; does not know what is built',
  'build/own-code.ts': 'names the inputs; a change of it changes the digest itself',
  'config/': 'reads the lab file; what it resolves is an input already',
  'host/sh.ts': 'runs the programs whose versions are inputs',
  'host/apt.ts': 'fetches by sha256',
  'host/debian/': 'fetches by sha256',
  'linux/package-index.ts': 'names what is fetched by sha256',
  'host/download.ts': 'fetches by sha256',
  'host/first-answer.ts': 'fetches by sha256',
  'host/git.ts': 'fetches by commit',
  'host/open-files.ts': 'asks who uses a file',
  'host/tool-version.ts': 'its answers are inputs',
  'build/kernel/identity.ts': 'names the inputs; a change of them changes the fingerprint itself',
  'build/kernel/prebuilt/identity.ts': 'names the inputs; a change of them changes the fingerprint itself',
  'build/kernel/boot-image.ts': 'chooses a file of what was built',
  'build/changes-since.ts': 'words why something is built again',
  'build/kernel/blame.ts': 'words a failure',
  'linux/c/blame.ts': 'words a failure',
}

/** Packages that cannot change what is built. */
export const EXCUSED_PACKAGES: Readonly<Record<string, string>> = {
  'proper-lockfile': 'locks directories',
  zod: 'checks shapes',
  yaml: 'reads the recipe, which is an input',
  'zx/core': 'runs programs',
}

/** Packages that another one needs at run time, and that no import line names. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = { 'web-tree-sitter': ['tree-sitter-c'] }

const excused = (file: string) =>
  Object.keys(EXCUSED).some((path) => (path.endsWith('/') ? file.startsWith(path) : file === path))

/** The table as it has to be. */
export function computeOwnCode(): Record<string, { files: string[]; packages: string[] }> {
  return Object.fromEntries(
    Object.entries(ENTRIES).map(([maker, entries]) => {
      const { files, modules } = closureOf(entries, (file) => file.startsWith('config/'))
      const packages = modules.filter((name) => !(name in EXCUSED_PACKAGES))
      return [
        maker,
        {
          files: [...files.filter((file) => !excused(file)), ...(ALONE[maker] ?? [])].toSorted(),
          packages: packages.flatMap((name) => [name, ...(COMPANIONS[name] ?? [])]).toSorted(),
        },
      ]
    }),
  )
}

/** The table as a file. */
export const TABLE = join(TASKS, 'build/own-code.json')
export const tableText = (): string => `${JSON.stringify(computeOwnCode(), null, 2)}\n`

if (process.argv.includes('--write')) writeFileSync(TABLE, tableText())
else if (process.argv[1] === import.meta.filename)
  process.exitCode = readFileSync(TABLE, 'utf8') === tableText() ? 0 : 1
