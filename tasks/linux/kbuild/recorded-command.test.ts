import { expect, test } from 'vitest'
import { recordedCommand, withTypes } from './recorded-command.ts'

const TEXT = `savedcmd_fs/file.o := gcc -Wp,-MMD,fs/.file.o.d -nostdinc -Iinclude -DKBUILD_MODFILE='"fs/file"' -O2   -c -o fs/file.o fs/file.c  ; ./tools/objtool/objtool --hacks=jump_label fs/file.o

source_fs/file.o := fs/file.c

deps_fs/file.o := \\
  include/linux/kconfig.h \\
`

test('the command that compiled an object, before what was done to the object afterwards', () => {
  const argv = recordedCommand(TEXT)
  expect(argv?.slice(0, 5)).toEqual([
    'gcc',
    '-Wp,-MMD,fs/.file.o.d',
    '-nostdinc',
    '-Iinclude',
    '-DKBUILD_MODFILE="fs/file"',
  ])
  expect(argv?.at(-1)).toBe('fs/file.c')
  expect(recordedCommand(TEXT.replace('savedcmd', 'cmd'))).toEqual(argv)
  expect(recordedCommand('cmd_vmlinux := ld -o vmlinux a.o')).toBeUndefined()
  expect(recordedCommand('')).toBeUndefined()
})

test('compiled for its types: to another file, and nothing of the tree is written', () => {
  const argv = withTypes(recordedCommand(TEXT) ?? [], '/tmp/1.o')
  expect(argv.filter((word) => word.includes('fs/'))).toEqual(['-DKBUILD_MODFILE="fs/file"', 'fs/file.c'])
  expect(argv.slice(-3)).toEqual(['-c', '-o', '/tmp/1.o'])
  expect(argv).toContain('-fno-eliminate-unused-debug-types')
})
