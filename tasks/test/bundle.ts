/**
 * Joins the sources of a checkout into a few JavaScript files: `node tasks/test/bundle.ts DIR` writes DIR/cli.mjs and
 * its parts. Node needs a third of the CPU time to load these instead of several hundred TypeScript files, of which each
 * is resolved, stripped of types and compiled by itself. `lab` calls this once for each state of the sources, and runs
 * the sources themselves where it fails.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { rolldown, type Plugin } from 'rolldown'

const ROOT = join(import.meta.dirname, '../..')
const TASKS = join(ROOT, 'tasks')

/** Packages that are joined, too: nearly every command needs them. All others are loaded from node_modules. */
const JOINED = /^(?:zod|commander)(?:\/|$)/

/**
 * Each source keeps its own place: files beside it (templates, style sheets, `package.json`) are found from there.
 * Relative, so that a checkout can be moved.
 */
const keepPlaces = (dir: string): Plugin => ({
  name: 'keep-places',
  transform: {
    filter: { id: /[/]tasks[/]/, code: 'import.meta.' },
    handler: (code, id) =>
      code
        .replaceAll(
          'import.meta.dirname',
          `(import.meta.dirname + ${JSON.stringify(`/${relative(dir, dirname(id))}`)})`,
        )
        .replaceAll('import.meta.filename', `(import.meta.dirname + ${JSON.stringify(`/${relative(dir, id)}`)})`)
        .replaceAll('import.meta.url', `new URL(${JSON.stringify(relative(dir, id))}, import.meta.url).href`),
  },
})

/** Writes the joined program. */
async function bundle(dir: string): Promise<void> {
  const build = await rolldown({
    input: join(TASKS, 'cli.ts'),
    cwd: ROOT,
    platform: 'node',
    tsconfig: false,
    logLevel: 'warn',
    external: (id, _importer, isResolved) => !isResolved && !/^[./]/.test(id) && !JOINED.test(id),
    plugins: [keepPlaces(dir)],
  })
  try {
    await build.write({ dir, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' })
  } finally {
    await build.close()
  }
}

/** Command lines of the processes of this host, as far as they can be read. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return '' // It has ended, or is somebody else's.
      }
    })
}

/**
 * The newest states stay although no process here uses them: one of another host may, when the checkout is on a shared
 * disk. The state that is being joined is one of them.
 */
const KEPT = 5

/** Removes joined programs of older states. A running command loads more of its files later, so what it uses stays. */
function removeOld(parent: string): void {
  const running = commandLines()
  const states = readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ dir: join(parent, name), time: statSync(join(parent, name)).mtimeMs }))
    .toSorted((a, b) => b.time - a.time)
  for (const { dir } of states.slice(KEPT))
    if (!running.some((line) => line.includes(dir))) rmSync(dir, { recursive: true, force: true })
}

const dir = process.argv[2]
if (process.argv[1] === import.meta.filename && dir !== undefined) {
  await bundle(dir)
  removeOld(dirname(dir))
}
