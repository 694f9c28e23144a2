/**
 * Releases of Debian: which series of kernels each has, and until when it gets updates (LTS;
 * https://wiki.debian.org/LTS).
 */
export interface Release {
  readonly suite: string
  /** Of the kernel that it was released with. */
  readonly series: string
  /** The last day, UTC. Afterwards a suite moves to archive.debian.org, some months or a year later. */
  readonly end: string
}

export const RELEASES: readonly Release[] = [
  { suite: 'buster', series: '4.19', end: '2024-06-30' },
  { suite: 'bullseye', series: '5.10', end: '2026-08-31' },
  { suite: 'bookworm', series: '6.1', end: '2028-06-30' },
  { suite: 'trixie', series: '6.12', end: '2030-06-30' },
]

/** The suite whose index has a kernel's package, judged by its name; what no release has is looked for in sid. */
export function suiteOfKernel(packageName: string): string {
  const series = /(\d+\.\d+)/.exec(packageName)?.[1]
  return RELEASES.find((one) => one.series === series)?.suite ?? 'sid'
}

/** Days that are near enough to a suite's end to say so. */
const NEAR = 90
const DAY = 24 * 3_600_000

/**
 * What is to be said about the end of a suite; undefined while it is far off, or not known. @param now milliseconds
 * since 1970
 */
export function endOfSuite(suite: string, now: number): string | undefined {
  const end = RELEASES.find((one) => one.suite === suite)?.end
  if (end === undefined) return undefined
  const days = Math.floor((Date.parse(`${end}T23:59:59Z`) - now) / DAY)
  if (days < 0) return `updates of ${suite} ended on ${end}: it will leave the mirrors for archive.debian.org`
  return days <= NEAR ? `updates of ${suite} end on ${end}, in ${days} days` : undefined
}
