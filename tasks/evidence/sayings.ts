/**
 * What a pack says about its results: a methods section and figures. Both are made of the results alone, so they can be
 * made again.
 */
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../engine/error.ts'
import { ownVersion } from '../engine/own-version.ts'
import { printable } from '../engine/printable.ts'
import { listRuns } from '../results/result.ts'
import type { StoredRun } from '../results/manifest.ts'
import { figuresOf } from './figures.ts'
import { open, right, wrong, type Finding } from './finding.ts'
import { methodsText } from '../results/report/methods.ts'

const FIGURES = 'figures'
const METHODS = 'methods.md'
/** The last line of the methods, without the version. */
const WRITTEN_BY = 'Written by lab '

/** The version of lab that says to have written an unpacked pack. */
async function writtenBy(dir: string): Promise<string | undefined> {
  const methods = await readFile(join(dir, METHODS), 'utf8').catch(() => '')
  return new RegExp(`^${WRITTEN_BY}([\\w.+-]{1,40})$`, 'm').exec(methods)?.[1]
}

/** Name in the pack -> text. In whatever order the runs were named, the texts are the same. */
export async function sayings(runs: readonly StoredRun[]): Promise<Map<string, Buffer>> {
  const sorted = runs.toSorted((a, b) => (a.dir < b.dir ? -1 : 1))
  const methods = methodsText(sorted.map(({ manifest }) => manifest))
  return new Map([[METHODS, Buffer.from(`${methods}\n${WRITTEN_BY}${ownVersion()}\n`)], ...(await figuresOf(sorted))])
}

/**
 * What an unpacked pack says, against what its results say. Another version may have other words and other drawings for
 * the same: of those nobody can tell.
 * @param dir the pack, whose results are found to be as recorded
 */
export async function verifySayings(dir: string): Promise<Finding[]> {
  let made: ReadonlyMap<string, Buffer>
  try {
    made = await sayings(await listRuns(join(dir, 'results')))
  } catch (error) {
    // Of what no run proves (plans, tools) a manifest can say anything.
    return [wrong('methods and figures', `cannot be made again: ${printable(messageOf(error), 200)}`)]
  }
  const figures = existsSync(join(dir, FIGURES)) ? await readdir(join(dir, FIGURES)) : []
  const names = new Set([...made.keys(), ...figures.map((name) => `${FIGURES}/${name}`)])
  const bad: Finding[] = []
  for (const name of names) {
    const text = made.get(name)
    const packed = await readFile(join(dir, name)).catch(() => undefined)
    if (packed === undefined) bad.push(wrong(name, 'is missing'))
    else if (text === undefined || !text.equals(packed))
      bad.push(wrong(printable(name, 100), 'is not what this version of lab says about these results'))
  }
  const version = await writtenBy(dir)
  if (bad.length > 0 && version !== undefined && version !== ownVersion())
    return [
      open(
        'methods and figures',
        `lab ${version} wrote them, and this is lab ${ownVersion()}, which would write others`,
      ),
    ]
  return bad.length > 0 ? bad : [right('methods and figures', 'are what the results say')]
}
