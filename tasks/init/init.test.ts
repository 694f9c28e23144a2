import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { openLab } from '../config/open.ts'
import { initLab, labName, labText, writeAll } from './init.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const HOST = { memoryBytes: 8 * 2 ** 30, cpus: 4 }

function scratch(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-init-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const everything = (directory: string) => readdirSync(directory, { recursive: true }).map(String).toSorted()

describe('initLab', () => {
  test('makes directory and lab; the lab has no errors, no warnings, and an expectation for each kernel', async () => {
    const directory = path.join(scratch(), 'deep/copy-out')
    await initLab(directory)
    const { lab, warnings } = openLab({ cwd: directory, toolRoot: ROOT, host: HOST })
    expect(warnings).toEqual([])
    expect(lab.name).toBe('copy-out')
    expect(lab.experiments['hello']?.expect).toHaveLength(1)
    expect(lab.probes['hello']).toMatchObject({ source: path.join(directory, 'bpf/hello.bpf.c') })
    expect(readFileSync(path.join(directory, '.gitignore'), 'utf8')).toMatch(
      /^\.lab\/\nresults\/\*\/$[^]*^\*\.evidence\.tar\.gz$/m,
    )
  })

  test('kernels are those of the shipped lab: what was built for one is there for the other', async () => {
    const directory = scratch()
    await initLab(directory)
    const ours = openLab({ cwd: directory, toolRoot: ROOT, host: HOST }).lab.kernels
    const shipped = openLab({ cwd: ROOT, toolRoot: ROOT, host: HOST }).lab.kernels
    expect(Object.keys(ours)).toEqual(['debian-12', 'debian-13'])
    for (const name of Object.keys(ours)) expect(ours[name]).toEqual(shipped[name])
  })

  test('what is in the directory stays, and nothing of the lab is overwritten', async () => {
    const directory = scratch()
    writeFileSync(path.join(directory, 'notes.txt'), 'mine')
    writeFileSync(path.join(directory, 'lab.yaml'), 'mine')
    symlinkSync('/nonexistent', path.join(directory, '.gitignore'))
    await expect(initLab(directory)).rejects.toMatchObject({
      exitCode: 2,
      parts: { fact: 'already there: .gitignore, lab.yaml' },
    })
    expect(everything(directory)).toEqual(['.gitignore', 'lab.yaml', 'notes.txt'])
    expect(readFileSync(path.join(directory, 'lab.yaml'), 'utf8')).toBe('mine')
  })

  test('all or nothing: a file in place of a directory takes back what was made before it', async () => {
    const directory = scratch()
    writeFileSync(path.join(directory, 'bpf'), 'not a directory')
    await expect(initLab(directory)).rejects.toMatchObject({ exitCode: 2 })
    expect(everything(directory)).toEqual(['bpf'])
  })

  test('all or nothing: directories that were made go as well, those that were there stay', async () => {
    const directory = scratch()
    mkdirSync(path.join(directory, 'old'))
    const files = [
      ['first', ''],
      ['old/new/newer/file', ''],
      ['first/impossible', ''],
    ] as const
    await expect(writeAll(directory, files)).rejects.toThrow(/EEXIST|ENOTDIR/)
    expect(everything(directory)).toEqual(['old'])
  })
})

describe('the name', () => {
  test.each([
    ['/home/me/my lab', 'my-lab'],
    ['/home/me/.hidden', 'hidden'],
    ['/home/me/Übung 3', 'Ubung-3'],
    ['/home/me/---', 'lab'],
    ['/', 'lab'],
    [`/${'x'.repeat(80)}`, 'x'.repeat(63)],
  ])('%s -> %s', (directory, name) => expect(labName(directory)).toBe(name))

  test.each(['5.10', 'true', 'null', 'yes', '0x10', '1e3', '2026-11-23', 'plain'])('%s stays text in YAML', (name) => {
    expect(parse(labText('# lab:\nlab: hello\nx: 1\n', name))).toEqual({ lab: name, x: 1 })
  })

  test('what only older YAML readers take for a boolean is quoted too', () =>
    expect(labText('lab: hello\n', 'yes')).toBe('lab: "yes"\n'))
})
