import { expect, test } from 'vitest'
import { changed, complaints } from '../lab.fixture.ts'

const SHA = 'f733d27d239d65598d96d7a72f71ac50f49f2380192a1b3b4ca2f5ad5144dd63'
const PACKAGED = `      package: linux-source-5.10
      suite: bullseye
      version: 5.10.223-1
      sha256: ${SHA}
`
/** v5.10 of the example as a distribution's kernel. */
const PREBUILT = `      prebuilt: linux-image-5.10.0-32-cloud-amd64
      version: 5.10.223-1
      sha256: ${SHA}
`
const ALONE: readonly [string, string] = [`    extends: v5.4\n    source:\n${PACKAGED}`, `    source:\n${PREBUILT}`]

const first = (text: string): string =>
  text
    .split('\n')
    .filter((line) => /^lab\.yaml|way out/.test(line))
    .join('\n')

test('a prebuilt kernel by itself is fine', () => {
  expect(complaints(changed(ALONE))).toBe('')
})

test('what only a build can give is refused at its place, with the way out', () => {
  const text = complaints(changed(ALONE, [PREBUILT, `${PREBUILT}    options: { KPROBE_EVENTS_ON_NOTRACE: y }\n`]))
  expect(text).toContain('"options" needs a kernel that is built, and v5.10 is prebuilt')
  expect(text).toContain('options: { KPROBE_EVENTS_ON_NOTRACE: y }\n        ~~~~~~~')
  expect(text).toContain('`lab kernels add linux-source-5.10` writes its lines into lab.yaml')
})

test('what it would inherit is refused where it extends another kernel', () => {
  const text = first(complaints(changed([PACKAGED, PREBUILT])))
  expect(text).toContain('"parallelPath" of kernel v5.4 needs a kernel that is built, and v5.10 is prebuilt')
  expect(text).toContain('remove "extends"')
})

test('a deterministic VM and an experiment with options of its own need a kernel that is built', () => {
  const vm = complaints(changed(ALONE, ['cpus: 2', 'deterministic: yes'], ['accel: auto\n', 'accel: tcg\n']))
  expect(vm).toContain(
    'a deterministic VM needs a kernel that is built (with RAM disks: BLK_DEV_RAM=y), and v5.10 is prebuilt',
  )
  const options = complaints(changed(ALONE, ['    repeat: 5\n', '    repeat: 5\n    options: { NR_CPUS: 4 }\n']))
  expect(options).toContain('kernel options need a kernel that is built, and v5.10 is prebuilt')
})

test('a file that is not there, and a .deb with a configuration', () => {
  const file = (name: string) => `      file: ${name}\n      sha256: ${SHA}\n`
  expect(complaints(changed([ALONE[0], `    source:\n${file('./bzImage')}`]))).toContain(
    'built kernel "./bzImage" does not exist',
  )
  const both = `    source:\n${file('x.deb')}      config: kernel/config/guest.config\n`
  expect(complaints(changed([ALONE[0], both]))).toContain('a .deb brings its own configuration')
})
