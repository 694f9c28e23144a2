import { expect, test } from 'vitest'
import { bootPhase, guessBootFailure, PHASES } from './boot-failure.ts'

const BOOT =
  '[    0.000000] Linux version 5.4.0 (lab@lab)\n[    1.0] virtio_blk virtio0: [vda] 2097152 512-byte logical blocks\n'
const PANIC = 'Kernel panic - not syncing: '

test.each([
  [
    'stack protector',
    `${PANIC}stack-protector: Kernel stack is corrupted in: start_secondary+0x191/0x1a0`,
    'stack-protector: Kernel stack is corrupted in: start_secondary',
  ],
  [
    'no root device',
    `VFS: Cannot open root device "vda" or unknown-block(0,0): error -6\n${PANIC}VFS: Unable to mount root fs on unknown-block(0,0)`,
    'VFS: Cannot open root device "vda" or unknown-block(0,0): error -6',
  ],
  [
    'no init',
    `${PANIC}Requested init /usr/sbin/lab-init failed (error -2).`,
    'Requested init /usr/sbin/lab-init failed (error -2)',
  ],
  ['no init', `${PANIC}No working init found.  Try passing init= option to kernel.`, 'No working init found'],
  [
    'init ended',
    `lab-init: phase mounts\n${PANIC}Attempted to kill init! exitcode=0x00000100\nCPU: 0`,
    `${PANIC}Attempted to kill init! exitcode=0x00000100`,
  ],
  [
    'an algorithm of the file system is missing',
    `EXT4-fs (vda): Cannot load crc32c driver.\nlab-init: failed: mount /dev/vda: No such file or directory\n${PANIC}Attempted to kill init! exitcode=0x00000100`,
    'EXT4-fs (vda): Cannot load crc32c driver.',
  ],
  [
    'the first program of the guest failed',
    `lab-init: failed: mount /dev/vda: Invalid argument\n${PANIC}Attempted to kill init! exitcode=0x00000100`,
    'lab-init: failed: mount /dev/vda: Invalid argument',
  ],
  ['systemd on an old kernel', 'systemd[1]: Freezing execution.', 'Freezing execution'],
  ['out of memory', 'Out of memory: Killed process 44 (dropbear)', 'Out of memory'],
  [
    'kernel panic',
    `${PANIC}Fatal exception in interrupt\nKernel Offset: disabled`,
    `${PANIC}Fatal exception in interrupt`,
  ],
  ['seed', 'lab-init: phase seed\nlab-init: failed: no key in the seed', 'lab-init: failed: no key in the seed'],
  ['no network', 'Cannot find device "eth0"\nlab-init: failed: network', 'Cannot find device "eth0"'],
  [
    'sshd dead',
    'lab-init: failed: the ssh server ended (status 127): sh: dropbear: not found\nmore',
    'lab-init: failed: the ssh server ended (status 127): sh: dropbear: not found',
  ],
])('%s', (name, said, evidence) => {
  const guess = guessBootFailure(`${BOOT}[    2.1] ${said}\n`)
  expect(guess).toMatchObject({ name, evidence })
  expect(guess?.wayOut).toMatch(/\w/)
})

test.each(['', BOOT, `${BOOT}lab-init: phase ssh\n`])('nothing is guessed from %j', (console) => {
  expect(guessBootFailure(console)).toBeUndefined()
})

test('the phase is the last that was announced', () => {
  expect(bootPhase('')).toBe('firmware')
  expect(bootPhase('\r\n \n')).toBe('firmware')
  expect(bootPhase(BOOT)).toBe('kernel')
  for (const [index, phase] of PHASES.entries()) {
    const said = PHASES.slice(0, index + 1).map((name) => `lab-init: phase ${name}\r\n`)
    expect(bootPhase(BOOT + said.join('[ 2.0] some driver\r\n'))).toBe(phase)
  }
  expect(bootPhase(`${BOOT}lab-init: failed: phase ssh\n`)).toBe('kernel')
})
