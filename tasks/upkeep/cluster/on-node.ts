/**
 * The half of `lab doctor --on slurm` that runs on a node: what is there, written to the directory of the question. It
 * also answers a sign of the command that asks, so that this can tell the clocks apart and how late files show.
 */
import { access, constants, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { moment, secondsSince } from '../../engine/moment.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { replaceFile } from '../../engine/replace-file.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { memoryLimit } from '../../host/memory-group.ts'
import { nodeName } from '../../host/this-host.ts'
import { toolVersion } from '../../host/tool-version.ts'
import { namespacesRefused, virtiofsd } from '../../host/virtiofsd.ts'
import { which } from '../../host/which.ts'
import { rm } from 'node:fs/promises'
import { kvm } from '../doctor/machine.ts'
import { findingsOf } from '../doctor/finding.ts'

/** Files of a question. `asked.json` and `sign` are written by who asks, the others by the node. */
export const FILES = {
  asked: 'asked.json',
  ready: 'ready',
  sign: 'sign',
  answer: 'answer.json',
  log: 'job.log',
} as const

/** What the command that asks has put where, to see whether the node finds the same. */
export const Asked = z.object({
  /** Files with their text. */
  tokens: z.record(z.string(), z.string()),
})
export type Asked = z.infer<typeof Asked>

const FindingSchema = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warning', 'problem']),
  fact: z.string(),
  wayOut: z.string().exactOptional(),
})

/** What a node answers. Times are milliseconds of its clock. */
export const NodeAnswer = z.object({
  /** Its name in Slurm. */
  node: z.string(),
  host: z.string(),
  /** Version of lab there. */
  lab: z.string(),
  nodejs: z.string(),
  /** First line of `qemu-system-x86_64 --version`; null where there is none. */
  qemu: z.string().nullable(),
  kvm: z.array(FindingSchema),
  /** Bytes that the job may use. */
  memory: z.number(),
  cpus: z.int(),
  scratch: z.object({
    dir: z.string(),
    /** Bytes for this user; null where it cannot be written to. */
    free: z.number().nullable(),
    /** Whether it is on the disk of the cache. */
    shared: z.boolean(),
    why: z.string().exactOptional(),
  }),
  /** Why shares cannot be served by virtiofs; null where they can. */
  virtiofs: z.string().nullable(),
  /** Files of the question that it does not find, or that say something else. */
  unseen: z.array(z.string()),
  /** Directories of the question that it may not write to. */
  readOnly: z.array(z.string()),
  /** When it saw the sign; null where it never did. */
  signSeen: z.number().nullable(),
})
export type NodeAnswer = z.infer<typeof NodeAnswer>

/** Seconds for which a node looks for the sign: file servers show new files up to a minute late. */
const LATE = 90

/** Waits for a file by listing its directory, which a file server must answer anew. @returns the time it was seen */
async function whenSeen(dir: string, name: string, signal: AbortSignal): Promise<number | null> {
  for (const begun = moment(); secondsSince(begun) < LATE; await sleep(100, undefined, { signal }))
    if ((await readdir(dir)).includes(name)) return Date.now()
  return null
}

/** What the node lacks of what was put there. */
async function unseenOf({ tokens }: Asked): Promise<string[]> {
  const unseen: string[] = []
  for (const [file, text] of Object.entries(tokens))
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) unseen.push(file)
  return unseen
}

async function readOnlyOf(dirs: readonly string[]): Promise<string[]> {
  const refused: string[] = []
  for (const dir of dirs) await access(dir, constants.W_OK).catch(() => refused.push(dir))
  return refused
}

/** The directory in which a task of this profile would work: it is tried. */
async function scratchHere(cache: string): Promise<NodeAnswer['scratch']> {
  const dir = tmpdir()
  try {
    const made = await makeScratch('doctor')
    await rm(made, { recursive: true, force: true })
    const { bavail, bsize } = await statfs(dir)
    return { dir, free: bavail * bsize, shared: (await stat(dir)).dev === (await stat(cache)).dev }
  } catch (error) {
    return { dir, free: null, shared: false, why: error instanceof Error ? error.message : String(error) }
  }
}

async function virtiofsHere(lab: ResolvedLab, signal: AbortSignal): Promise<string | null> {
  if (!Object.values(lab.vms).some(({ shares }) => shares !== undefined)) return null
  if (virtiofsd() === undefined) return 'virtiofsd is not installed'
  return (await namespacesRefused(signal)) ?? null
}

const QEMU = 'qemu-system-x86_64'

/** Looks at this node, answers, and leaves the answer in the directory of the question. */
export async function answerAsNode(dir: string, lab: ResolvedLab, context: Context): Promise<NodeAnswer> {
  const { cache, signal } = context
  const asked = Asked.parse(JSON.parse(await readFile(join(dir, FILES.asked), 'utf8')))
  const facts = {
    node: nodeName(),
    host: hostname(),
    lab: ownVersion(),
    nodejs: process.version,
    qemu: which(QEMU) === undefined ? null : await toolVersion(QEMU, cache, signal),
    kvm: [...(await findingsOf('KVM', async () => await kvm(context, lab)))],
    memory: memoryLimit(),
    cpus: navigator.hardwareConcurrency,
    scratch: await scratchHere(cache),
    virtiofs: await virtiofsHere(lab, signal),
    unseen: await unseenOf(asked),
    readOnly: await readOnlyOf([dir, cache]),
  }
  replaceFile(join(dir, FILES.ready), '')
  const answer: NodeAnswer = { ...facts, signSeen: await whenSeen(dir, FILES.sign, signal) }
  replaceFile(join(dir, FILES.answer), `${JSON.stringify(answer, null, 1)}\n`)
  return answer
}
