import { describe, expect, test } from 'vitest'
import { bootOnlyArgv, qemuArgv, tcgThread, type Machine } from './qemu.ts'

const MACHINE: Machine = {
  accel: 'tcg',
  tcgThread: 'single',
  cpus: 3,
  memoryBytes: 2 ** 30,
  kernel: '/store/bzImage',
  init: '/usr/sbin/lab-init',
  disks: [
    { file: '/vm/root,1.qcow2', format: 'qcow2', serial: 'lab-root' },
    { file: '/vm/seed.tar', format: 'raw', readonly: true, serial: 'lab-seed' },
  ],
  parameters: [],
  further: [],
  consoleLog: '/vm/a,b/console.log',
}

/** The arguments of an option, in order. */
const given = (argv: readonly string[], option: string) =>
  argv.flatMap((word, index) => (word === option ? [argv[index + 1] ?? ''] : []))

describe('qemuArgv', () => {
  const argv = qemuArgv(MACHINE)

  test('the one way in is ssh on loopback, and there is no way out', () => {
    expect(given(argv, '-netdev')).toEqual(['user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:0-:22'])
    expect(argv.join(' ')).not.toMatch(/vnc|spice|tcp:(?!127\.0\.0\.1)/)
  })

  test('control and console are unix sockets in the directory of the VM', () => {
    expect(given(argv, '-qmp')).toEqual(['unix:qmp.sock,server=on,wait=off'])
    expect(given(argv, '-chardev').join()).toContain('path=console.sock')
  })

  test('a comma in a path does not start another option', () => {
    expect(given(argv, '-drive')[0]).toMatch(/^file=\/vm\/root,,1\.qcow2,format=qcow2,/)
    expect(given(argv, '-chardev')[0]).toContain('logfile=/vm/a,,b/console.log')
  })

  test('memory that outlives the machine is a file; a copy of it does not write there', () => {
    expect(given(argv, '-object')).toEqual([])
    expect(given(argv, '-incoming')).toEqual([])
    const kept = qemuArgv({ ...MACHINE, memory: { file: '/s/a,b', share: 'shared' } })
    expect(given(kept, '-object')[0]).toBe('memory-backend-file,id=memory,size=1024M,mem-path=/s/a,,b,share=on')
    expect(given(kept, '-machine')[0]).toContain('memory-backend=memory')
    const copy = qemuArgv({ ...MACHINE, memory: { file: '/s/m', share: 'private' }, incoming: true })
    expect(given(copy, '-object')[0]).toContain('share=off')
    expect(given(copy, '-incoming')).toEqual(['defer'])
  })

  test('a panic ends the machine: the kernel reboots, and QEMU does not', () => {
    expect(argv).toContain('-no-reboot')
    expect(given(argv, '-append')[0]).toContain('panic=-1')
  })

  test('disks keep their order, and only a writable one can be written', () => {
    const drives = given(argv, '-drive')
    expect(drives.map((drive) => drive.includes('readonly=on'))).toEqual([false, true])
    expect(given(argv, '-device').filter((device) => device.startsWith('virtio-blk'))).toEqual([
      'virtio-blk-pci,drive=disk0,serial=lab-root',
      'virtio-blk-pci,drive=disk1,serial=lab-seed',
    ])
    expect(given(argv, '-append')[0]).toContain('root=/dev/vda rw')
  })

  test.each([
    ['tcg', 'tcg,thread=single', 'max', true],
    ['kvm', 'kvm', 'host', false],
  ] as const)('with %s', (accel, device, cpu, skipsCalibration) => {
    const argv = qemuArgv({ ...MACHINE, accel })
    expect(given(argv, '-accel')).toEqual([device])
    expect(given(argv, '-cpu')).toEqual([cpu])
    expect(given(argv, '-smp')).toEqual(['3'])
    expect(given(argv, '-m')).toEqual(['1024M'])
    // On real hardware the loops are measured, as everywhere else.
    expect(/lpj=/.test(given(argv, '-append')[0] ?? '')).toBe(skipsCalibration)
  })
})

test('the trial of an accelerator has no disk, no network and says what it sees', () => {
  const argv = bootOnlyArgv('kvm', '/store/bzImage')
  expect(given(argv, '-accel')).toEqual(['kvm'])
  expect(given(argv, '-serial')).toEqual(['stdio'])
  expect(given(argv, '-drive')).toEqual([])
  expect(given(argv, '-netdev')).toEqual([])
})

test.each([
  ['QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)', 'single'],
  ['QEMU emulator version 8.0.5', 'single'],
  ['QEMU emulator version 8.1.0', 'multi'],
  ['QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)', 'multi'],
  ['something else', 'single'],
])('%s translates with %s', (version, threads) => {
  expect(tcgThread(version)).toBe(threads)
})
