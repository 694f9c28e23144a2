import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MANIFEST } from '../run.fixture.ts'
import { orderReport } from '../order.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { orderHtml } from './order.ts'
import type { ReportRun } from './runs.ts'

test('the order of events of incomplete traces says so', async () => {
  const results = tempDir()
  const ordered = ['a', 'b'].map((run) => {
    const dir = join(results, run)
    mkdirSync(dir)
    writeFileSync(join(dir, 'sequence.txt'), '1\t1\tbegin\n1\t1\tend\n')
    return { dir, manifest: { ...MANIFEST, run } }
  })
  const report = await orderReport('x', ordered, 'sequence')
  const shown = (completeness: string) => {
    const runs = ['complete', completeness].map((word) => ({ table: true, completeness: word }) as ReportRun)
    return String(orderHtml({ report, runs }))
  }
  expect(shown('complete')).toContain('the same in all 2 sequences')
  expect(shown('complete')).not.toContain('INCOMPLETE')
  expect(shown('incomplete')).toMatch(/INCOMPLETE DATA: 1 of 2 runs[^]*<summary>Sequences/)
})
