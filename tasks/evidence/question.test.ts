import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { changed, labDirectory } from '../config/lab.fixture.ts'
import { readKeptLab } from '../results/kept-lab.ts'
import { differences, questionOf, type Question } from './question.ts'

/** The question of a lab with this text, in a directory of its own. */
function asked(text?: string, change: (dir: string) => void = () => {}): Question {
  const dir = labDirectory(text)
  change(dir)
  const question = questionOf(readKeptLab(join(dir, 'lab.yaml'), '/tool'), 'readiter', 'in place', '/tool')
  if (question === undefined) throw new Error('no question')
  return question
}

test('the same lab in another directory asks the same', () => {
  expect(differences(asked(), asked())).toEqual([])
})

test.each<[string, string, string, readonly string[]]>([
  ['an expectation', 'times: ${count}', 'times: 2', ['expectations']],
  ['the command', 'readfile /data/f --bytes', 'readfile /data/f -x --bytes', ['workload']],
  ['a parameter', 'bytes: [16]', 'bytes: [64]', ['params']],
  ['the kernel', 'NR_CPUS: 8', 'NR_CPUS: 4', ['kernel v5.4']],
  ['a disk', 'size: 64M, mount', 'size: 32M, mount', ['vm']],
  ['how often it runs', 'repeat: 5', 'repeat: 7', []],
  ['what it is about', 'Follow one read()', 'Follow a read()', []],
])('%s', (_, from, to, what) => {
  expect(differences(asked(), asked(changed([from, to])))).toEqual(what)
})

test.each([
  ['bpf/readiter.bpf.c', ['probe readiter']],
  ['bpf/workloads/readfile.c', ['workload']],
  ['kernel/config/guest.config', ['kernel v5.4']],
])('the contents of %s', (file, what) => {
  const other = asked(undefined, (dir) => writeFileSync(join(dir, file), 'another'))
  expect(differences(asked(), other)).toEqual(what)
})

test('a lab without the experiment', () => {
  const lab = readKeptLab(join(labDirectory(), 'lab.yaml'), '/tool')
  expect(questionOf(lab, 'constructor', 'in place', '/tool')).toBeUndefined()
  expect(differences(asked(), undefined)).toEqual(['the experiment'])
})
