/**
 * Preloaded into a `lab` by cost.cli.test.ts (`node --import`): writes what the process loaded and how much it read to
 * the file that LAB_LOADED names. Counts, because times depend on the machine.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TASKS } from './imports.ts'

export interface Loaded {
  /** Our own files, relative to tasks/. */
  readonly files: readonly string[]
  /** Names of npm packages, each once. */
  readonly packages: readonly string[]
  /** What the process read from files and pipes, its own code included. Bytes. */
  readonly bytesRead: number
}

const target = process.env['LAB_LOADED']
if (target !== undefined) {
  const files: string[] = []
  const packages = new Set<string>()
  const before = bytesRead()
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:')) {
        const path = fileURLToPath(url)
        const name = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
        if (name === undefined) files.push(relative(TASKS, path))
        else packages.add(name)
      }
      return next(url, context)
    },
  })
  process.on('exit', () => {
    const loaded: Loaded = { files, packages: [...packages].toSorted(), bytesRead: bytesRead() - before }
    writeFileSync(target, JSON.stringify(loaded))
  })
}

/** See proc(5), /proc/pid/io: all that read(2) and its like returned to this process. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}
