/**
 * llvm-symbolizer: which inlined functions an address is in, by the DWARF of a program or kernel. It parses a file that
 * may come from anybody, so it runs confined.
 */
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { boundsFor, runConfined } from './sandbox.ts'

/** One line of its output for each address (--output-style=JSON, LLVM 13 and later). */
const Line = z.object({
  Address: z.string(),
  Symbol: z.array(z.object({ FunctionName: z.string() })).default([]),
})

/** Addresses that one call is given. */
const MOST = 20_000

/** What it has found of each file; files of the store and of builds do not change under their names. */
const known = new Map<string, Map<bigint, readonly string[]>>()

/** Debug information of a kernel takes a gigabyte to look into. Bytes. */
const MEMORY = 4 * 2 ** 30

/**
 * The functions that were inlined at each address, the innermost first, without the function whose code it is. What is
 * in no inlined function is left out.
 * @param addresses where the file was linked
 * @throws Failure as `runConfined`; (lab) where the program is not installed
 */
export async function inlinedAt(
  file: string,
  addresses: readonly bigint[],
  place: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<bigint, readonly string[]>> {
  const { size, mtimeMs } = await stat(file)
  const key = `${file}\0${size}\0${mtimeMs}`
  const found = known.get(key) ?? new Map<bigint, readonly string[]>()
  known.set(key, found)
  const wanted = [...new Set(addresses)].filter((address) => !found.has(address)).slice(0, MOST)
  if (wanted.length > 0) {
    const { stdout } = await runConfined(
      (input) => ['llvm-symbolizer', `--obj=${input}`, '--inlines', '--functions=linkage', '--output-style=JSON'],
      {
        file,
        input: wanted.map((address) => `0x${address.toString(16)}\n`).join(''),
        bounds: { ...boundsFor(size), memory: MEMORY },
        place,
        signal,
      },
    )
    for (const line of stdout.split('\n').filter((line) => line !== '')) {
      const { Address: address, Symbol: frames } = Line.parse(JSON.parse(line))
      found.set(
        BigInt(address),
        frames.slice(0, -1).map((frame) => frame.FunctionName),
      )
    }
  }
  return new Map([...found].filter(([, names]) => names.length > 0))
}
