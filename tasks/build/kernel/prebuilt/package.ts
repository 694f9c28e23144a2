/** Where a kernel, its configuration and its modules are in the packages (or the one file) of a prebuilt kernel. */
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { PrebuiltSource } from '../../../config/prebuilt.ts'
import { userError } from '../../../engine/error.ts'
import { run } from '../../../host/sh.ts'

/** What was found in it. */
export interface KernelFiles {
  readonly image: string
  /** Undefined where it comes without one: then the image has it, or nobody does. */
  readonly config: string | undefined
  /** Directory below which the modules are; undefined where there are none. */
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

const field = (control: string, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1]?.trim() ?? ''

/** A package is of this name and for this machine. @throws a user's Failure */
async function checkPackage(
  deb: string,
  name: string | undefined,
  place: string,
  signal: AbortSignal,
): Promise<string> {
  const { stdout, status, stderr } = await run(['dpkg-deb', '--field', deb], { signal, place, accept: [0, 2] })
  if (status !== 0)
    throw userError({
      place,
      fact: `${basename(deb)} is not a Debian package`,
      lines: stderr.split('\n').filter(Boolean).slice(0, 3),
      wayOut: 'name a linux-image-* package, its .deb file, or a bzImage',
    })
  const [is, architecture] = [field(stdout, 'Package'), field(stdout, 'Architecture')]
  if (architecture !== 'amd64' && architecture !== 'all')
    throw userError({
      place,
      fact: `package ${is} is for ${architecture}, and guests are amd64`,
      wayOut: 'take the package of the architecture amd64',
    })
  if (name !== undefined && is !== name)
    throw userError({
      place,
      fact: `the package that has this sha256 is ${is}, and not ${name}`,
      wayOut: `write \`prebuilt: ${is}\`, or the sha256 of ${name}`,
    })
  return stdout
}

/** What the control file says a package needs, in the exact version: where a metapackage has its kernel. */
const exactDepends = (control: string): string[] =>
  field(control, 'Depends')
    .split(/,\s*/)
    .flatMap((one) => /^(linux-\S+) \(= [^)]+\)$/.exec(one)?.[1] ?? [])

/** The deb packages of a kernel, unpacked into `dir`. @throws a user's Failure where they are not those of a kernel */
export async function unpackKernel(
  debs: readonly { readonly file: string; readonly name: string | undefined }[],
  dir: string,
  place: string,
  signal: AbortSignal,
): Promise<KernelFiles> {
  const controls: string[] = []
  for (const { file, name } of debs) {
    controls.push(await checkPackage(file, name, place, signal))
    await run(['dpkg-deb', '--extract', file, dir], { signal, place, wayOut: 'is the disk full?' })
  }
  const found = await findIn(dir)
  if (found) return found
  const main = controls[0] ?? ''
  const depends = exactDepends(main)
  const name = field(main, 'Package')
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
  if (isDeb(bytes)) return await unpackKernel([{ file: source.file, name: undefined }], dir, place, signal)
  return { image: source.file, config: source.config, modules: undefined }
}
