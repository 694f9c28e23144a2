import { describe, expect, test } from 'vitest'
import { findingsOf, findingsText } from './doctor/finding.ts'
import {
  confinementFinding,
  diskFinding,
  kvmFinding,
  memoryFinding,
  rootlessFindings,
  type Ids,
} from './doctor/machine.ts'
import { sourceFindings } from './doctor/network.ts'
import { bpfTarget, libbpfFinding, toolFindings, versionFinding, versionIn } from './doctor/tools.ts'
import { interrupted, labError } from '../engine/error.ts'

describe('text', () => {
  test('a mark for each, names aligned, the way out below, the sum at the end', () => {
    const text = findingsText([
      { name: 'a', status: 'ok', fact: 'fine' },
      { name: 'bbb', status: 'warning', fact: 'slow', wayOut: 'wait' },
      { name: 'c', status: 'problem', fact: 'gone', wayOut: 'get it' },
    ])
    expect(text.split('\n')).toEqual([
      'ok    a    fine',
      'warn  bbb  slow',
      '        wait',
      '!!    c    gone',
      '        get it',
      '',
      '1 problem, 1 warning',
    ])
    expect(findingsText([])).toBe('\nno problems')
  })

  test('a check that fails is a finding; an interruption and a bug are not', async () => {
    const failing = async (error: Error) => await findingsOf('mirror', () => Promise.reject(error))
    expect(await failing(labError({ fact: 'none', wayOut: 'set it' }))).toEqual([
      { name: 'mirror', status: 'problem', fact: 'none', wayOut: 'set it' },
    ])
    await expect(failing(interrupted())).rejects.toThrow('interrupted')
    await expect(failing(new TypeError('x'))).rejects.toThrow(TypeError)
  })
})

describe('tools', () => {
  const ALL = ['gcc', 'ld', 'objdump'].map((needs) => ({
    needs,
    package: needs === 'gcc' ? 'gcc' : 'binutils',
    why: 'links',
  }))

  test('one line when all are there', () =>
    expect(toolFindings(ALL, [], undefined)).toEqual([{ name: 'tools', status: 'ok', fact: '3 of 3' }]))

  test('one command, and a line for each that is missing', () => {
    const found = toolFindings(ALL, ALL.slice(1), ['sudo', 'apt-get', 'install', 'binutils'])
    expect(found.map(({ name, fact }) => [name, fact])).toEqual([
      ['tools', '1 of 3'],
      ['ld', 'missing: package binutils (links)'],
      ['objdump', 'missing: package binutils (links)'],
    ])
    expect(found.filter(({ wayOut }) => wayOut !== undefined)).toHaveLength(1)
    expect(found[0]?.wayOut).toContain('sudo apt-get install binutils')
    expect(toolFindings(ALL, ALL.slice(1), undefined)[0]?.wayOut).toMatch(/binutils$/)
  })
})

describe('versions', () => {
  test.each([
    ['gcc (Debian 12.2.0-14+deb12u1) 13.1.0', [13, 1]],
    ['GNU ld (GNU Binutils for Debian) 2.40', [2, 40]],
    ['Debian clang version 14.0.6', [14, 0]],
    ['QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)', [7, 2]],
    ['trace-cmd version 3.1.6 (not-a-git-repo)', [3, 1]],
    ['tool (only 4.5 here)', [4, 5]],
    ['v1.24', [1, 24]],
    ['no number', undefined],
  ])('%s', (line, version) => expect(versionIn(line)).toEqual(version))

  test.each([
    ['QEMU emulator version 4.2.1', 'problem'],
    ['QEMU emulator version 5.0.0', 'ok'],
    ['QEMU emulator version 10.0.2', 'ok'],
    ['', 'warning'],
  ])('QEMU >= 5: %j is %s', (said, status) =>
    expect(versionFinding({ name: 'qemu', argv: [], least: [5, 0] }, said).status).toBe(status),
  )

  test('the line is the first that says something, made safe', () =>
    expect(versionFinding({ name: 'x', argv: [] }, '\n x 1.2 \u001b[0m\nusage').fact).toBe(String.raw`x 1.2 \x1b[0m`))

  test.each([
    ['#define LIBBPF_MAJOR_VERSION 1\n#define LIBBPF_MINOR_VERSION 0\n', 'ok'],
    ['#define LIBBPF_MAJOR_VERSION 0\n#define LIBBPF_MINOR_VERSION 8\n', 'problem'],
    ['', 'problem'],
  ])('libbpf %j is %s', (header, status) => expect(libbpfFinding(header).status).toBe(status))

  test('R-2501-1: clang targets', () => {
    expect(bpfTarget('  Registered Targets:\n    bpf        - BPF (host endian)\n').status).toBe('ok')
    expect(bpfTarget('  Registered Targets:\n    x86-64 - bpf\n    bpfel - BPF\n').status).toBe('problem')
  })
})

describe('machine', () => {
  test('no KVM is slow; it is a problem for a lab that takes nothing else', () => {
    expect(kvmFinding(true, 'the kernel booted with it', ['kvm']).status).toBe('ok')
    expect(kvmFinding(false, 'x', ['auto', 'tcg']).status).toBe('warning')
    expect(kvmFinding(false, 'x', ['auto', 'kvm']).status).toBe('problem')
    expect(kvmFinding(false, '/dev/kvm cannot be opened (is your user in the group kvm?)', []).wayOut).toContain(
      'usermod -aG kvm',
    )
  })

  test.each([
    [2.9e9, 'problem'],
    [3e9, 'warning'],
    [9.9e9, 'warning'],
    [10e9, 'ok'],
  ])('disk: %d bytes free is %s', (free, status) => expect(diskFinding(free, '/cache').status).toBe(status))

  test.each([
    [8e9, 8e9, 'ok'],
    [0.5e9, 8e9, 'warning'],
    [0.5e9, 1e9, 'problem'],
  ])('memory: %d of %d is %s for a guest of 1 GiB', (available, total, status) =>
    expect(memoryFinding(available, total, 2 ** 30).status).toBe(status),
  )

  const IDS: Ids = {
    user: 'me',
    uid: 1000,
    subuid: 'you:1:9\nme:100000:65536\n',
    subgid: '1000:100000:65536\n',
  }
  test('without root: ranges of subordinate ids, by name or by number', () => {
    expect(rootlessFindings(IDS).map(({ status }) => status)).toEqual(['ok'])
    expect(rootlessFindings({ ...IDS, subuid: 'you:100000:65536\n' })[0]).toMatchObject({
      fact: 'no 65536 ids for me in /etc/subuid: images cannot be built',
      wayOut: 'sudo usermod --add-subuids 100000-165535 me',
    })
    expect(rootlessFindings({ ...IDS, subgid: 'me:100000:100\n' })).toMatchObject([{ status: 'problem' }])
    expect(rootlessFindings({ ...IDS, uid: 0, subuid: '' })[0]?.status).toBe('ok')
  })
})

describe('kernel sources', () => {
  const vm = (use: string, ...fallback: string[]) =>
    ({
      name: 'v',
      kernel: { use, fallback },
      image: 'i',
      cpus: 1,
      memory: 1,
      accel: 'auto',
      deterministic: false,
      disks: [],
    }) as const
  const judged = (reasons: Readonly<Record<string, string | undefined>>, ...vms: ReturnType<typeof vm>[]) =>
    sourceFindings(
      Object.entries(reasons).map(([name, reason]) => ({ name, reason })),
      Object.fromEntries(vms.map((vm, i) => [`v${i}`, vm])),
    ).map(({ status }) => status)

  test('a fallback that is there makes it a warning', () =>
    expect(judged({ a: 'down', b: undefined }, vm('a', 'b'))).toEqual(['warning', 'ok']))
  test('a fallback that is not there either is none', () =>
    expect(judged({ a: 'down', b: 'down' }, vm('a', 'b'))).toEqual(['problem', 'problem']))
  test('one VM without a fallback is enough', () =>
    expect(judged({ a: 'down', b: undefined }, vm('a', 'b'), vm('a'))).toEqual(['problem', 'ok']))
  test('an unreachable fallback of a kernel that is there', () =>
    expect(judged({ a: undefined, b: 'down' }, vm('a', 'b'))).toEqual(['ok', 'warning']))
  test('a kernel that no VM names', () =>
    expect(judged({ a: undefined, c: 'down' }, vm('a'))).toEqual(['ok', 'warning']))
})

test.each([
  ['bubblewrap', 'ok', /no network, no home directory/],
  ['namespaces', 'warning', /no network/],
  ['limits', 'warning', /no new privileges/],
] as const)('confinement by %s: %s', (way, status, fact) => {
  const finding = confinementFinding(way)
  expect([finding.status, finding.fact]).toEqual([status, expect.stringMatching(fact)])
  expect(finding.wayOut === undefined).toBe(status === 'ok')
})
