/** The words in which the lab file's values are spoken of. */
import type { Path } from './text/diagnostic.ts'
import { pathText } from './text/yaml-location.ts'

/** The parts of the file that hold named things, and what one such thing is called. */
export const SECTIONS = {
  kernels: 'kernel',
  images: 'image',
  vms: 'vm',
  probes: 'probe',
  experiments: 'experiment',
} as const

export type Section = keyof typeof SECTIONS

export const isSection = (key: unknown): key is Section => typeof key === 'string' && Object.hasOwn(SECTIONS, key)

/** `kernel v5.4`, `source of kernel v5.4`, `disks.data.mount of vm default`, `the lab file`. */
export function describe(path: Path): string {
  const [section, name, ...rest] = path
  if (section === undefined) return 'the lab file'
  if (name === undefined || !isSection(section)) return pathText(path)
  const thing = `${SECTIONS[section]} ${name}`
  return rest.length === 0 ? thing : `${pathText(rest)} of ${thing}`
}

/** A value in quotes, cut where it is longer than a message can bear. */
export function quoted(value: unknown): string {
  const text = String(value)
  return `"${text.length > 60 ? `${text.slice(0, 57)}…` : text}"`
}

/** Bytes as a person writes them: 64M, 1G, 23.5G. */
export function sizeText(bytes: number): string {
  const [unit, letter] = bytes >= 2 ** 30 ? [2 ** 30, 'G'] : bytes >= 2 ** 20 ? [2 ** 20, 'M'] : [2 ** 10, 'K']
  return `${Math.round((bytes / unit) * 10) / 10}${letter}`
}
