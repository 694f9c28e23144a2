import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { Failure } from '../../engine/error.ts'
import { refuseInWorkload } from './workload.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-unit-'))
const fileOf = (name: string) => ({ name, file: join(dir, name), fingerprint: name })

beforeAll(() => {
  const source = join(TOOL_ROOT, 'bpf/workloads/hooks.c')
  execFileSync('gcc', ['-O2', '-o', join(dir, 'hooks'), source])
  execFileSync('gcc', ['-O2', '-s', '-o', join(dir, 'stripped'), source])
  writeFileSync(join(dir, 'script'), '#!/bin/sh\necho\n')
})

afterAll(() => rmSync(dir, { recursive: true }))

const refused = async (section: string, name: string): Promise<string> => {
  try {
    await refuseInWorkload([{ program: 'p', section }], fileOf(name), 'experiment e')
    return ''
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return `${error.parts.fact} -> ${error.parts.wayOut ?? ''}`
  }
}

test.each([
  ['uprobe/${workload}:answer', 'hooks', ''],
  ['uretprobe/${workload}:answer+4', 'hooks', ''],
  ['usdt/${workload}:hooks:asked', 'hooks', ''],
  ['usdt/${workload}:hooks:asked', 'stripped', ''],
  ['uprobe/${workload}:anwser', 'hooks', 'the workload hooks has no function anwser -> did you mean answer?'],
  ['usdt/${workload}:hooks:aksed', 'hooks', 'has no USDT probe hooks:aksed -> did you mean hooks:asked?'],
  ['uprobe/${workload}:answer', 'stripped', 'the workload stripped is stripped'],
  ['uprobe/${workload}:answer', 'script', 'the workload script is no program of machine code'],
])('%s in %s', async (section, name, words) => {
  const said = await refused(section, name)
  if (words === '') expect(said).toBe('')
  else expect(said).toContain(words)
})
