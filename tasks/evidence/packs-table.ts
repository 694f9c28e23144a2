/** Many packs, a line each: for people, or as CSV. */
import { printable } from '../engine/printable.ts'
import { fitTable } from '../engine/fit-table.ts'
import { plural } from '../engine/text.ts'
import { INPUTS_DIR } from '../results/kept-inputs.ts'
import { csvRow } from '../trace/export/csv.ts'
import type { PackVerdict } from './pack-verdict.ts'

const HEADS = ['PACK', 'SOUND', 'PASSED', 'NOT PASSED', 'DIFFERS'] as const

const differsText = ({ differs }: PackVerdict): string =>
  differs === undefined ? '' : differs.length === 0 ? 'same question' : differs.join(', ')

const cells = (verdict: PackVerdict): string[] => [
  printable(verdict.pack, 60),
  verdict.sound ? 'yes' : 'NO',
  String(verdict.passed),
  String(verdict.notPassed),
  printable(differsText(verdict), 200),
]

/** @param width of the terminal */
export function packsTable(verdicts: readonly PackVerdict[], width: number | undefined): string {
  const asked = verdicts.some(({ differs }) => differs !== undefined)
  const heads = asked ? HEADS : HEADS.slice(0, -1)
  const someDiffer = verdicts.some(({ differs = [] }) => differs.length > 0)
  const unsound = verdicts.filter(({ sound }) => !sound)
  return [
    fitTable(
      heads.map((head, index) => ({ head, ...((index === 0 || index === 4) && { least: 16 }) })),
      verdicts.map((verdict) => cells(verdict).slice(0, heads.length)),
      width,
    ),
    ...unsound.map(({ pack, problems }) => {
      const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
      return `${printable(pack, 60)}: ${printable(problems[0] ?? '', 200)}${more}`
    }),
    ...(someDiffer
      ? [
          `in what they differ: each pack has its lab file and what that names in results/${INPUTS_DIR}/lab-*; \`tar -xzOf PACK --wildcards 'results/${INPUTS_DIR}/lab-*/lab.yaml' | diff lab.yaml -\``,
        ]
      : []),
    `${plural(verdicts.length, 'pack')}: ${verdicts.length - unsound.length} sound, ${verdicts.filter(({ sound, notPassed, passed }) => sound && passed > 0 && notPassed === 0).length} passed`,
  ].join('\n')
}

/** With a head, and without the lines for people below it. */
export const packsCsv = (verdicts: readonly PackVerdict[]): string =>
  [
    csvRow(['pack', 'sound', 'passed', 'not_passed', 'differs', 'problem']),
    ...verdicts.map((verdict) =>
      csvRow([...cells(verdict).with(1, verdict.sound ? 'yes' : 'no'), printable(verdict.problems[0] ?? '', 200)]),
    ),
  ].join('\n')
