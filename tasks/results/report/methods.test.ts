import { expect, test } from 'vitest'
import type { Manifest } from '../manifest.ts'
import { methodsText } from './methods.ts'

const run = (over: Readonly<Record<string, unknown>> = {}) =>
  ({
    ...{ experiment: 'readiter', arm: { name: 'bytes=16', params: { bytes: 16 } }, verdict: 'passed' },
    kernel: { release: '5.10.223', source: 'linux-source-5.10 5.10.223-1', fingerprint: 'f'.repeat(64) },
    image: { fingerprint: 'a'.repeat(64) },
    guest: { accel: { accel: 'tcg' }, qemu: ['qemu-system-x86_64', '-smp', '2', '-m', '1024M'] },
    host: { cpu: 'a CPU', kernel: '6.1', tools: { 'qemu-system-x86_64': 'QEMU emulator version 7.2.22 (Debian)' } },
    workload: { argv: ['/run/lab/bundle-1/readfile', '/data/f'] },
    trace: { bufferBytes: 8 * 2 ** 20, clock: 'mono', completeness: 'complete' },
    ...over,
  }) as unknown as Manifest

test('a paragraph says kernel, machine, recorder and outcome', () => {
  const text = methodsText([run(), run({ verdict: 'failed' })])
  expect(text).toContain(
    '`readfile /data/f` ran on Linux 5.10.223 (linux-source-5.10 5.10.223-1), in QEMU 7.2.22 under software',
  )
  expect(text).toContain('with 2 CPUs and 1024M of memory')
  expect(text).toContain('ring buffers of 8 MiB with the clock `mono`')
  expect(text).toContain('Of 2 runs, 1 met every declared expectation, 1 did not, and 0 could not be shown')
  expect(text).not.toContain('counted in instructions')
})

test('a deterministic run is said to be one', () => {
  const guest = { accel: { accel: 'tcg' }, deterministic: true, qemu: ['-smp', '1', '-m', '1024M'] }
  expect(methodsText([run({ guest })])).toContain('with time counted in instructions and without network')
})
