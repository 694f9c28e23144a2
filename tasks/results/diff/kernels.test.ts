import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAPS_OBJECT } from '../../linux/objects/bpf-object.fixture.ts'
import { sectionsOf } from '../../linux/objects/elf.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { compareKernels } from './kernels.ts'

const MAP = '0000000000000000 T _text\n0000000000000018 T somewhere\n'

function build(files: Readonly<Record<string, string | Buffer>> = {}) {
  const dir = join(tempDir(), 'kernel')
  mkdirSync(dir)
  const all = {
    'inputs.json': '{"gcc":"12"}',
    release: '5.10.223\n',
    config: 'CONFIG_BPF=y\n',
    'System.map': MAP,
    vmlinux: MAPS_OBJECT,
    bzImage: 'boot',
    ...files,
  }
  for (const [name, content] of Object.entries(all)) writeFileSync(join(dir, name), content)
  return { label: 'kernel', dir }
}

/** The object with another byte in a section. */
function changed(section: string, at: number): Buffer {
  const bytes = Buffer.from(MAPS_OBJECT)
  const { bytes: part } = sectionsOf(bytes).find(({ name, bytes: of }) => name === section && of.length > at) ?? {}
  if (part === undefined) throw new Error(`no ${section}`)
  part[at] = (part[at] ?? 0) ^ 1
  return bytes
}
const SECTION = sectionsOf(MAPS_OBJECT).find(({ name, bytes }) => name.includes('/') && bytes.length > 0)?.name ?? ''

test('two builds of one kernel are the same, bit for bit', () => {
  expect(compareKernels([build(), build({ 'build.log': 'another day' })])).toMatchObject({
    same: true,
    differences: [],
  })
})

test('the same inputs and other bytes: which file, which section, and where', () => {
  const { differences, same } = compareKernels([build(), build({ vmlinux: changed(SECTION, 3), bzImage: 'other' })])
  expect(same).toBe(false)
  expect(differences).toMatchObject([
    { what: 'vmlinux', lines: [`${SECTION}: the same size, and other bytes from byte 3 on`] },
    { what: 'bzImage' },
  ])
})

test('what went in and what came out of it', () => {
  const other = build({
    'inputs.json': '{"gcc":"14"}',
    config: 'CONFIG_BPF=n\nCONFIG_NEW=y\n# CONFIG_ODD is not set\n',
    'System.map': `${MAP}0000000000000030 T copyout_giulia\n`,
  })
  expect(compareKernels([build(), other]).differences).toMatchObject([
    { what: 'inputs.json', lines: ['gcc: 12 -> 14'] },
    {
      what: 'config',
      lines: ['CONFIG_BPF: y -> n', 'CONFIG_NEW: - -> y', 'and 1 options that only one of them knows, off there'],
    },
    { what: 'symbols (System.map)', lines: ['+T copyout_giulia'] },
  ])
})

test('a vmlinux that is none is said to be, and the rest is compared', () => {
  const { differences } = compareKernels([build(), build({ vmlinux: 'no ELF', bzImage: 'other' })])
  expect(differences).toMatchObject([
    { what: 'vmlinux', lines: [expect.stringMatching(/cannot be read/)] },
    { what: 'bzImage' },
  ])
})
