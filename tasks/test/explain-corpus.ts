/**
 * `lab explain` on every text of a directory, to look for false alarms (documentation) or silence (a collection of
 * logs). Run by hand:
 *
 *   node tasks/test/explain-corpus.ts DIRECTORY [RULE]
 *
 * Prints each rule with its number of findings and files, and some of the lines; with RULE every finding of that rule.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { explainText } from '../linux/explain/index.ts'

const LARGEST = 4 << 20
const SHOWN = 3

const [dir, only] = process.argv.slice(2)
if (dir === undefined) throw new Error('usage: node tasks/test/explain-corpus.ts DIRECTORY [RULE]')

interface Seen {
  readonly files: Set<string>
  count: number
  readonly lines: string[]
}

const rules = new Map<string, Seen>()
let [files, silent] = [0, 0]
for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name)
  if (!entry.isFile() || statSync(file).size > LARGEST) continue
  files++
  const findings = explainText(readFileSync(file, 'utf8'))
  if (findings.length === 0) silent++
  for (const { rule, what, lines } of findings) {
    const seen = rules.get(rule) ?? { files: new Set(), count: 0, lines: [] }
    rules.set(rule, seen)
    seen.count++
    seen.files.add(file)
    if (rule === only || seen.lines.length < SHOWN) seen.lines.push(`${file}:${lines[0] ?? 0}: ${what.slice(0, 160)}`)
  }
}
process.stdout.write(`${files} files, ${silent} without a finding\n`)
for (const [rule, { files: of, count, lines }] of [...rules].toSorted((a, b) => b[1].count - a[1].count))
  if (only === undefined || rule === only)
    process.stdout.write(`${count} in ${of.size}: ${rule}\n${lines.map((line) => `    ${line}\n`).join('')}`)
