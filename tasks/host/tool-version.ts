/**
 * Versions of the host's tools, asked once per binary: `clang --version` alone costs a tenth of a second of every warm
 * run.
 */
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../engine/directory.ts'
import { replaceFile } from '../engine/replace-file.ts'
import { missing, run } from './sh.ts'
import { which } from './which.ts'

/** First line of `<program> --version`, remembered per binary (real path, size and time). */
export async function toolVersion(program: string, cache: string, signal: AbortSignal): Promise<string> {
  const found = which(program)
  if (found === undefined) throw missing(program, 'host')
  const path = await realpath(found)
  const { size, mtimeMs } = await stat(path)
  const key = `${path} ${size} ${mtimeMs}`
  const file = join(cache, 'tools', `${program}.json`)
  try {
    const known = JSON.parse(await readFile(file, 'utf8')) as { key?: unknown; version?: unknown }
    if (known.key === key && typeof known.version === 'string') return known.version
  } catch {
    // Not asked before.
  }
  const version = (await run([program, '--version'], { signal, place: 'host' })).stdout.split('\n')[0] ?? ''
  makeDirectory(dirname(file))
  replaceFile(file, JSON.stringify({ key, version }))
  return version
}
