/** Where a kernel, its configuration and its modules are in the packages (or the one file) of a prebuilt kernel. */
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrebuiltSource } from '../../../config/prebuilt.ts'
import { userError } from '../../../engine/error.ts'
import { printable } from '../../../engine/printable.ts'
import { controlField, controlOf, extractDeb, needPinned, type PinnedDeb } from '../../../host/debian/deb-file.ts'

/** What was found in it. */
export interface KernelFiles {
  readonly image: string
  /** Undefined where it comes without one: then the image has it, or nobody does. */
  readonly config: string | undefined
  /** Directory below which the modules are; undefined if there are none. */
  readonly modules: string | undefined
}

/**
 * Debian and Ubuntu packages have the kernel in /boot, and since 7.x beside its modules; so has the system-wide merge
 * of /usr moved them.
 */
const MODULE_DIRS = ['lib/modules', 'usr/lib/modules']

const namesIn = async (dir: string): Promise<string[]> => (await readdir(dir).catch((): string[] => [])).toSorted()

async function findIn(root: string): Promise<KernelFiles | undefined> {
  const boot = await namesIn(join(root, 'boot'))
  const dirs: string[] = []
  for (const dir of MODULE_DIRS) for (const name of await namesIn(join(root, dir))) dirs.push(join(root, dir, name))
  const first = (names: readonly string[]) => names.find((name) => existsSync(name))
  const inBoot = (prefix: string) =>
    boot.filter((name) => name.startsWith(prefix)).map((name) => join(root, 'boot', name))
  const image = first([...inBoot('vmlinuz-'), ...dirs.map((dir) => join(dir, 'vmlinuz'))])
  if (image === undefined) return undefined
  return {
    image,
    config: first([...inBoot('config-'), ...dirs.map((dir) => join(dir, 'config'))]),
    modules: first(dirs.map((dir) => join(dir, 'kernel'))),
  }
}

/** A package's file, and what the lab file says that it is: nothing, for a file that is named by its path. */
export interface KernelDeb {
  readonly file: string
  readonly pinned?: PinnedDeb | undefined
}

/** A package is the one that is pinned, and for this machine. @throws a user's Failure */
async function checkPackage({ file, pinned }: KernelDeb, place: string, signal: AbortSignal): Promise<string> {
  const control = await controlOf(file, place, 'name a linux-image-* package, its .deb file, or a bzImage', signal)
  const architecture = printable(controlField(control, 'Architecture'), 40)
  if (architecture !== 'amd64' && architecture !== 'all')
    throw userError({
      place,
      fact: `package ${printable(controlField(control, 'Package'), 100)} is for ${architecture}, and guests are amd64`,
      wayOut: 'take the package of the architecture amd64',
    })
  if (pinned) needPinned(control, pinned, 'prebuilt', place)
  return control
}

/** What the control file says a package needs, in the exact version: where a metapackage has its kernel. */
const exactDepends = (control: string): string[] =>
  controlField(control, 'Depends')
    .split(/,\s*/)
    .flatMap((one) => /^(linux-\S+) \(= [^)]+\)$/.exec(one)?.[1] ?? [])

/** The deb packages of a kernel, unpacked into `dir`. @throws a user's Failure where they are not those of a kernel */
export async function unpackKernel(
  debs: readonly KernelDeb[],
  dir: string,
  place: string,
  signal: AbortSignal,
): Promise<KernelFiles> {
  const controls: string[] = []
  for (const deb of debs) {
    controls.push(await checkPackage(deb, place, signal))
    await extractDeb(deb.file, dir, place, signal)
  }
  const found = await findIn(dir)
  if (found) return found
  const main = controls[0] ?? ''
  const depends = exactDepends(main)
  const name = printable(controlField(main, 'Package'), 100)
  throw userError({
    place,
    fact: `package ${name} holds no kernel (no boot/vmlinuz-*)`,
    ...(depends.length > 0 && { lines: [`it depends on ${depends.join(', ')}`] }),
    wayOut:
      depends.length > 0
        ? `\`lab kernels add ${name}\` writes \`parts:\` with these packages`
        : 'name a linux-image-* package, for example linux-image-6.1.0-50-cloud-amd64',
  })
}

/** Whether a file is a Debian package: an ar archive. */
const isDeb = (bytes: Buffer): boolean => bytes.toString('latin1', 0, 8) === '!<arch>\n'

/** A kernel by its path: a .deb, or the boot image itself. */
export async function openFile(
  source: Extract<PrebuiltSource, { file: string }>,
  dir: string,
  place: string,
  signal: AbortSignal,
): Promise<KernelFiles> {
  const bytes = await readFile(source.file)
  if (isDeb(bytes)) return await unpackKernel([{ file: source.file }], dir, place, signal)
  return { image: source.file, config: source.config, modules: undefined }
}
