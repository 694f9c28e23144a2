/** Kernel versions: "5.4", "5.10.223", compared as numbers. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** Reads "v5.4", "5.10.223", "6.1.0-28-amd64"; undefined if the text does not begin with a version. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  return match ? { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) } : undefined
}

/** Negative, zero or positive, as for sorting. */
export const compareVersions = (a: Version, b: Version): number =>
  a.major - b.major || a.minor - b.minor || a.patch - b.patch

/**
 * Whether a version lies in a range: "v5.3.." (from), "..v5.7" (up to, not including), "v4.19..v6.2". The upper end is
 * excluded, as in "fixed in v6.2".
 */
export function inRange(version: Version, range: string): boolean {
  const [from = '', to = ''] = range.split('..')
  const low = parseVersion(from)
  const high = parseVersion(to)
  return (
    (low === undefined || compareVersions(version, low) >= 0) &&
    (high === undefined || compareVersions(version, high) < 0)
  )
}

/** VERSION, PATCHLEVEL and SUBLEVEL of a kernel tree's top Makefile. */
export function versionOfMakefile(makefile: string): Version | undefined {
  const field = (name: string) => Number(new RegExp(`^${name}\\s*=\\s*(\\d+)`, 'm').exec(makefile)?.[1] ?? Number.NaN)
  const version = { major: field('VERSION'), minor: field('PATCHLEVEL'), patch: field('SUBLEVEL') }
  return Number.isNaN(version.major) || Number.isNaN(version.minor)
    ? undefined
    : { ...version, patch: version.patch || 0 }
}

export const versionText = ({ major, minor, patch }: Version): string => `${major}.${minor}.${patch}`
