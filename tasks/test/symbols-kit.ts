/** Symbols of a kernel before and after its boot, and which of them a test looks at. */
import { createHash } from 'node:crypto'
import type { Rig } from './rig.ts'

export interface Listed {
  readonly name: string
  readonly kind: string
  readonly attachable: boolean | null
}

/** What `lab symbols` says of names or patterns. */
export async function symbolsOf(
  rig: Rig,
  kernel: string,
  patterns: readonly string[],
  flags: readonly string[] = [],
): Promise<Map<string, Listed>> {
  const { symbols } = (await rig.answer(['symbols', kernel, ...patterns, ...flags])) as { symbols: Listed[] }
  return new Map(symbols.map((symbol) => [symbol.name, symbol]))
}

/** The same ones each time, in no order that anything else has. */
const rank = (name: string) => createHash('sha256').update(name).digest('hex')

/** So many of each category, and of the largest one what is left of the total. */
export function chosen(all: ReadonlyMap<string, Listed>, total: number): Listed[] {
  const kinds = Map.groupBy(all.values(), ({ kind }) => kind)
  const share = Math.floor(total / kinds.size)
  const sorted = [...kinds.values()].map((some) => some.toSorted((a, b) => (rank(a.name) < rank(b.name) ? -1 : 1)))
  const first = sorted.flatMap((some) => some.slice(0, share))
  const rest = sorted.flatMap((some) => some.slice(share)).toSorted((a, b) => (rank(a.name) < rank(b.name) ? -1 : 1))
  return [...first, ...rest.slice(0, total - first.length)]
}

/** Asks the guest's kernel for a kprobe event on each name; true where it took it. */
export async function attempts(rig: Rig, names: readonly string[]): Promise<boolean[]> {
  rig.write('names', names.map((name) => `${name}\n`).join(''))
  await rig.lab(['cp', 'names', ':/tmp/names'])
  const script =
    'cd /sys/kernel/tracing; i=0; while read -r name; do i=$((i + 1)); if echo "p:preflight/e$i $name" 2>/dev/null >> kprobe_events; then echo y; else echo n; fi; done < /tmp/names; echo > kprobe_events'
  const { stdout } = await rig.lab(['exec', '--', 'sh', '-c', script])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line === 'y')
}
