/** The list of an image's packages: lines "NAME VERSION ARCHITECTURE SHA256", by name; the hash is that of the .deb. */
export interface LockedPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Undefined in lists of earlier versions. */
  readonly sha256?: string | undefined
}

/** Lines that are none are left out. */
export function parsePackages(text: string): LockedPackage[] {
  return text.split('\n').flatMap((line) => {
    const [, name, version, architecture, sha256] =
      /^([a-z0-9][a-z0-9.+-]+) (\S+) ([a-z0-9-]+)(?: ([0-9a-f]{64}))?$/.exec(line) ?? []
    return name !== undefined && version !== undefined && architecture !== undefined
      ? [{ name, version, architecture, sha256 }]
      : []
  })
}

export const packageLine = ({ name, version, architecture, sha256 }: LockedPackage): string =>
  [name, version, architecture, ...(sha256 === undefined ? [] : [sha256])].join(' ')

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
