import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { readyProgram } from './ready-file.ts'

function fileOf(content: Buffer | string): string {
  const file = join(tempDir(), 'program')
  writeFileSync(file, content)
  return file
}

/** The beginning of an ELF header. @param order 1: little-endian, 2: big-endian */
function elf(machine: number, order: 1 | 2): Buffer {
  const head = Buffer.alloc(64)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, order])
  if (order === 1) head.writeUInt16LE(machine, 18)
  else head.writeUInt16BE(machine, 18)
  return head
}

test.each([
  ['arm64', elf(183, 1), 'a program for another machine (ELF machine 183)'],
  ['s390x', elf(22, 2), 'a program for another machine (ELF machine 22)'],
  ['a script with CRLF', '#!/bin/sh\r\necho\r\n', 'its first line ends with a carriage return'],
])('what no guest can start is refused before a boot: %s', async (_, content, fact) => {
  const failure = await failureOf(readyProgram(fileOf(content)))
  expect(failure).toMatchObject({ kind: 'user', parts: { place: 'workload program' } })
  expect(failure.parts.fact).toContain(fact)
})

test.each([
  ['x86-64', elf(62, 1)],
  ['i386', elf(3, 1)],
  ['a script', '#!/bin/sh\necho\r\n'],
  ['a script without a first line of that kind', 'echo\r\n'],
  ['an empty file', ''],
  ['the beginning of an ELF header', elf(183, 1).subarray(0, 10)],
])('what a guest may be able to start is taken as it is: %s', async (_, content) => {
  const file = fileOf(content)
  expect(await readyProgram(file)).toMatchObject({ name: 'program', file })
})
