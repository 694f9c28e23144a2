import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { portablePath, portableWords, type Root } from './portable.ts'

const ROOTS: readonly Root[] = [
  ['/home/ada/.cache/lab', '$CACHE'],
  ['/home/ada', '$OUTER'],
  ['/home/ada/thesis/lab', '$LAB'],
]

test.each([
  ['/home/ada/thesis/lab/.lab/vms/default/root.qcow2', '$LAB/.lab/vms/default/root.qcow2'],
  ['/home/ada/.cache/lab/store/kernel/1/vmlinux', '$CACHE/store/kernel/1/vmlinux'],
  ['/home/ada/thesis/lab', '$LAB'],
  ['/home/ada/thesis/lab2/x', '$OUTER/thesis/lab2/x'],
  ['/srv/ada/linux-5.4', '.../linux-5.4'],
  [join(homedir(), 'linux'), '~/linux'],
  ['/dev/null', '/dev/null'],
  ['/usr/bin/qemu', '/usr/bin/qemu'],
  ['v5.10 (debian)', 'v5.10 (debian)'],
])('%s is published as %s', (path, text) => expect(portablePath(path, ROOTS)).toBe(text))

test('paths in the words of a command', () =>
  expect(
    portableWords(
      ['-drive', 'file=/home/ada/thesis/lab/a,b.img,format=raw', '-kernel', '/home/ada/.cache/lab/k'],
      ROOTS,
    ),
  ).toEqual(['-drive', 'file=$LAB/a,b.img,format=raw', '-kernel', '$CACHE/k']))
