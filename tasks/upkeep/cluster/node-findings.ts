/** What the answer of a node, or its lack, means for plans. No I/O. */
import { printable } from '../../engine/printable.ts'
import { bytes } from '../../engine/text.ts'
import { waitsForEver } from '../../host/slurm.ts'
import type { Finding } from '../doctor/finding.ts'
import type { NodeAnswer } from './on-node.ts'
import type { Probed } from './probe-job.ts'

/** What of the host that asks is compared with the node. */
export interface Asker {
  readonly lab: string
  readonly nodejs: string
  /** First line of `qemu-system-x86_64 --version`; null where there is none. */
  readonly qemu: string | null
  /** Memory that a task asks for, of the largest VM; bytes. */
  readonly task: number
  /** Directories that every node must see. */
  readonly directories: readonly string[]
}

/** Seconds of difference that no run notices. */
const CLOCK = 2
/** Seconds after which a new file should be seen by another host. */
const PROMPT = 5
/** Room for the copies of what runs are made of, and for overlays; bytes. */
const ROOM = 5e9

const qemuFinding = ({ qemu }: NodeAnswer, asker: Asker): Finding => {
  const name = 'QEMU'
  if (qemu === null)
    return {
      name,
      status: 'problem',
      fact: 'qemu-system-x86_64 is not there',
      wayOut:
        'load its module in `prologue:` of the profile (`- module load qemu`), or name nodes that have it (`constraint:`)',
    }
  const fact = printable(qemu, 100)
  if (asker.qemu === null || asker.qemu === qemu) return { name, status: 'ok', fact }
  return {
    name,
    status: 'warning',
    fact: `${fact}; this host has ${printable(asker.qemu, 100)}`,
    wayOut: 'the manifest of each run names its own; load the same version in `prologue:` to compare runs of both',
  }
}

const versionFinding = ({ lab, nodejs }: NodeAnswer, asker: Asker): Finding => {
  const fact = `lab ${printable(lab, 40)}, Node ${printable(nodejs, 40)}`
  if (lab === asker.lab && nodejs === asker.nodejs) return { name: 'lab', status: 'ok', fact }
  return {
    name: 'lab',
    status: 'problem',
    fact: `${fact}; this host has lab ${asker.lab}, Node ${asker.nodejs}: a task refuses a plan of another version`,
    wayOut: 'the node has other files at the same paths: install lab on the file system that all nodes share',
  }
}

const seconds = (value: number): string => `${Math.abs(value).toFixed(1)} s`

/**
 * The node saw the sign between our putting it there and our seeing the answer, so its clock is ahead by at least the
 * time from our second moment, and behind by at least the time to our first.
 */
export function clockFinding(sign: { readonly at: number; readonly answered: number }, seen: number | null): Finding[] {
  if (seen === null)
    return [
      {
        name: 'late files',
        status: 'problem',
        fact: 'the node did not see within 90 s a file that was made here',
        wayOut:
          'ask the administrator about attribute caching of the shared file system (nfs(5): actimeo, lookupcache)',
      },
    ]
  const turn = (sign.answered - sign.at) / 1000
  const ahead = (seen - sign.answered) / 1000
  const behind = (sign.at - seen) / 1000
  const off = Math.max(ahead, behind)
  const clock: Finding =
    off <= CLOCK
      ? { name: 'clock', status: 'ok', fact: `no difference above ${seconds(Math.max(turn, CLOCK))}` }
      : {
          name: 'clock',
          status: 'warning',
          fact: `the node's clock is ${seconds(off)} or more ${ahead > behind ? 'ahead of' : 'behind'} this host's`,
          wayOut: 'results are counted by names and not by times, but their dates are wrong: ask for NTP on the node',
        }
  const late: Finding =
    turn <= PROMPT
      ? { name: 'late files', status: 'ok', fact: `a file and its answer took ${seconds(turn)}` }
      : {
          name: 'late files',
          status: 'warning',
          fact: `a file and its answer took ${seconds(turn)}: files of other hosts show late`,
          wayOut:
            'nothing to do: `lab jobs` and --wait look again for a minute before they say that a result is missing',
        }
  return [clock, late]
}

const filesFinding = ({ unseen, readOnly }: NodeAnswer, { directories }: Asker): Finding => {
  const name = 'shared files'
  const wayOut = 'put the lab and the cache (LAB_CACHE_DIR) on a file system that all nodes share and may write to'
  if (unseen.length > 0)
    return { name, status: 'problem', fact: `the node does not see ${printable(unseen.join(', '), 300)}`, wayOut }
  if (readOnly.length > 0)
    return { name, status: 'problem', fact: `the node may not write to ${printable(readOnly.join(', '), 300)}`, wayOut }
  return { name, status: 'ok', fact: `the node sees and may write to ${directories.join(' and ')}` }
}

const scratchFinding = ({ scratch: { dir, free, shared, why } }: NodeAnswer, hasScratch: boolean): Finding => {
  const name = 'scratch'
  const where = printable(dir, 200)
  if (free === null)
    return {
      name,
      status: 'problem',
      fact: `${where} cannot be used: ${printable(why ?? '', 200)}`,
      wayOut: "name a directory on the node's own disk as `scratch:` in the profile",
    }
  const fact = `${bytes(free)} free in ${where}`
  if (free < ROOM)
    return {
      name,
      status: 'warning',
      fact: `${fact}; a plan may need ${bytes(ROOM)}`,
      wayOut: 'free some, or name another directory as `scratch:`',
    }
  if (shared || hasScratch)
    return { name, status: 'ok', fact: shared ? `${fact}, on the disk of the cache: nothing is copied` : fact }
  return {
    name,
    status: 'warning',
    fact: `${fact}; without \`scratch:\` guests read their disks over the network`,
    wayOut: `write \`scratch: ${where}\` in the profile, and each node copies what runs are made of once`,
  }
}

const memoryFinding = ({ memory, cpus }: NodeAnswer, { task }: Asker): Finding => {
  const fact = `${bytes(memory)} and ${cpus} CPUs for a job; a task of the largest VM asks for ${bytes(task)}`
  if (memory >= task * 0.95) return { name: 'memory', status: 'ok', fact }
  return {
    name: 'memory',
    status: 'problem',
    fact,
    wayOut: `write \`memory: ${Math.ceil(task / 2 ** 20)}M\` or more in the profile`,
  }
}

const sharesFinding = ({ virtiofs }: NodeAnswer): Finding[] =>
  virtiofs === null
    ? []
    : [
        {
          name: 'shares',
          status: 'problem',
          fact: `${printable(virtiofs, 200)}: VMs with \`share:\` do not start there`,
          wayOut: 'load virtiofsd in `prologue:`, name nodes that have it (`constraint:`), or use `from:` of a disk',
        },
      ]

/** A finding that the node made itself, as text that no terminal obeys. */
const escaped = ({ name, status, fact, wayOut }: Finding): Finding => ({
  name: printable(name, 40),
  status,
  fact: printable(fact, 400),
  ...(wayOut !== undefined && { wayOut: printable(wayOut, 400) }),
})

/** Findings of a node that answered. */
export const answerFindings = (
  answer: NodeAnswer,
  sign: { readonly at: number; readonly answered: number },
  asker: Asker,
  hasScratch: boolean,
): Finding[] => [
  filesFinding(answer, asker),
  versionFinding(answer, asker),
  qemuFinding(answer, asker),
  ...answer.kvm.map(escaped),
  memoryFinding(answer, asker),
  scratchFinding(answer, hasScratch),
  ...sharesFinding(answer),
  ...clockFinding(sign, answer.signSeen),
]

/** Lines of a job's log that are shown. */
const TAIL = 3

/** Findings of a job that was submitted. */
export function probedFindings(probed: Probed, asker: Asker, hasScratch: boolean): Finding[] {
  const { job } = probed
  if ('waits' in probed) {
    const { reason, state } = probed.waits
    const never = waitsForEver(reason)
    return [
      {
        name: 'node',
        status: 'problem',
        fact: `job ${job} waited ${Math.round(probed.waited)} s (${printable(reason ?? state, 100)}) and was cancelled: no node was looked at`,
        wayOut: never
          ? 'it would wait for ever: `scontrol show partition` shows what the partition allows; change the profile'
          : '`--patience 3600` waits an hour; `sinfo` shows which nodes are idle',
      },
    ]
  }
  if ('ended' in probed) {
    const lines = probed.log
      .trim()
      .split('\n')
      .filter((line) => line !== '' && !/^\s+at |^Node\.js v/.test(line))
      .slice(-TAIL)
    const where = probed.node === undefined ? '' : ` on ${printable(probed.node, 60)}`
    if (lines.length > 0)
      return [
        {
          name: 'node',
          status: 'problem',
          fact: `job ${job} ended without an answer${where} (${printable(probed.ended, 40)}): ${printable(lines.join('; '), 400)}`,
          wayOut: 'what the job printed says what the node lacks; `prologue:` of the profile comes first on each node',
        },
      ]
    return [
      {
        name: 'node',
        status: 'problem',
        fact: `job ${job} ended${where} (${printable(probed.ended, 40)}), and nothing of it showed here within a minute`,
        wayOut: `put the lab and the cache on a file system that all nodes share: ${asker.directories.join(' and ')}`,
      },
    ]
  }
  const { node, host } = probed.answer
  const named = node === host ? node : `${node} (host ${host})`
  return [
    {
      name: 'node',
      status: 'ok',
      fact: `${printable(named, 100)} answered job ${job} after ${Math.round(probed.waited)} s in the queue`,
    },
    ...answerFindings(probed.answer, probed.sign, asker, hasScratch),
  ]
}
