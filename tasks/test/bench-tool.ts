/**
 * What the tool itself costs, as multiples of the CPU time of a Node that does nothing: `npm run bench:tool`, ten
 * minutes on a busy machine; `-- --runs 100000` for another number of results. CPU time, because the wall clock counts
 * what else the machine does; ratios of neighbouring runs, because its speed changes.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { say, spent } from './bench-kit.ts'
import { Rig } from './rig.ts'

const ROUNDS = 7
const RUNS = 10_000
const EXPERIMENTS = 4

const middle = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? Number.NaN

/** One line: seconds of CPU time of a command, and as a multiple of an empty Node. */
function toolCost(dir: string, words: readonly string[], rounds = ROUNDS): string {
  const pairs = Array.from({ length: rounds }, () => ({
    empty: spent([process.execPath, '-e', '0']).cpu,
    lab: spent([join(TOOL_ROOT, 'lab'), ...words], { cwd: dir }).cpu,
  }))
  const ratio = middle(pairs.map(({ empty, lab }) => lab / empty))
  return `lab ${words.join(' ').padEnd(44)} ${middle(pairs.map(({ lab }) => lab)).toFixed(2)} s of CPU time, ${ratio.toFixed(1)} x an empty Node`
}

/** Copies a stored result so many times, each with a name, a time and an experiment of its own. */
function fill(results: string, count: number): void {
  const stored = join(TOOL_ROOT, 'tasks/test/stored/0.1.0/results')
  const [experiment = ''] = readdirSync(stored).filter((name) => !name.startsWith('.'))
  const [run = ''] = readdirSync(join(stored, experiment)).filter((name) => !name.startsWith('.'))
  const source = join(stored, experiment, run)
  const files = readdirSync(source).filter((name) => name !== 'manifest.json')
  const manifest = JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8')) as object
  for (let index = 0; index < count; index++) {
    const started = new Date(Date.UTC(2025, 0, 1) + index * 1000).toISOString()
    const name = `${started.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${index.toString(16).padStart(8, '0')}`
    const own = `experiment${index % EXPERIMENTS}`
    const dir = join(results, own, name)
    mkdirSync(dir, { recursive: true })
    for (const file of files) cpSync(join(source, file), join(dir, file))
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, experiment: own, run: name, started }))
  }
}

function commands(): void {
  const rig = new Rig()
  try {
    for (const words of [['--help'], ['check'], ['results'], ['ps'], ['up', '--help'], ['run', '--help']])
      say(toolCost(rig.dir, words))
  } finally {
    rig.remove()
  }
}

function manyRuns(count: number): void {
  const rig = new Rig()
  try {
    fill(join(rig.dir, 'results'), count)
    say(`${count} runs in ${EXPERIMENTS} experiments; the first of each command makes what the others read`)
    for (const words of [
      ['results'],
      ['query', 'SELECT count(*) FROM events'],
      ['query', 'SELECT count(*) FROM runs'],
    ]) {
      say(`first: ${toolCost(rig.dir, words, 1)}`)
      say(toolCost(rig.dir, words, 3))
    }
    say(toolCost(rig.dir, ['report', 'experiment0'], 1))
  } finally {
    rig.remove()
  }
}

if (process.argv[1] === import.meta.filename) {
  const at = process.argv.indexOf('--runs')
  commands()
  manyRuns(at < 0 ? RUNS : Number(process.argv[at + 1]))
}
