/** What `lab kernels` prints: a table that fits 80 columns, and below it what is newer and how to take it. */
import { printable } from '../../engine/printable.ts'
import { table } from '../../engine/text.ts'
import type { PinState } from '../../host/debian/pins.ts'

export interface KernelRow {
  readonly name: string
  /** Package and version, address or path: for programs, since it may be long. */
  readonly source: string
  /** "6.1.176-1"; of what is no package the end of its address or path. */
  readonly version: string
  readonly kind: 'prebuilt' | 'built'
  readonly here: 'ready' | 'fetched' | '-'
  /** What its suite has now; undefined for a source that is no package. */
  readonly mirror: PinState | undefined
}

function mirrorText(mirror: PinState | undefined): string {
  if (mirror === undefined) return '-'
  const { suite, listed, newer } = mirror
  if (listed === undefined) return `${suite}: ?`
  if (!listed) return `${suite}: gone`
  return newer === undefined ? `${suite}: newest` : `${suite}: newer`
}

/** Lines about a kernel whose pin is not the newest, or of which nobody knows. */
function notesOf({ name, mirror }: KernelRow): string[] {
  if (mirror === undefined) return []
  const { suite, listed, newer, why } = mirror
  if (listed === undefined) return [`${name}: the index of ${suite} could not be had: ${printable(why ?? '', 160)}`]
  const gone = listed ? [] : [`${name}: ${suite} no longer has this version`]
  if (newer === undefined) return gone
  return [...gone, `${name}: ${suite} has ${newer.package} ${newer.version}`, `  lab kernels add ${newer.package}`]
}

export function kernelsText(rows: readonly KernelRow[]): string {
  const columns = ['KERNEL', 'VERSION', 'KIND', 'HERE', 'IN THE MIRROR'].map((head) => ({ head }))
  const cells = rows.map(({ name, version, kind, here, mirror }) => [name, version, kind, here, mirrorText(mirror)])
  return [table(columns, cells), ...rows.flatMap(notesOf)].join('\n')
}
