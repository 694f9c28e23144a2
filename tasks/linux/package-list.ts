/**
 * The list of an image's packages: lines "NAME VERSION ARCHITECTURE SHA256 FILENAME", by name; the hash is that of the
 * .deb.
 */
export interface LockedPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Undefined in lists of earlier versions. */
  readonly sha256?: string | undefined
  /**
   * In the pool of the archive, as its index has it: "pool/main/s/strace/strace_6.13-1_amd64.deb". Undefined as above.
   */
  readonly filename?: string | undefined
}

/** A package of which its file is known: its hash, and where in an archive it is. */
export type LockedFile = LockedPackage & { readonly sha256: string; readonly filename: string }

/** A list comes from a lock or a pack, too: a path leads nowhere but below the pool. */
const POOL_PATH = /^pool\/(?:[A-Za-z0-9][\w.+~-]*\/)*[A-Za-z0-9][\w.+~%:-]*\.deb$/

/** The packages with their files; undefined where one of them has none, as in lists of earlier versions. */
export function lockedFiles(packages: readonly LockedPackage[]): LockedFile[] | undefined {
  const files = packages.flatMap((one) =>
    one.sha256 === undefined || one.filename === undefined
      ? []
      : [{ ...one, sha256: one.sha256, filename: one.filename }],
  )
  return files.length === packages.length && files.length > 0 ? files : undefined
}

/** Lines that are none are left out. */
export function parsePackages(text: string): LockedPackage[] {
  return text.split('\n').flatMap((line) => {
    const [, name, version, architecture, sha256, filename] =
      /^([a-z0-9][a-z0-9.+-]+) (\S+) ([a-z0-9-]+)(?: ([0-9a-f]{64})(?: (\S+))?)?$/.exec(line) ?? []
    if (name === undefined || version === undefined || architecture === undefined) return []
    return filename === undefined || POOL_PATH.test(filename) ? [{ name, version, architecture, sha256, filename }] : []
  })
}

export const packageLine = ({ name, version, architecture, sha256, filename }: LockedPackage): string =>
  [name, version, architecture, sha256, filename].filter((one) => one !== undefined).join(' ')

/** apt_preferences(5): these versions and no others, even older ones. */
export const preferences = (packages: readonly LockedPackage[]): string =>
  packages.map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`).join('\n')

/** What differs between two lists, a line for each package. @param is what the second list is: "the mirror gives" */
export function differingPackages(
  locked: readonly LockedPackage[],
  now: readonly LockedPackage[],
  is: string,
): string[] {
  const byName = new Map(now.map((one) => [one.name, one]))
  const names = new Set(locked.map(({ name }) => name))
  const changed = locked.flatMap(({ name, version, sha256 }) => {
    const found = byName.get(name)
    if (found === undefined) return [`${name}: locked ${version}, ${is} none`]
    if (found.version !== version) return [`${name}: locked ${version}, ${is} ${found.version}`]
    const other = sha256 !== undefined && found.sha256 !== undefined && sha256 !== found.sha256
    return other ? [`${name} ${version}: ${is} a package of this version with other contents (${found.sha256})`] : []
  })
  return [
    ...changed,
    ...now.filter(({ name }) => !names.has(name)).map(({ name, version }) => `${name} ${version}: not locked`),
  ]
}
