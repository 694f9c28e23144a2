/** Remarks of many runs in as few lines as say the same. */
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import type { Manifest } from '../../results/manifest.ts'

type Remarked = Pick<Manifest, 'experiment' | 'arm' | 'remarks'>

/** A process has another number in each run: it says nothing about many. */
const PID = / \(pid \d+\)/g

/** Whole numbers; those within names (x86_64, copy_2) tell programs apart. */
const NUMBER = /(?<![\w.])\d+(?![\w.]*\w)/g

interface Group {
  readonly experiment: string
  readonly arms: Set<string>
  /** The numbers of each run, in the order of the text. */
  readonly numbers: number[][]
  readonly text: string
}

/** "516" where all runs agree, else "516 to 529". */
function rangeText(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return low === high ? String(low) : `${low} to ${high}`
}

function merged({ numbers, text }: Group): string {
  let place = 0
  return text.replaceAll(NUMBER, () => {
    const at = place++
    return rangeText(numbers.map((list) => list[at] ?? 0))
  })
}

/** "reclaim: " where the remark is about every arm that was run, else "reclaim limit=16M; limit=64M: ". */
function aboutText({ experiment, arms }: Group, all: ReadonlySet<string>): string {
  const named = arms.size === all.size && all.size > 1 ? '' : [...arms].join('; ')
  return `${experiment} ${printable(named)}`.trimEnd()
}

/** Each remark once, with how many runs it is about; numbers in which the runs differ are a range. */
export function remarkLines(outcomes: readonly { readonly manifest: Remarked }[]): string[] {
  const armsOf = new Map<string, Set<string>>()
  const groups = new Map<string, Group>()
  for (const { manifest } of outcomes) {
    const { experiment, arm, remarks = [] } = manifest
    const all = armsOf.get(experiment) ?? new Set()
    armsOf.set(experiment, all.add(arm.name))
    for (const remark of new Set(remarks)) {
      const text = remark.replaceAll(PID, '')
      const key = `${experiment} ${text.replaceAll(NUMBER, '#')}`
      const group = groups.get(key) ?? { experiment, arms: new Set<string>(), numbers: [], text }
      group.arms.add(arm.name)
      group.numbers.push([...text.matchAll(NUMBER)].map(([digits]) => Number(digits)))
      groups.set(key, group)
    }
  }
  return [...groups.values()].map((group) => {
    const about = aboutText(group, armsOf.get(group.experiment) ?? new Set())
    return `note: ${printable(`${about}: ${merged(group)}`, 300)} (${plural(group.numbers.length, 'run')})`
  })
}
