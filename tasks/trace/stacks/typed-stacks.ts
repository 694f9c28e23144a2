/**
 * Stacks in typed events: a probe has let bpf_get_stack() fill an array of 64-bit numbers of its struct. An array is
 * taken for a stack by its name, as the members of a map's key are (stack-counts.ts).
 */
import { parquet, quotedName, withKeptDatabase } from '../duckdb.ts'
import { KERNEL, STACK, type Half, type StackCount } from './stack-counts.ts'

/** The type of such an array as a column. */
const TYPE = 'UBIGINT[]'

/** Whether a field of typed events is a stack. @param type of its column */
export const isStackField = (path: string, type: string): boolean => type === TYPE && STACK.test(path)

/** errno-base.h: what stands for a stack that a task does not have. bpf_get_stack() fills the array with zeros then. */
const EFAULT = 14

/** Such an array as a stack: it ends with the first zero. */
export function halfOfArray(all: readonly bigint[]): Half {
  const end = all.indexOf(0n)
  const addresses = end < 0 ? all : all.slice(0, end)
  return addresses.length === 0 ? { error: EFAULT } : { addresses, full: end < 0 }
}

const halfOf = (value: unknown): Half =>
  halfOfArray(Array.isArray(value) ? value.map((number) => BigInt(number as bigint | number)) : [])

/**
 * How often each stack is in a channel of typed events, for every thread; undefined for a channel without stacks.
 * @param file the channel's table @throws DuckDB's own error for a file that is missing or damaged
 */
export async function typedStacks(file: string): Promise<StackCount[] | undefined> {
  return await withKeptDatabase(async (connection) => {
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJS() as unknown as unknown[][]
    const columns = (await rows(`DESCRIBE SELECT * FROM ${parquet([file])}`))
      .map(([name, type]) => [String(name), String(type)] as const)
      .filter(([name, type]) => isStackField(name, type))
      .map(([name]) => name)
      // The kernel's last: it is the inner end.
      .toSorted((a, b) => Number(KERNEL.test(a)) - Number(KERNEL.test(b)))
    if (columns.length === 0) return undefined
    const found = await rows(
      `SELECT pid, comm, count(*), ${columns.map(quotedName).join(', ')} FROM ${parquet([file])} GROUP BY ALL`,
    )
    return found.map(([pid, comm, count, ...stacks]) => ({
      weight: Number(count),
      pid: Number(pid),
      comm: String(comm),
      halves: stacks.map(halfOf),
    }))
  })
}
