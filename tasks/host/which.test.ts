import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { which } from './which.ts'

test('finds a program by its name on the PATH, by its path, and relative to a directory', () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'bin'))
  const program = join(dir, 'bin/tool')
  writeFileSync(program, '#!/bin/sh\n')
  chmodSync(program, 0o755)
  const path = `/nowhere:${join(dir, 'bin')}`
  expect(which('tool', path)).toBe(program)
  expect(which('tool', '/nowhere')).toBeUndefined()
  expect(which(program, '')).toBe(program)
  expect(which('bin/tool', '', dir)).toBe(program)
  expect(which('bin/tool', '', '/')).toBeUndefined()
})

test('neither a directory nor a file that is not executable is a program', () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'a'))
  writeFileSync(join(dir, 'b'), '')
  expect([which('a', dir), which('b', dir)]).toEqual([undefined, undefined])
})
