/** Whether the data disks of a run held what its lab file declares, and whether those of another run held the same. */
import { join } from 'node:path'
import { printable } from '../engine/printable.ts'
import { plural } from '../engine/text.ts'
import { experimentOf, readKeptLab } from '../results/kept-lab.ts'
import type { Manifest } from '../results/manifest.ts'
import { declaredHashes } from '../vm/disks.ts'
import { right, wrong, type Finding } from './finding.ts'
import type { Kept } from './look-again.ts'

type Disks = Pick<Manifest, 'disks'>

/** "ff0, ff50 and 3 more" of the files whose bytes differ; undefined where none do. */
function different(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}) {
  const names = Object.keys({ ...a, ...b }).filter((name) => a[name] !== b[name])
  if (names.length === 0) return undefined
  const shown = names.slice(0, 5).map((name) => printable(name, 80))
  return `${shown.join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
}

/**
 * The files of the data disks against what the lab file declares: text, copies of kept files, and patterns, which are
 * made again. A manifest of before these hashes says nothing.
 */
export async function declaredDisks({
  manifest,
  inputs,
  toolRoot,
}: Pick<Kept, 'manifest' | 'inputs' | 'toolRoot'>): Promise<Finding[]> {
  const { disks } = manifest
  if (disks === undefined) return []
  const lab = readKeptLab(join(inputs, manifest.inputs?.lab ?? '', 'lab.yaml'), toolRoot)
  const declared = lab.vms[experimentOf(lab, manifest.experiment).vm]?.disks ?? []
  const unknown = Object.keys(disks).filter((name) => !declared.some((disk) => disk.name === name))
  const findings = unknown.map((name) => wrong(`disk ${printable(name, 80)}`, 'is not in the lab file'))
  for (const disk of declared) {
    const other = different(disks[disk.name], await declaredHashes(disk))
    findings.push(
      other === undefined
        ? right(`disk ${disk.name}`, `${plural(Object.keys(disk.files).length, 'file')} as declared`)
        : wrong(`disk ${disk.name}`, `not what the lab file declares: ${other}`),
    )
  }
  return findings
}

/** What the workload could read from data disks, before and now. */
export function sameDisks({ disks: before = {} }: Disks, { disks: now = {} }: Disks): Finding[] {
  return Object.entries(before).map(([disk, files]) => {
    const other = different(files, now[disk])
    return other === undefined
      ? right(`disk ${disk}`, `${plural(Object.keys(files).length, 'file')}, the same bytes`)
      : wrong(`disk ${disk}`, `other bytes in ${other}`)
  })
}
