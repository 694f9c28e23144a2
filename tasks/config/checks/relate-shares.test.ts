import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskFiles } from '../paths.ts'
import { shareRefusal } from '../shares.ts'
import { changed, complaints, HOST, labDirectory } from '../lab.fixture.ts'
import { openLab } from '../open.ts'

const member = (share: string, more = '') => `  a: { kernel: v5.10, image: minimal, share: ${share}${more} }\n`
const withVm = (text: string) => complaints(changed(['vms:\n', `vms:\n${text}`]))

test.each([
  ['{ from: inputs, mount: /data }', /a share on \/data and disk data on \/data would hide one another's files/],
  ['{ from: inputs, mount: /data/in }', /would hide one another's files/],
  ['{ from: inputs, mount: /proc/x }', /would hide the guest's own \/proc/],
  ['[{ from: inputs, mount: /in }, { from: inputs, mount: /in/two }]', /another share on \/in would hide/],
])('a share is mounted apart from everything else: %s', (share, complaint) => {
  const disks = ', disks: { data: { fs: ext4, size: 16M, mount: /data } }'
  expect(withVm(member(share, disks))).toMatch(complaint)
})

test('a deterministic VM has no share', () => {
  expect(withVm(member('{ from: inputs, mount: /in }', ', deterministic: yes'))).toContain(
    'the host answers reads of a share when it likes',
  )
})

test.each([
  ['kernel', 'kernel/config/guest.config'],
  ['kernel/config', 'kernel/config/guest.config'],
  ['vm-images/minimal', 'vm-images/minimal'],
  ['vm-images/minimal/files', 'vm-images/minimal'],
  ['vm-images/minimal-results', undefined],
])('a guest that may write to %s could change %s', (from, named) => {
  const text = changed(['vms:\n', `vms:\n${member(`{ from: ${from}, mount: /out, write: yes }`)}`])
  const directory = labDirectory(text)
  for (const name of ['files', '../minimal-results'])
    mkdirSync(join(directory, 'vm-images/minimal', name), { recursive: true })
  const opened = () => openLab({ cwd: directory, toolRoot: directory, host: HOST })
  if (named === undefined) expect(opened).not.toThrow()
  else
    expect(opened).toThrow(
      expect.objectContaining({
        parts: expect.objectContaining({
          lines: expect.arrayContaining([
            expect.stringContaining(`the guest could change "${named}", which this lab file names`),
          ]) as string[],
        }) as object,
      }) as Error,
    )
})

test.each([
  ['bpf', 'out', true],
  ['out', 'out', true],
  ['out/of-b', 'out', false],
])('%s may be shared beside a writable %s: %s', (read, written, allowed) => {
  const both = `[{ from: ${read}, mount: /in }, { from: ${written}, mount: /out, write: yes }]`
  const directory = labDirectory(changed(['vms:\n', `vms:\n${member(both)}`]))
  mkdirSync(join(directory, 'out/of-b'), { recursive: true })
  const opened = () => openLab({ cwd: directory, toolRoot: directory, host: HOST })
  if (allowed) expect(opened).not.toThrow()
  else expect(opened).toThrow('1 problem in lab.yaml')
})

let lab = ''
const outside = mkdtempSync(join(tmpdir(), 'lab-outside-'))
beforeAll(() => {
  lab = mkdtempSync(join(tmpdir(), 'lab-share-'))
  for (const name of ['inputs', 'results', '.lab/keys', 'resultset', 'sub/.git/hooks'])
    mkdirSync(join(lab, name), { recursive: true })
  writeFileSync(join(outside, 'secret'), '')
  symlinkSync(outside, join(lab, 'link'))
  symlinkSync('inputs', join(lab, 'inner'))
})
afterAll(() => {
  for (const dir of [lab, outside]) rmSync(dir, { recursive: true })
})

test.each([
  ['inputs', undefined],
  ['inner', undefined],
  ['resultset', undefined],
  ['sub', undefined],
  ['sub/.git', /belongs to git, which runs what its hooks/],
  ['sub/.git/hooks', /belongs to git/],
  ['link', /is not below the directory of the lab file/],
  ['inputs/../..', /is not below the directory of the lab file/],
  ['.', /the directory of the lab has the keys of its guests and the results in it/],
  ['results', /lab keeps its results in results\//],
  ['.lab/keys', /lab keeps the keys of its guests in \.lab\//],
])('of the host a guest gets what is below the lab, and nothing that lab itself keeps: %s', (name, refused) => {
  const real = (path: string) => diskFiles.real(path) ?? ''
  const fact = shareRefusal(real(join(lab, name)), real(lab), (path) => diskFiles.real(path))?.fact
  if (refused === undefined) expect(fact).toBeUndefined()
  else expect(fact).toMatch(refused)
})

test('a directory that results/ or .lab/ is a link to, or is below, is refused as they are', () => {
  const linked = mkdtempSync(join(tmpdir(), 'lab-share-'))
  mkdirSync(join(linked, 'runs/here'), { recursive: true })
  mkdirSync(join(linked, 'others'))
  symlinkSync('runs/here', join(linked, 'results'))
  const factOf = (name: string) => shareRefusal(join(linked, name), linked, (path) => diskFiles.real(path))?.fact
  for (const name of ['runs', 'runs/here']) expect(factOf(name)).toBe('lab keeps its results in results/')
  expect(factOf('others')).toBeUndefined()
  rmSync(linked, { recursive: true })
})
