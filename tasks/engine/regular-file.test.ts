import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { needReadable } from './regular-file.ts'

test('files and pipes are read; devices, directories and sockets are refused; what is not there is for others to say', () => {
  const dir = tempDir()
  const [file, pipe] = [join(dir, 'file'), join(dir, 'pipe')]
  writeFileSync(file, '')
  execFileSync('mkfifo', [pipe])
  for (const path of [file, pipe, join(dir, 'absent')]) needReadable(path, 'x')
  expect(() => needReadable('/dev/zero', 'x')).toThrow('this is a device')
  expect(() => needReadable(dir, 'x')).toThrow('this is a directory')
  expect(() => needReadable(pipe, 'x', false)).toThrow('this is a pipe')
})
