import { describe, expect, test } from 'vitest'
import { phaseOf } from '../../host/slurm.ts'
import { limitOf, partitionsIn, timeIn } from '../../host/slurm-partitions.ts'
import type { NodeAnswer } from './on-node.ts'
import { partitionFinding } from './login-findings.ts'
import { answerFindings, clockFinding, probedFindings, type Asker } from './node-findings.ts'
import { answerFrom } from './probe-job.ts'

const asker: Asker = {
  lab: '0.2.0',
  nodejs: 'v24.0.0',
  qemu: 'QEMU emulator version 7.2.22',
  task: 2e9,
  directories: ['/lab', '/cache'],
}
const answer: NodeAnswer = {
  node: 'n1',
  host: 'n1',
  lab: '0.2.0',
  nodejs: 'v24.0.0',
  qemu: 'QEMU emulator version 7.2.22',
  kvm: [{ name: 'KVM', status: 'ok', fact: 'works' }],
  memory: 4e9,
  cpus: 2,
  scratch: { dir: '/scratch', free: 1e11, shared: false },
  virtiofs: null,
  unseen: [],
  readOnly: [],
  signSeen: 1000,
}
const sign = { at: 900, answered: 1100 }
const statusOf = (change: Partial<NodeAnswer>) =>
  Object.fromEntries(
    answerFindings({ ...answer, ...change }, sign, asker, true)
      .filter(({ status }) => status !== 'ok')
      .map(({ name, status }) => [name, status]),
  )

describe('a node that answered', () => {
  test('has no findings where everything is as it is here', () => expect(statusOf({})).toEqual({}))
  test.each<readonly [string, string, Partial<NodeAnswer>]>([
    ['QEMU', 'problem', { qemu: null }],
    ['QEMU', 'warning', { qemu: 'QEMU emulator version 8.0.0' }],
    ['lab', 'problem', { lab: '0.1.0' }],
    ['lab', 'problem', { nodejs: 'v22.0.0' }],
    ['shared files', 'problem', { unseen: ['/cache/x'] }],
    ['shared files', 'problem', { readOnly: ['/cache'] }],
    ['memory', 'problem', { memory: 1e9 }],
    ['scratch', 'problem', { scratch: { dir: '/scratch', free: null, shared: false, why: 'no such directory' } }],
    ['scratch', 'warning', { scratch: { dir: '/scratch', free: 1e6, shared: false } }],
    ['shares', 'problem', { virtiofs: 'virtiofsd is not installed' }],
    ['clock', 'warning', { signSeen: 301_000 }],
    ['late files', 'problem', { signSeen: null }],
  ])('%s is a %s of %j', (name, status, change) => expect(statusOf(change)).toEqual({ [name]: status }))

  test('the words of a node do nothing to the terminal', () => {
    const kvm = [{ name: 'K\u001b[2J', status: 'warning', fact: 'a\nb', wayOut: '\u001b]0;x' }] as const
    const [finding] = answerFindings({ ...answer, kvm: [...kvm] }, sign, asker, true).filter(({ name }) =>
      name.startsWith('K'),
    )
    expect(Object.values(finding ?? {}).join(' ')).not.toMatch(/\p{Cc}/u)
  })

  test('every finding that is not ok has a way out', () => {
    const worst = answerFindings(
      { ...answer, qemu: null, lab: '', unseen: ['x'], memory: 0, virtiofs: 'no', signSeen: 9e6 },
      sign,
      asker,
      false,
    )
    for (const { status, wayOut, name } of worst) if (status !== 'ok') expect(wayOut, name).toBeTruthy()
  })
})

test('a clock that is behind is told from one that is ahead, and late files from both', () => {
  const facts = (at: number, answered: number, seen: number) =>
    clockFinding({ at, answered }, seen).map(({ status, fact }) => `${status}: ${fact}`)
  expect(facts(400_000, 400_200, 100_000)[0]).toBe("warning: the node's clock is 300.0 s or more behind this host's")
  expect(facts(0, 200, 300_200)[0]).toBe("warning: the node's clock is 300.0 s or more ahead of this host's")
  expect(facts(0, 40_000, 20_000)).toEqual([
    'ok: no difference above 40.0 s',
    'warning: a file and its answer took 40.0 s: files of other hosts show late',
  ])
})

test('a job without an answer is explained by what it printed, or by files that do not show', () => {
  const factOf = (log: string) =>
    probedFindings({ job: '7', waited: 0, ended: 'FAILED', node: 'n1', log }, asker, true).map(({ fact }) => fact)
  expect(factOf('bash: /opt/node: No such file\n')).toEqual([expect.stringContaining('/opt/node: No such file')])
  expect(factOf('')).toEqual([expect.stringContaining('nothing of it showed here')])
})

test('what is no answer of a node is looked at again, and is no bug of ours', () => {
  expect(answerFrom(JSON.stringify(answer))).toEqual(answer)
  for (const text of ['', '{"node":"n1"', '{"node":"n1"}']) expect(answerFrom(text), text).toBeUndefined()
})

test.each([
  ['PENDING', 'waiting'],
  ['PREEMPTED', 'ended'],
  ['STAGE_OUT', 'running'],
  ['FAILED', 'ended'],
  ['gone', 'ended'],
])('a job that is %s is %s', (word, phase) => {
  expect(phaseOf(word)).toBe(phase)
})

const PARTITIONS = `PartitionName=main AllowGroups=ALL Default=YES DefaultTime=01:00:00 MaxTime=1-12:00:00 State=UP TotalNodes=2
PartitionName=old Default=NO DefaultTime=NONE MaxTime=UNLIMITED State=DOWN TotalNodes=1
`

test('partitions and their limits', () => {
  const [main, old] = partitionsIn(PARTITIONS)
  expect(main).toEqual({ name: 'main', isDefault: true, state: 'UP', nodes: 2, longest: 2160, usual: 60 })
  expect(old).toEqual({ name: 'old', isDefault: false, state: 'DOWN', nodes: 1, longest: Number.POSITIVE_INFINITY })
  expect(main && timeIn(main, undefined)).toBe(60)
  expect(main && timeIn(main, 30)).toBe(30)
  expect(old && timeIn(old, undefined)).toBe(Number.POSITIVE_INFINITY)
  expect(limitOf('00:30')).toBe(0.5)
  expect(limitOf('NONE')).toBeUndefined()
})

test('a partition that is down, or not there, is a problem that names the others', () => {
  const all = partitionsIn(PARTITIONS)
  expect(partitionFinding(all, {})).toMatchObject({ status: 'ok' })
  expect(partitionFinding(all, { partition: 'old' })).toMatchObject({ status: 'problem', wayOut: /main/ })
  expect(partitionFinding(all, { partition: 'x' })).toMatchObject({
    status: 'problem',
    fact: 'there is no partition x',
  })
})
