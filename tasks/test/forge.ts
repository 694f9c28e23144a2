/** A result changed by somebody who knows the format: every hash is made to fit again. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { hashFile } from '../engine/fingerprint.ts'
import { digestOfDir, INPUTS_DIR } from '../results/kept-inputs.ts'
import { verifyRun, type Finding } from '../evidence/verify.ts'

/** JSON of any shape, as a forger sees it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any

export interface Forged {
  /** The copy of the result. */
  readonly dir: string
  readonly manifest: Loose
  /** The copy of the kept lab. */
  readonly lab: string
}

/**
 * Copies a result with what it was made of, lets `change` work on the copy, and makes all hashes fit. @returns what
 * verify finds wrong
 */
export async function forged(
  dir: string,
  change: (copy: Forged) => void | Promise<void>,
  deadline?: number,
): Promise<Finding[]> {
  const results = mkdtempSync(join(tmpdir(), 'lab-unit-'))
  const copy = join(results, basename(dirname(dir)), basename(dir))
  const inputs = join(results, INPUTS_DIR)
  mkdirSync(dirname(copy))
  cpSync(dir, copy, { recursive: true })
  cpSync(join(dirname(dirname(dir)), INPUTS_DIR), inputs, { recursive: true })
  const file = join(copy, 'manifest.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Loose
  const lab = join(inputs, 'lab-in-work')
  renameSync(join(inputs, String(manifest.inputs.lab)), lab)
  await change({ dir: copy, manifest, lab })
  manifest.inputs.lab = `lab-${await digestOfDir(lab)}`
  renameSync(lab, join(inputs, String(manifest.inputs.lab)))
  for (const name of readdirSync(copy).filter((one) => one !== 'manifest.json'))
    manifest.sha256[name] = await hashFile(join(copy, name))
  for (const name of Object.keys(manifest.sha256)) if (!existsSync(join(copy, name))) delete manifest.sha256[name]
  writeFileSync(file, JSON.stringify(manifest, null, 1))
  try {
    const found = await verifyRun(copy, inputs, TOOL_ROOT, new AbortController().signal, deadline)
    return found.filter(({ ok }) => !ok)
  } finally {
    rmSync(results, { recursive: true, force: true })
  }
}

/** Changes a text file of a copy. */
export function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8')
  const after = change(before)
  if (after === before) throw new Error(`nothing to change in ${file}`)
  writeFileSync(file, after)
}
