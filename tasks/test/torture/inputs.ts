/** Lab files, manifests and packs that were damaged: each command ends, soon, and never as a bug of ours. */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { mutated, mutatedJson } from '../mutate.ts'
import { makeRuns, runOf, traceText } from '../report-runs.ts'
import { Rig } from '../rig.ts'
import { CommandWorker, type Ran } from './worker-pool.ts'

/** No command may take longer with a damaged file. Milliseconds. */
export const SLOW = 10_000
/** How long one that is slow is waited for before it is called a hang. */
const HANG = 60_000
/** So many inputs are made at once. */
const BATCH = 250

/** A damaged file: where it goes, its bytes, and the commands that read it. */
interface Damage {
  readonly file: string
  readonly bytes: Buffer
  readonly commands: readonly (readonly string[])[]
}

interface Kind {
  /** Makes the directory that all of them start from. */
  readonly prepare: (rig: Rig) => Promise<void>
  readonly damages: (rig: Rig) => fc.Arbitrary<Damage>
}

/** Damage to the bytes, and to the values: the second gets much further. */
const labFiles = (rig: Rig): fc.Arbitrary<Buffer> => {
  const bases = [rig.read('lab.yaml'), rig.read('small.yaml')]
  return fc.oneof(
    mutated(...bases.map((text) => Buffer.from(text))),
    ...bases.map((text) => mutatedJson(parse(text)).map((value) => Buffer.from(stringify(value ?? null)))),
  )
}

/** A byte of a tar archive that was packed again, besides those of the compressed file. */
const packs = (pack: Buffer): fc.Arbitrary<Buffer> => {
  const tar = gunzipSync(pack)
  return fc.oneof(
    mutated(pack),
    mutated(tar).map((bytes) => gzipSync(bytes)),
    manifestInTar(tar).map((bytes) => gzipSync(bytes)),
  )
}

const BLOCK = 512

/** Where the file of that name is in a tar archive (POSIX ustar: name at 0, size in octal at 124). */
function entry(tar: Buffer, name: string): { readonly start: number; readonly length: number } {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const path = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '')
    const length = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0
    if (path.endsWith(name)) return { start: at + BLOCK, length }
    at += BLOCK + Math.ceil(length / BLOCK) * BLOCK
  }
  throw new Error(`the pack has no ${name}`)
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The archive with another hash in its list of hashes. */
function withHash(tar: Buffer, before: string, after: string): Buffer {
  const at = tar.indexOf(before)
  if (at >= 0) tar.write(after, at, 'latin1')
  return tar
}

/**
 * The manifest with other values, in a header that says its new length, and with the hash that the list of hashes has.
 */
function manifestInTar(tar: Buffer): fc.Arbitrary<Buffer> {
  const { start, length } = entry(tar, 'manifest.json')
  const end = start + Math.ceil(length / BLOCK) * BLOCK
  return mutatedJson(JSON.parse(tar.toString('utf8', start, start + length))).map((value) => {
    const text = Buffer.from(JSON.stringify(value ?? null))
    const header = Buffer.from(tar.subarray(start - BLOCK, start))
    header.write(text.length.toString(8).padStart(11, '0'), 124, 'latin1')
    header.fill(' ', 148, 156)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    const padding = Buffer.alloc((BLOCK - (text.length % BLOCK)) % BLOCK)
    const whole = Buffer.concat([tar.subarray(0, start - BLOCK), header, text, padding, tar.subarray(end)])
    return withHash(whole, hashOf(tar.subarray(start, start + length)), hashOf(text))
  })
}

const READERS: readonly (readonly string[])[] = [
  ['results'],
  ['results', 'show', 'last'],
  ['results', 'order', 'cost'],
  ['results', 'observer', 'cost'],
  ['report', '-o', 'page.html'],
  ['verify', 'last'],
  ['trace', 'last', '--all'],
  ['trace', 'last', '--csv', 'out.csv'],
  ['trace', 'last', '--perfetto', 'out.perfetto'],
  ['diff', 'last~1', 'last'],
  ['maps', 'last'],
  ['explain', 'last'],
  ['query', 'SELECT * FROM runs'],
  ['export', 'last', '-o', 'out.tar.gz'],
]

async function withRuns(rig: Rig): Promise<void> {
  await makeRuns(rig, traceText(6), [
    runOf('cost', 1, { bytes: 16 }, { metrics: { read_ns: 4 } }),
    runOf('cost', 2, { bytes: 64 }, { metrics: { read_ns: 9 } }),
  ])
}

const KINDS: Readonly<Record<'labs' | 'manifests' | 'packs', Kind>> = {
  labs: {
    prepare: async (rig) => {
      const { status, stderr } = await rig.lab(['init', 'small'])
      if (status !== 0) throw new Error(stderr)
      rig.write('small.yaml', rig.read('small/lab.yaml'))
    },
    damages: (rig) => labFiles(rig).map((bytes) => ({ file: 'lab.yaml', bytes, commands: [['check']] })),
  },
  manifests: {
    prepare: withRuns,
    damages: (rig) => {
      const [run = ''] = readdirSync(join(rig.dir, 'results/cost')).toSorted().toReversed()
      const file = join('results/cost', run, 'manifest.json')
      const text = rig.read(file)
      const bytes = fc.oneof(
        {
          weight: 4,
          arbitrary: mutatedJson(JSON.parse(text)).map((value) => Buffer.from(JSON.stringify(value) ?? '')),
        },
        { weight: 1, arbitrary: mutated(Buffer.from(text)) },
      )
      return fc
        .tuple(bytes, fc.constantFrom(...READERS))
        .map(([one, words]) => ({ file, bytes: one, commands: [words] }))
    },
  },
  packs: {
    prepare: async (rig) => {
      rig.write('made.txt', traceText(6))
      for (const words of [
        ['import', 'made.txt', '--name', 'made'],
        ['export', 'last', '-o', 'whole.tar.gz'],
      ]) {
        const { status, stderr } = await rig.lab(words)
        if (status !== 0) throw new Error(stderr)
      }
    },
    damages: (rig) =>
      packs(readFileSync(join(rig.dir, 'whole.tar.gz'))).map((bytes) => ({
        file: 'damaged.tar.gz',
        bytes,
        commands: [['verify', 'damaged.tar.gz']],
      })),
  },
}
export type KindOfInput = keyof typeof KINDS

export interface InputFigures {
  readonly count: number
  /** How many ended with which status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly slowestMs: number
  /** Files that can be looked at, each with what happened. */
  readonly problems: readonly string[]
}

const isWrong = ({ status, ms }: Ran, slow: number): boolean => status === 70 || status === -1 || ms > slow

/** Keeps an input that was not survived, with what was said. */
function keep(found: string, name: string, damage: Damage, words: readonly string[], ran: Ran): string {
  const dir = join(found, name)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, damage.file.replaceAll('/', '_')), damage.bytes)
  writeFileSync(
    join(dir, 'said.txt'),
    `lab ${words.join(' ')}: ${ran.status} after ${Math.round(ran.ms)} ms\n${ran.text}\n`,
  )
  return `${dir}: lab ${words.join(' ')}: ${ran.status === -1 ? 'hangs' : `status ${ran.status}`}, ${Math.round(ran.ms)} ms`
}

/**
 * Runs the commands of `count` damaged inputs, on `jobs` processes.
 * @param seed the same one makes the same inputs
 * @param slow milliseconds that a command may take; a test says nothing of time
 */
export async function tortureInputs(
  kind: KindOfInput,
  count: number,
  seed: number,
  jobs: number,
  slow: number,
): Promise<InputFigures> {
  const template = new Rig(kind === 'labs')
  const found = join(tmpdir(), `lab-torture-${kind}-${seed}`)
  const statuses: Record<string, number> = {}
  const problems: string[] = []
  let slowestMs = 0
  const dirs = mkdtempSync(join(tmpdir(), 'lab-torture-'))
  try {
    if (kind !== 'labs') await template.lab(['init', '.'])
    await KINDS[kind].prepare(template)
    const arbitrary = KINDS[kind].damages(template)
    const workers = Array.from({ length: jobs }, (_, index) => {
      const dir = join(dirs, String(index))
      cpSync(template.dir, dir, { recursive: true })
      return { dir, worker: new CommandWorker(dir, { LAB_CACHE_DIR: join(dirs, `cache${index}`), TMPDIR: dirs }) }
    })
    const one = async (damage: Damage, name: string, { dir, worker }: (typeof workers)[number]) => {
      for (const words of damage.commands) {
        writeFileSync(join(dir, damage.file), damage.bytes)
        let ran = await worker.run(words, HANG)
        // The machine may have been busy: a second time on a process of its own.
        if (isWrong(ran, slow) && ran.status !== 70) {
          worker.end()
          ran = await worker.run(words, HANG)
        }
        statuses[ran.status] = (statuses[ran.status] ?? 0) + 1
        slowestMs = Math.max(slowestMs, ran.ms)
        if (isWrong(ran, slow)) problems.push(keep(found, name, damage, words, ran))
      }
    }
    for (let done = 0; done < count; done += BATCH) {
      const damages = fc.sample(arbitrary, { numRuns: Math.min(BATCH, count - done), seed: seed + done })
      const queue = [...damages.entries()]
      await Promise.all(
        workers.map(async (worker) => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift())
            await one(next[1], String(done + next[0]), worker)
        }),
      )
    }
    for (const { worker } of workers) worker.end()
  } finally {
    template.remove()
    rmSync(dirs, { recursive: true, force: true })
  }
  return { count, statuses, slowestMs: Math.round(slowestMs), problems }
}
