import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Failure } from '../engine/error.ts'
import { findLab } from './find.ts'
import { EXAMPLE, HOST, changed, directoryWith, labDirectory } from './lab.fixture.ts'
import { openLab } from './open.ts'

function failure(action: () => unknown): Failure {
  try {
    action()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('findLab', () => {
  test('in the directory, above it, nearest first', () => {
    const directory = directoryWith({ 'lab.yaml': '', 'a/b/c/x': '', 'a/b/lab.yaml': '' })
    expect(findLab(directory)).toBe(path.join(directory, 'lab.yaml'))
    expect(findLab(path.join(directory, 'a'))).toBe(path.join(directory, 'lab.yaml'))
    expect(findLab(path.join(directory, 'a/b/c'))).toBe(path.join(directory, 'a/b/lab.yaml'))
  })

  test('a directory called lab.yaml is passed over', () => {
    const directory = directoryWith({ 'lab.yaml': '', 'a/lab.yaml/x': '' })
    expect(findLab(path.join(directory, 'a'))).toBe(path.join(directory, 'lab.yaml'))
  })

  test('-f: a file, relative or absolute, or a directory with lab.yaml', () => {
    const directory = directoryWith({ 'other.yaml': '', 'sub/lab.yaml': '' })
    expect(findLab(directory, 'other.yaml')).toBe(path.join(directory, 'other.yaml'))
    expect(findLab('/', path.join(directory, 'other.yaml'))).toBe(path.join(directory, 'other.yaml'))
    expect(findLab(directory, 'sub')).toBe(path.join(directory, 'sub/lab.yaml'))
  })

  test('none', () => {
    const directory = directoryWith({ 'empty/x': '' })
    expect(failure(() => findLab(directory)).parts).toEqual({
      fact: `there is no lab.yaml in ${directory} or above`,
      wayOut: 'lab init makes a lab here; -f names a lab file elsewhere',
    })
    expect(failure(() => findLab(directory, 'empty')).parts).toEqual({
      place: 'empty',
      fact: 'the directory has no lab.yaml',
      wayOut: 'lab init empty makes a lab there',
    })
  })

  test('lab.yml is told apart', () => {
    const directory = directoryWith({ 'lab.yml': '' })
    expect(failure(() => findLab(directory)).parts.wayOut).toBe(
      `rename it, or name it: -f ${path.join(directory, 'lab.yml')}`,
    )
  })
})

describe('openLab', () => {
  const openIn = (cwd: string, file?: string) => openLab({ cwd, toolRoot: cwd, host: HOST, ...(file && { file }) })

  test('one failure of the user with all problems, and warnings among them', () => {
    const directory = labDirectory(
      changed(['cpus: 2', 'cpus: 9'], ['repeat: 5', 'repeat: 0'], ['lab: copyout', 'lab: "!"']),
    )
    const error = failure(() => openIn(directory))
    expect(error).toMatchObject({ kind: 'user', exitCode: 2, parts: { fact: '2 problems in lab.yaml' } })
    expect(error.parts.lines?.filter((line) => line.startsWith('lab.yaml:'))).toEqual([
      'lab.yaml:1:6 lab: "!" is not allowed',
      "lab.yaml:28:11 warning: cpus of vm default: 9 is more than this host has (4): the guest's CPUs will take turns",
      'lab.yaml:41:13 repeat of experiment readiter: 0 is too small',
    ])
  })

  test('warnings alone come with the lab', () => {
    const directory = labDirectory(changed(['cpus: 2', 'cpus: 9']))
    const { lab, warnings } = openIn(directory)
    expect(lab.vms['default']?.cpus).toBe(9)
    expect(warnings.map(({ path: where, severity }) => [where, severity])).toEqual([['vms.default.cpus', 'warning']])
  })

  test('paths are relative to the lab file, not to the directory of the command; messages name it as seen from there', () => {
    const directory = labDirectory(EXAMPLE)
    mkdirSync(path.join(directory, 'bpf/deep'))
    expect(openIn(path.join(directory, 'bpf')).lab.directory).toBe(directory)
    writeFileSync(path.join(directory, 'lab.yaml'), 'lab: [\n')
    expect(failure(() => openIn(path.join(directory, 'bpf'))).parts.lines?.[0]).toMatch(/^\.\.\/lab\.yaml:2:1 /)
    expect(failure(() => openIn(path.join(directory, 'bpf/deep'))).parts.lines?.[0]).toBe(
      `${directory}/lab.yaml:2:1 ${failure(() => openIn(directory)).parts.lines?.[0]?.replace('lab.yaml:2:1 ', '')}`,
    )
  })

  test('another name of the lab file', () => {
    const directory = labDirectory(changed(['repeat: 5', 'repeat: 0']))
    renameSync(path.join(directory, 'lab.yaml'), path.join(directory, 'big.yaml'))
    expect(failure(() => openIn(directory, 'big.yaml')).parts.fact).toBe('1 problem in big.yaml')
  })

  test('a file that is not there', () => {
    expect(failure(() => openIn(labDirectory(), 'nope.yaml')).parts).toEqual({
      place: 'nope.yaml',
      fact: 'the lab file does not exist',
      wayOut: 'correct the path, or make a lab with lab init',
    })
  })

  test('a hundred problems are enough for a screen', () => {
    const many = Array.from({ length: 130 }, (_, number) => `x${number}: 1\n`).join('')
    const { fact, lines = [] } = failure(() => openIn(labDirectory(EXAMPLE + many))).parts
    expect(fact).toBe('130 problems in lab.yaml')
    expect(lines.filter((line) => line.startsWith('lab.yaml:'))).toHaveLength(100)
    expect(lines.at(-1)).toBe('... and 30 more')
  })

  test('the lab that this project ships has no problems and no warnings', () => {
    const root = path.resolve(import.meta.dirname, '../..')
    const { lab, warnings } = openLab({ cwd: root, toolRoot: root, host: HOST })
    expect(warnings).toEqual([])
    expect(Object.keys(lab.kernels).toSorted()).toEqual([
      'debian-12',
      'debian-13',
      'v4.15',
      'v5.10',
      'v5.3',
      'v5.4',
      'v5.7',
      'v6.1',
      'v6.12',
    ])
    expect(lab.kernels['v6.1']?.parallelPaths[0]?.entry).toBe('filemap_read')
  })

  test('a lab file need not be writable', () => {
    const directory = labDirectory()
    chmodSync(path.join(directory, 'lab.yaml'), 0o444)
    expect(openIn(directory).lab.name).toBe('copyout')
  })
})
