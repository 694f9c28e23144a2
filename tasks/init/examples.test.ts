import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openLab } from '../config/open.ts'
import { includedNames } from '../linux/c/includes.ts'
import { exampleFiles, exampleLabs } from './examples.ts'
import { initLab } from './init.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const EXAMPLES = path.join(ROOT, 'examples')
const HOST = { memoryBytes: 8 * 2 ** 30, cpus: 4 }
/** A chapter of a thesis, and not one question. */
const LONG = new Set(['evaluation'])

function scratch(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-example-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const shipped = await exampleLabs(EXAMPLES)

describe.each(shipped)('the example $name', ({ name }) => {
  test('is copied to a lab without errors and warnings, under the name of its directory', async () => {
    const directory = path.join(scratch(), 'my-question')
    const { files } = await initLab(directory, { root: EXAMPLES, name })
    const { lab, warnings } = openLab({ cwd: directory, toolRoot: ROOT, host: HOST })
    expect(warnings).toEqual([])
    expect(lab.name).toBe('my-question')
    expect(files).toEqual(expect.arrayContaining(['.gitignore', 'README.md', 'lab.yaml']))
  })

  test('includes its own files and those that the lab gives to probes, and nothing else', async () => {
    const own = (await exampleFiles(EXAMPLES, name)).map(([file]) => file)
    const given = ['lab.bpf.h', 'vmlinux.h']
    for (const file of own.filter((file) => /\.[ch]$/.test(file)))
      for (const included of includedNames(readFileSync(path.join(EXAMPLES, name, file), 'utf8')))
        if (included.quoted && !given.includes(included.name))
          expect(own, file).toContain(path.join(path.dirname(file), included.name))
  })
})

test('the copies of map.h are the same', () => {
  const copies = ['bpf/workloads/map.h', 'examples/evaluation/workloads/map.h']
  const [first, second] = copies.map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
  expect(second).toBe(first)
})

describe.each(shipped.filter(({ name }) => !LONG.has(name)))('the example $name', ({ name, question }) => {
  test('asks a question, and asks it in at most 40 lines', () => {
    expect(question).toMatch(/\?$/)
    expect(
      readFileSync(path.join(EXAMPLES, name, 'lab.yaml'), 'utf8')
        .trimEnd()
        .split('\n').length,
    ).toBeLessThan(41)
  })
})

test('what runs of an example leave behind is not copied', async () => {
  const root = scratch()
  for (const directory of ['one/bpf', 'one/results/x', 'one/.lab'])
    mkdirSync(path.join(root, directory), { recursive: true })
  writeFileSync(path.join(root, 'one/README.md'), '# Why?\n\nBecause.\n')
  for (const file of ['bpf/a.c', 'results/x/trace.dat', '.lab/state']) writeFileSync(path.join(root, 'one', file), file)
  expect(await exampleLabs(root)).toEqual([{ name: 'one', question: 'Why?' }])
  expect((await exampleFiles(root, 'one')).map(([file]) => file)).toEqual(['README.md', 'bpf/a.c'])
})

test('a name that is almost right gets the right one', async () => {
  await expect(initLab(scratch(), { root: EXAMPLES, name: 'fsyncs' })).rejects.toMatchObject({
    exitCode: 2,
    parts: { place: '--from fsyncs', wayOut: 'did you mean "fsync"?' },
  })
})
