/** Whether the files of a result, and what it was made of, are those that its manifest names. */
import { existsSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from '../engine/fingerprint.ts'
import { printable } from '../engine/printable.ts'
import { REPLACED, LACKING, right, wrong, type Finding } from './finding.ts'
import { digestOfDir } from '../results/kept-inputs.ts'
import type { KeptInputs } from '../results/manifest.ts'

/** Only what a manifest may name: a plain file of the result. Anything else could be a path to somewhere else. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
const KINDS = ['lab', 'kernel', 'image'] as const

/** A directory or a link in the place of a file is none. */
const isFile = async (path: string): Promise<boolean> => (await lstat(path)).isFile()

/** Every file of a result against its hash, and no others. */
export async function recordedFiles(dir: string, sha256: Readonly<Record<string, string>>): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [name, hash] of Object.entries(sha256)) {
    const shown = printable(name, 80)
    if (!PLAIN.test(name)) findings.push(wrong(shown, 'is not the name of a result file'))
    else if (!existsSync(join(dir, name))) findings.push(wrong(shown, 'is missing', REPLACED))
    else if (!(await isFile(join(dir, name)))) findings.push(wrong(shown, 'is not a file', REPLACED))
    else if ((await hashFile(join(dir, name))) !== hash)
      findings.push(wrong(shown, 'is not what was recorded', REPLACED))
  }
  const known = new Set([...Object.keys(sha256), 'manifest.json'])
  for (const name of await readdir(dir))
    if (!known.has(name)) findings.push(wrong(printable(name, 80), 'was not there when the result was made'))
  return findings.length > 0 ? findings : [right('files', `${known.size - 1} files are as recorded`)]
}

/** What a run was made of: directories whose names are the digests of what is in them. */
export async function keptInputs(kept: KeptInputs | undefined, dir: string): Promise<Finding[]> {
  if (kept === undefined) return [wrong('inputs', 'manifest.json does not say what the run was made of', LACKING)]
  return await Promise.all(
    KINDS.map(async (kind) => {
      const name = kept[kind]
      const what = `inputs ${printable(name, 60)}`
      const place = join(dir, name)
      if (!new RegExp(`^${kind}-[0-9a-f]{32}$`).test(name)) return wrong(what, 'is not the name of kept inputs')
      if (!existsSync(place)) return wrong(what, 'are missing', REPLACED)
      if (!(await lstat(place)).isDirectory()) return wrong(what, 'are not a directory', REPLACED)
      const digest = await digestOfDir(place)
      return name === `${kind}-${digest}`
        ? right(what, 'are as they were')
        : wrong(what, 'are not what they were', REPLACED)
    }),
  )
}
