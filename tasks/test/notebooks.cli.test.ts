/** The blocks of docs/notebooks.md, run as they are on the results of a lab, where the programs are installed. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, type TestOptions } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { putRun } from '../results/run.fixture.ts'
import { said, trace } from '../trace/events/trace.fixture.ts'
import { needs } from './needs.ts'
import { Rig } from './rig.ts'

const BLOCKS = Array.from(
  readFileSync(join(TOOL_ROOT, 'docs/notebooks.md'), 'utf8').matchAll(/^```(\w+)\n([^]*?)^```/gm),
  ([, language = '', text = '']) => ({ language, text }),
)
const blockOf = (language: string, word: string): string => {
  const block = BLOCKS.find((one) => one.language === language && one.text.includes(word))
  if (block === undefined) throw new Error(`docs/notebooks.md has no ${language} with ${word}`)
  return block.text
}

/** Skips a test, with its reason, where a program or a library of it is not installed. */
const library = (what: string, program: string, ...args: readonly string[]): TestOptions =>
  needs(spawnSync(program, args).status === 0, `${what} not installed`)

/** The first Python that has these libraries: Debian's packages are for the one of /usr/bin, which may not come first. */
const pythonWith = (libraries: string): string =>
  ['python3', '/usr/bin/python3'].find((program) => spawnSync(program, ['-c', `import ${libraries}`]).status === 0) ??
  'python3'
const [PYTHON, ARROW_PYTHON] = [pythonWith('pandas'), pythonWith('pandas, pyarrow')]
const PANDAS = library('pandas is', PYTHON, '-c', 'import pandas')
const PYARROW = library('pandas or pyarrow is', ARROW_PYTHON, '-c', 'import pandas, pyarrow')
const NANOPARQUET = library('R or its nanoparquet is', 'Rscript', '-e', 'library(nanoparquet)')
const R = library('R is', 'Rscript', '--version')

const lab = new Rig()
afterAll(() => lab.remove())

const run = (program: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: lab.dir, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  return stdout
}

beforeAll(async () => {
  for (const [index, ns] of [400, 410, 900].entries())
    await putRun(join(lab.dir, 'results'), {
      run: `r${index}`,
      events: trace(said(7, 'entering copyout', 'copyout to 0x1')).map((event) => ({
        ...event,
        event: 'bpf_trace_printk',
      })),
      manifest: { arm: { name: ns < 500 ? 'fast' : 'slow', params: {} }, repeat: index + 1, metrics: { read_ns: ns } },
    })
  const lines = blockOf('sh', 'lab query').replaceAll(/^lab /gm, `${join(TOOL_ROOT, 'lab')} `)
  run('bash', '-e', '-c', lines)
})

test('pandas on Parquet', PYARROW, () => {
  writeFileSync(join(lab.dir, 'notebook.py'), blockOf('python', 'read_parquet'))
  const text = run(ARROW_PYTHON, 'notebook.py')
  expect(text).toMatch(/^fast +read_ns +2\.0 +405\.0/m)
  expect(text).toMatch(/^slow +read_ns +1\.0 +900\.0/m)
  expect(text).toMatch(/^copyout to 0x1 +3 +1000\.0/m)
})

test('R on Parquet', NANOPARQUET, () =>
  expect(run('Rscript', '-e', blockOf('r', 'nanoparquet'))).toMatch(/slow +read_ns +900/),
)

/** What the docs write to a Parquet file, as CSV. */
const writeCsv = () => {
  const [, sql = ''] = /query '([^']*)' --parquet metrics/.exec(blockOf('sh', 'lab query')) ?? []
  writeFileSync(join(lab.dir, 'metrics.csv'), run(join(TOOL_ROOT, 'lab'), 'query', sql, '--csv'))
}

test('pandas on CSV', PANDAS, () => {
  writeCsv()
  writeFileSync(join(lab.dir, 'notebook.py'), blockOf('python', 'read_csv'))
  expect(run(PYTHON, 'notebook.py')).toMatch(/^fast +read_ns +405\.0/m)
})

test('R on CSV', R, () => {
  writeCsv()
  expect(run('Rscript', '-e', blockOf('r', 'read.csv'))).toMatch(/fast +read_ns +405/)
})
