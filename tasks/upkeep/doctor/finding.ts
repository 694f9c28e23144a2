/** What `lab doctor` says: findings, their order, their text. No I/O. */
import { Failure } from '../../engine/error.ts'
import { displayWidth, plural } from '../../engine/text.ts'

/** `problem`: the lab cannot do its work. `warning`: it can, but slower or with something else than was asked for. */
export type Status = 'ok' | 'warning' | 'problem'

export interface Finding {
  readonly name: string
  readonly status: Status
  readonly fact: string
  readonly wayOut?: string
}

const MARKS: Readonly<Record<Status, string>> = { ok: 'ok', warning: 'warn', problem: '!!' }

/** A line per finding with its mark, the way out indented below, and the sum at the end. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ name }) => displayWidth(name)))
  const lines = findings.flatMap(({ name, status, fact, wayOut }) => [
    `${MARKS[status].padEnd(5)} ${name}${' '.repeat(width - displayWidth(name))}  ${fact}`,
    ...(wayOut === undefined ? [] : [`        ${wayOut}`]),
  ])
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length
  const [problems, warnings] = [count('problem'), count('warning')]
  const sum = [
    problems === 0 ? 'no problems' : plural(problems, 'problem'),
    ...(warnings === 0 ? [] : [plural(warnings, 'warning')]),
  ]
  return [...lines, '', sum.join(', ')].join('\n')
}

/** A check that failed to look is a finding too. Interruptions and bugs pass through. */
export async function findingsOf(name: string, check: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    const { fact, wayOut } = error.parts
    return [{ name, status: 'problem', fact, ...(wayOut === undefined ? {} : { wayOut }) }]
  }
}
