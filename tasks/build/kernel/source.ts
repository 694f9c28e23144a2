/** Kernel sources: what identifies one, and a pristine tree of it in a build directory. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isPrebuilt } from '../../config/prebuilt.ts'
import type { Source } from '../../config/schema/schema.ts'
import type { Context, StepHandle } from '../../engine/context.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { labError, userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { hashText } from '../../engine/fingerprint.ts'
import { controlOf, extractDeb, needPinned, type PinnedDeb } from '../../host/debian/deb-file.ts'
import { gitCommit, gitExport } from '../../host/git.ts'
import { checkedOutIn } from '../../host/git-bisect.ts'
import { run } from '../../host/sh.ts'
import { fetchArchive } from '../fetched.ts'
import { prebuiltTitle } from './prebuilt/identity.ts'

/** Names the bytes of a source; equal ids mean equal trees. */
export interface SourceId {
  readonly id: string
  /** For people: "linux-5.4.tar.xz", "linux-source-5.10 5.10.223-1", "../linux". */
  readonly title: string
}

/**
 * What a build leaves in a tree and what is not source, as rsync patterns ("/" anchors at the top); a developer's own
 * tree may be full of it. Names are exact where they can be: `vmlinux*` would take arch/x86/kernel/vmlinux.lds.S along.
 */
const NOT_SOURCE = [
  '.git',
  '*.o',
  '*.a',
  '*.ko',
  '.*.cmd',
  '*.mod.c',
  '.tmp_*',
  '/.config',
  '/.config.old',
  '/.config.lab',
  '/lab.allconfig',
  '/vmlinux',
  '/System.map',
  '/Module.symvers',
  '/modules.order',
  '/include/generated',
  '/include/config',
  '/arch/x86/include/generated',
  '/usr/include',
]

/**
 * Names of files that a build reads. A build in the tree leaves some of its own; those are not among them, or are in
 * `generated`.
 */
const SOURCE_NAMES = [
  '*.[chS]',
  'Kconfig*',
  'Makefile*',
  'Kbuild*',
  '*.sh',
  '*.pl',
  '*.py',
  '*.awk',
  '*.tbl',
  '*-opcode-map.txt',
]

/**
 * Hash of names, sizes and times of a tree's files: cheap enough for every run (0.5 s for 70,000 files) and true to
 * each edit.
 */
async function treeState(tree: string, signal: AbortSignal): Promise<string> {
  const excluded = ['.git', 'generated'].flatMap((name) => ['-name', name, '-prune', '-o'])
  const { stdout } = await run(
    [
      'find',
      tree,
      ...excluded,
      '-type',
      'f',
      '(',
      ...SOURCE_NAMES.flatMap((name, index) => [...(index > 0 ? ['-o'] : []), '-name', name]),
      ')',
      '-printf',
      '%P %s %T@\\n',
    ],
    { signal },
  )
  return hashText(stdout.split('\n').toSorted().join('\n'))
}

/** Identifies a source without fetching it, as far as it can be. */
export async function identify(source: Source, context: Context, place: string): Promise<SourceId> {
  if ('url' in source) return { id: source.sha256, title: source.url.replace(/^.*\//, '') }
  if ('package' in source) return { id: source.sha256, title: `${source.package} ${source.version}` }
  if (isPrebuilt(source)) return { id: source.sha256, title: prebuiltTitle(source) }
  if ('git' in source) {
    const commit = await gitCommit(source.git, source.ref, context, place)
    return { id: commit, title: `${source.ref} (${commit.slice(0, 12)})` }
  }
  if (!existsSync(join(source.tree, 'Kconfig')) || !existsSync(join(source.tree, 'Makefile')))
    throw userError({
      place,
      fact: `${source.tree} is not a kernel tree`,
      wayOut: 'name the directory that holds the top Makefile and Kconfig',
    })
  const checkedOut = await checkedOutIn(source.tree)
  if (checkedOut !== undefined)
    return { id: hashText(`commit ${checkedOut.id}`), title: `${checkedOut.id.slice(0, 12)} of ${checkedOut.source}` }
  return { id: hashText(`${source.tree}\n${await treeState(source.tree, context.signal)}`), title: source.tree }
}

/**
 * The build directory's name: trees of one archive are told apart by their bytes, a local tree by its place (it changes
 * all the time).
 */
export const buildName = (source: Source, { id }: SourceId): string =>
  ('tree' in source ? hashText(source.tree) : id).slice(0, 16)

/** What GNU tar says of a member that it does not let out of the directory. */
const OUTSIDE =
  /Member name contains '\.\.'|: Cannot open: (?:Not a directory|Too many levels of symbolic links)|Cannot hard link to/

/**
 * Unpacks an archive of a tree; its first folder is taken off. @throws a user's error when a member would stand outside
 * `dir`
 */
export async function unpackTar(
  archive: string,
  dir: string,
  context: Pick<Context, 'signal'>,
  place: string,
): Promise<void> {
  // GNU tar takes off leading slashes, refuses "..", and makes symlinks that point outside last: nothing leaves `dir`.
  const outside: string[] = []
  await run(
    [
      'tar',
      '--extract',
      '--file',
      archive,
      '--directory',
      dir,
      '--strip-components=1',
      '--no-same-owner',
      '--no-same-permissions',
    ],
    {
      signal: context.signal,
      place,
      env: { XZ_DEFAULTS: '-T0' },
      onLine: (line) => {
        if (OUTSIDE.test(line)) outside.push(printable(line.replace(/^tar: /, ''), 160))
      },
      wayOut: 'is the disk full? the archive had its checksum and is whole',
    },
  ).catch((error: unknown) => {
    if (outside.length === 0) throw error
    throw userError(
      {
        place,
        fact: `the archive has files that would be unpacked outside its directory: ${basename(archive)}`,
        lines: outside.slice(0, 6),
        wayOut: 'do not use this archive; a release of the kernel has no such files',
      },
      error,
    )
  })
}

async function unpackDeb(
  deb: string,
  pinned: PinnedDeb | undefined,
  dir: string,
  context: Context,
  place: string,
): Promise<void> {
  const control = await controlOf(deb, place, 'name a linux-source-* package', context.signal)
  if (pinned) needPinned(control, pinned, 'package', place)
  const inner = `${dir}.deb`
  await rm(inner, { recursive: true, force: true })
  await extractDeb(deb, inner, place, context.signal)
  const archives = (await readdir(join(inner, 'usr/src')).catch(() => [])).filter((name) => /\.tar\.\w+$/.test(name))
  const archive = archives.find((name) => name.startsWith('linux-source-'))
  if (archive === undefined)
    throw labError({
      place,
      fact: 'the package holds no kernel source',
      lines: archives,
      wayOut: 'name a linux-source-* package',
    })
  await unpackTar(join(inner, 'usr/src', archive), dir, context, place)
  await rm(inner, { recursive: true, force: true })
}

/**
 * Every file and link of a tree that is copied, by its path in it, with what changes whenever it is written: size, time
 * of the text and, since that can be set, of any change. What a build of the developer's left is not among them.
 */
async function statesOf(tree: string, signal: AbortSignal): Promise<Map<string, string>> {
  const left = NOT_SOURCE.flatMap((pattern) =>
    pattern.startsWith('/') ? ['-o', '-path', `.${pattern}`] : ['-o', '-name', pattern],
  ).slice(1)
  const argv = ['find', '.', '(', ...left, ')', '-prune', '-o', '(', '-type', 'f', '-o', '-type', 'l', ')']
  const words = (await run([...argv, '-printf', '%P\\0%s %T@ %C@\\0'], { signal, cwd: tree })).stdout.split('\0')
  return new Map(words.flatMap((name, at) => (at % 2 === 0 && name !== '' ? [[name, words[at + 1] ?? '']] : [])))
}

/** Removes files below a directory; never through a link that leads out of it. */
async function removeBelow(dir: string, names: readonly string[]): Promise<void> {
  const root = await realpath(dir).catch(() => dir)
  for (const name of names) {
    const parent = await realpath(join(dir, name, '..')).catch(() => undefined)
    if (parent === root || parent?.startsWith(`${root}/`)) await rm(join(dir, name), { recursive: true, force: true })
  }
}

/** What of a file says that it and its copy are still as they were when they were equal. */
const pairOf = (source: string, copy: string | undefined): string => `${source}, ${copy ?? ''}`

/**
 * Brings a copy of a developer's tree up to date, without what their own builds left in it. Of the copy only that is
 * removed which came from the tree and is no longer there: what our builds made has to stay, or the next one is not
 * incremental. Not even a program of the host's may go: every object depends on objtool.
 *
 * Only files are read of which the tree's or the copy's was written since the last copy: reading both trees whole takes
 * 15 s for 65,000 files.
 */
async function copyTree(tree: string, dir: string, context: Context, place: string): Promise<void> {
  const { signal } = context
  const excludes = NOT_SOURCE.map((pattern) => `--exclude=${pattern}`)
  const [list, pairs] = [`${dir}.files`, `${dir}.pairs`]
  const before = await readFile(list, 'utf8').catch(() => undefined)
  const equal = new Set((await readFile(pairs, 'utf8').catch(() => '')).split('\0'))
  await rm(pairs, { force: true })
  // Before anything is copied: what the developer writes meanwhile is looked at the next time.
  const now = await statesOf(tree, signal)
  const known = before?.split('\0').filter((name) => name !== '') ?? []
  await removeBelow(
    dir,
    known.filter((name) => !now.has(name)),
  )
  // Written before anything is copied: what an interruption leaves has to be known, too.
  await writeFile(list, [...new Set([...known, ...now.keys()])].join('\0'))
  const copied = await statesOf(dir, signal)
  const doubtful = [...now].filter(([name, state]) => !equal.has(`${name}/${pairOf(state, copied.get(name))}`))
  // By their contents, and never with the times of the tree: make compares times with those of our objects. A checkout
  // that is made again has new times for the same text, which must not build everything again; a file that was put back
  // has an old time for another text, which must not be taken for built.
  const how = ['--archive', '--no-owner', '--no-group', '--no-times', '--checksum', ...excludes]
  const copy = async (words: readonly string[], input?: string) =>
    await run(['rsync', ...how, ...words, `${tree}/`, `${dir}/`], { signal, place, ...(input && { input }) })
  // A copy of an earlier version of lab has no list.
  if (before === undefined) await copy(['--delete'])
  else if (doubtful.length > 0)
    // Without the ./, a name that begins with # would be a comment.
    await copy(['--from0', '--files-from=-', '--ignore-missing-args'], doubtful.map(([name]) => `./${name}`).join('\0'))
  const after = await statesOf(dir, signal)
  await writeFile(list, [...now.keys()].join('\0'))
  await writeFile(pairs, [...now].map(([name, state]) => `${name}/${pairOf(state, after.get(name))}`).join('\0'))
}

/**
 * Makes `dir` a tree of the source, unless it is one already (a marker file says of which). An interrupted unpack
 * leaves no marker and is started over. True if files of the tree were written now.
 * @param reset undoes what was changed in the tree, before it becomes another one
 */
export async function ensureTree(
  source: Source,
  id: SourceId,
  dir: string,
  context: Context,
  place: string,
  handle: StepHandle,
  reset: () => Promise<void> = () => Promise.resolve(),
): Promise<boolean> {
  const marker = `${dir}.source`
  if ((await readFile(marker, 'utf8').catch(() => '')) === id.id) return false
  if ('tree' in source) {
    handle.progress('copy the source tree')
    await mkdir(dir, { recursive: true })
    // Until the end it is a tree of neither.
    await rm(marker, { force: true })
    await reset()
    await copyTree(source.tree, dir, context, place)
    await writeFile(marker, id.id)
    return true
  }
  // Fetched first: a source that cannot be had must leave nothing behind.
  if (isPrebuilt(source)) throw new Error(`${id.title} has no tree`)
  const archive = 'git' in source ? undefined : await fetchArchive(source, context, place, handle)
  handle.progress('unpack the source')
  const partial = `${dir}.partial`
  await rm(partial, { recursive: true, force: true })
  await reset()
  await rm(dir, { recursive: true, force: true })
  makeDirectory(partial)
  if ('git' in source) await gitExport(source.git, id.id, partial, context, place)
  else if (archive?.endsWith('.deb'))
    await unpackDeb(
      archive,
      'package' in source ? { name: source.package, version: source.version } : undefined,
      partial,
      context,
      place,
    )
  else if (archive !== undefined) await unpackTar(archive, partial, context, place)
  await rename(partial, dir)
  await writeFile(marker, id.id)
  return true
}
