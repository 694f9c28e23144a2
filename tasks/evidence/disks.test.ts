import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directoryWith } from '../config/lab.fixture.ts'
import { hashText } from '../engine/fingerprint.ts'
import type { Manifest } from '../results/manifest.ts'
import { declaredDisks, sameDisks } from './disks.ts'

const kept = () =>
  directoryWith({
    'lab-1/input.txt': 'from the host',
    'lab-1/lab.yaml': [
      'lab: x',
      'kernels: { k: { source: { tree: /linux }, config: [lab:base] } }',
      'images: { i: { recipe: lab:minimal } }',
      'vms:',
      '  v:',
      '    kernel: k',
      '    image: i',
      '    disks:',
      '      data:',
      '        fs: ext4',
      '        size: 16M',
      '        mount: /data',
      '        files: { text: hello, copy: { from: input.txt }, zeros: { size: 4K } }',
      'experiments: { e: { vm: v, probes: [], workload: { run: "true" } } }',
      '',
    ].join('\n'),
  })
const TOOL_ROOT = join(import.meta.dirname, '../..')
const HASHES = {
  text: hashText('hello'),
  copy: hashText('from the host'),
  // sha256sum of 4096 zeros.
  zeros: 'ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7',
}
const found = async (disks: Manifest['disks']) => {
  const manifest = { experiment: 'e', inputs: { lab: 'lab-1' }, disks } as unknown as Manifest
  const findings = await declaredDisks({ manifest, inputs: kept(), toolRoot: TOOL_ROOT })
  return findings.map(({ ok, what, fact }) => ({ ok, what, fact }))
}

test('files of a disk are as declared: texts, copies and patterns', async () => {
  expect(await found({ data: HASHES })).toEqual([{ ok: true, what: 'disk data', fact: '3 files as declared' }])
})

test('a file of other bytes, one that is missing and a disk that nobody declared are named', async () => {
  expect(await found({ data: { text: HASHES.text, zeros: hashText('') }, other: {} })).toEqual([
    { ok: false, what: 'disk other', fact: 'is not in the lab file' },
    { ok: false, what: 'disk data', fact: 'not what the lab file declares: zeros, copy' },
  ])
})

test('a result of before disks had hashes says nothing about them', async () => {
  expect(await found(undefined)).toEqual([])
})

test('the disks of a run that is made again are compared file by file', () => {
  expect(sameDisks({ disks: { data: HASHES } }, { disks: { data: HASHES } })).toMatchObject([
    { ok: true, what: 'disk data', fact: '3 files, the same bytes' },
  ])
  const now = { disks: { data: { ...HASHES, text: hashText('bye') } } }
  expect(sameDisks({ disks: { data: HASHES } }, now)).toMatchObject([{ ok: false, fact: 'other bytes in text' }])
  expect(sameDisks({}, now)).toEqual([])
})
