/**
 * Results of every released version (tasks/test/stored): the current version reads, verifies, reports and exports them.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Rig } from './rig.ts'

const STORED = join(import.meta.dirname, 'stored')
const VERSIONS = readdirSync(STORED).filter((name) => /^\d/.test(name))

describe.each(VERSIONS)('results of lab %s', (version) => {
  const from = join(STORED, version)
  const packs = readdirSync(from).filter((name) => name.endsWith('.pack'))
  const lab = new Rig(false)
  const results = join(lab.dir, 'results')
  let runs: readonly string[] = []

  beforeAll(async () => {
    lab.write('lab.yaml', 'lab: stored\n')
    cpSync(join(from, 'results'), results, { recursive: true })
    for (const pack of packs)
      execFileSync('tar', ['-xzf', join(from, pack), '-C', results, '--strip-components=1', 'results'])
    const listed = (await lab.answer(['results'])) as { run: string }[]
    runs = listed.map(({ run }) => run)
  })
  afterAll(() => lab.remove())

  test('all are listed, without a word about any of them', async () => {
    const { status, stdout, stderr } = await lab.lab(['results'])
    expect([status, stderr]).toEqual([0, ''])
    for (const run of runs) expect(stdout).toContain(run)
    expect(runs).toHaveLength(3)
  })

  test('each is shown and verified', async () => {
    for (const run of runs) {
      const shown = await lab.lab(['results', 'show', run])
      expect([shown.status, shown.stderr]).toEqual([0, ''])
      const { status, stdout } = await lab.lab(['verify', run])
      // Traces from elsewhere have no verdict, so that none of them has passed.
      expect([status, stdout]).toEqual([0, expect.stringContaining('as recorded')])
      expect(stdout).not.toContain('NOT OK')
    }
  })

  test('packs are verified', async () => {
    for (const pack of packs) {
      const { status, stdout } = await lab.lab(['verify', join(from, pack)])
      expect([status, stdout]).toEqual([0, expect.stringContaining('1 result, all as recorded; 1 passed')])
    }
  })

  test('they are queried, compared, reported and exported', async () => {
    const rows = await lab.answer(['query', 'SELECT count(*) AS runs, sum(events)::INTEGER AS events FROM runs'])
    const manifests = runs.map((run) => {
      const [file = ''] = globSync(join(results, '*', run, 'manifest.json'))
      return JSON.parse(readFileSync(file, 'utf8')) as { trace: { events: number } }
    })
    const events = manifests.reduce((sum, { trace }) => sum + trace.events, 0)
    expect(rows).toMatchObject({ rows: [{ runs: 3, events }] })
    const notes = runs.filter((run) => existsSync(join(results, 'notes', run)))
    const diff = await lab.lab(['diff', ...notes])
    expect([diff.status, diff.stderr]).toEqual([0, ''])
    const report = await lab.lab(['report', '-o', 'report.html'])
    expect(report.status, report.stderr).toBe(0)
    expect(lab.read('report.html')).toContain('hello')
    for (const run of runs) expect((await lab.lab(['export', run, '-o', 'again.pack'])).status).toBe(0)
    expect((await lab.lab(['verify', 'again.pack'])).stdout).toContain('all as recorded')
    // The line with the format is a comment to sha256sum.
    const unpacked = join(lab.dir, 'unpacked')
    mkdirSync(unpacked)
    execFileSync('tar', ['-xzf', join(lab.dir, 'again.pack'), '-C', unpacked])
    expect(readFileSync(join(unpacked, 'SHA256SUMS'), 'utf8')).toMatch(/^# lab pack 2 \(lab \S+\)\n[0-9a-f]{64} {2}/)
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: unpacked })
  })

  test('a manifest that a later version wrote is refused by its number, with the way out', async () => {
    const [run = ''] = runs
    const dir = join(results, 'notes', 'later')
    mkdirSync(dir)
    const manifest = JSON.parse(readFileSync(join(results, 'notes', run, 'manifest.json'), 'utf8')) as object
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, format: 99, run: 'later' }))
    const fact = 'manifest.json has format 99, and lab '
    expect((await lab.lab(['results'])).stderr).toContain(fact)
    for (const command of [['results', 'show'], ['verify'], ['trace'], ['export']]) {
      const { status, stderr, stdout } = await lab.lab([...command, 'later'])
      expect([status, stderr + stdout]).toEqual([2, expect.stringContaining(fact)])
    }
  })
})
