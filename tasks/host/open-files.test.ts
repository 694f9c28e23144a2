import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { isProgramIn, programsIn, usedByProcesses } from './open-files.ts'

test('a file that this process holds open, and its directories', () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'entry'))
  const fd = openSync(join(dir, 'entry/disk.img'), 'w')
  onTestFinished(() => closeSync(fd))
  const used = usedByProcesses()
  expect(used(join(dir, 'entry'))).toBe(true)
  expect(used(join(dir, 'ent'))).toBe(false)
  expect(used(join(dir, 'other'))).toBe(false)
})

test('a name on a command line, also inside an option of QEMU', () => {
  const dir = tempDir()
  const child = spawn('sleep', ['60'], { argv0: `x,file=${dir}/entry/base.img,snapshot=on`, stdio: 'ignore' })
  onTestFinished(() => void child.kill())
  expect(usedByProcesses()(join(dir, 'entry'))).toBe(true)
})

test('processes that cannot be looked at are passed over', () => {
  const proc = tempDir()
  mkdirSync(join(proc, '1'))
  mkdirSync(join(proc, '2/fd'), { recursive: true })
  symlinkSync('/cache/store/kernel/a/bzImage', join(proc, '2/fd/3'))
  writeFileSync(join(proc, 'self'), '')
  expect(usedByProcesses(proc)('/cache/store/kernel/a')).toBe(true)
})

test('a program is known by its name and the directory that it is in, also if only it is looked at', () => {
  const proc = tempDir()
  const [home, other] = [join(proc, 'home'), join(proc, 'other')]
  for (const [pid, cwd, exe] of [
    ['7', home, '/usr/bin/qemu-system-x86_64'],
    ['8', home, '/usr/bin/head'],
    ['9', other, '/usr/bin/qemu-system-x86_64'],
  ] as const) {
    mkdirSync(join(proc, pid), { recursive: true })
    mkdirSync(cwd, { recursive: true })
    symlinkSync(cwd, join(proc, pid, 'cwd'))
    symlinkSync(exe, join(proc, pid, 'exe'))
  }
  expect(programsIn(home, 'qemu-system-', proc)).toEqual([7])
  const looked = [7, 8, 9, 10].map((pid) => isProgramIn(pid, home, 'qemu-system-', proc))
  expect(looked).toEqual([true, false, false, false])
})
