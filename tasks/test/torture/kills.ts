/**
 * SIGKILL at a random moment, to a command in a lab of its own. Afterwards the next command of that kind works and is
 * not kept waiting, and after `lab gc` no process, mount, socket or half-written file is left.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { traceText } from '../report-runs.ts'
import { leftBelow, living, MARK } from '../remains.ts'
import { Rig } from '../rig.ts'

/** A command that waits for a lock says so. */
const WAITS = /"text":"waits? for |wait for /
/** No lock of somebody who is gone may block longer. Milliseconds. */
export const BLOCKED = 5000

export const WITHOUT_BUILDS = ['export', 'report', 'import'] as const
/** These need a compiler, and all but `probe` a kernel and an image that are built. */
export const WITH_BUILDS = ['probe', 'run', 'up', 'warm'] as const
export type KindOfKill = (typeof WITHOUT_BUILDS)[number] | (typeof WITH_BUILDS)[number]

const COMMANDS: Readonly<Record<KindOfKill, readonly string[]>> = {
  run: ['run', 'hellotrace'],
  up: ['up'],
  warm: ['run', 'hellotrace', '--start', 'warm', '--repeat', '2'],
  export: ['export', 'last', '-o', 'pack.tar.gz'],
  report: ['report', '-o', 'page.html'],
  import: ['import', 'made.txt', '--name', 'made'],
  probe: ['build', 'probe'],
}

export interface KillFigures {
  readonly killed: number
  /** Commands that were done before their moment came; each was tried again with an earlier one. */
  readonly tooLate: number
  /** The longest time between "waits for" and what was said next: no lock held longer. */
  readonly longestWaitMs: number
  readonly problems: readonly string[]
}

interface Ended {
  readonly status: number | null
  readonly text: string
  readonly ms: number
  /** The longest time between "waits for" and what was said next. */
  readonly waitedMs: number
}

/**
 * The machine becomes faster in the middle, or a command has nothing left to do: so often that is put up with for each
 * kill.
 */
const MOST_LATE = 4

/** Numbers between 0 and 1 that a seed decides (Park and Miller's generator). */
function random(seed: number): () => number {
  let state = (seed % 2147483646) + 1
  return () => (state = (state * 16807) % 2147483647) / 2147483647
}

class Place {
  readonly rig = new Rig()
  readonly dir = mkdtempSync(join(tmpdir(), 'lab-torture-'))
  readonly temp = join(this.dir, 'temp')
  readonly #env: NodeJS.ProcessEnv

  /** @param cache what others have built; undefined: an empty one */
  constructor(cache: string | undefined) {
    mkdirSync(this.temp)
    this.#env = {
      ...process.env,
      CI: 'true',
      TMPDIR: this.temp,
      LAB_CACHE_DIR: cache ?? join(this.dir, 'cache'),
      [MARK]: this.rig.dir,
    }
  }

  /** @param killAfter milliseconds after which it is killed; undefined: it is let end */
  run(args: readonly string[], killAfter?: number): Promise<Ended> {
    const started = performance.now()
    const child = spawn(join(TOOL_ROOT, 'lab'), [...args, '--json'], { cwd: this.rig.dir, env: this.#env })
    let [text, waitedMs]: [string, number] = ['', 0]
    let waits: number | undefined
    const hear = (chunk: Buffer) => {
      const said = chunk.toString('utf8')
      text = (text + said).slice(-4000)
      if (waits !== undefined) waitedMs = Math.max(waitedMs, performance.now() - waits)
      waits = WAITS.test(said) ? performance.now() : undefined
    }
    for (const stream of [child.stdout, child.stderr]) stream.on('data', hear)
    const killer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter)
    return new Promise((resolve) =>
      child.on('close', (status) => {
        clearTimeout(killer)
        resolve({ status, text, ms: performance.now() - started, waitedMs })
      }),
    )
  }

  /** What is left, in words. */
  remains(): string[] {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
    return [
      ...living(this.rig.dir).map((pid) => `process ${pid}`),
      ...mounts.filter((line) => line.includes(this.rig.dir) || line.includes(this.dir)).map((line) => `mount ${line}`),
      ...leftBelow(this.rig.dir).map((name) => `file ${name}`),
      ...leftBelow(this.dir).map((name) => `file ${name}`),
    ]
  }

  remove(): void {
    for (const pid of living(this.rig.dir)) process.kill(Number(pid), 'SIGKILL')
    this.rig.remove()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Processes that were killed need a moment to be gone. */
async function settled(place: Place): Promise<string[]> {
  for (let tries = 0; tries < 40 && place.remains().length > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  return place.remains()
}

/**
 * Kills commands in turn.
 * @param cache where kernel and image are; undefined: an empty one
 * @param blocked milliseconds that the next command may wait; a test says nothing of time
 * @param seed decides the moments, as shares of the time that a whole command takes here
 */
export async function kill(
  kinds: readonly KindOfKill[],
  count: number,
  seed: number,
  cache: string | undefined,
  blocked: number,
  say: (text: string) => void,
): Promise<KillFigures> {
  const place = new Place(cache)
  const share = random(seed)
  const problems: string[] = []
  let [killed, tooLate, longestWaitMs] = [0, 0, 0]
  const must = async (args: readonly string[]): Promise<Ended> => {
    const ended = await place.run(args)
    if (ended.status !== 0) throw new Error(`lab ${args.join(' ')}: ${ended.status}\n${ended.text}`)
    return ended
  }
  try {
    place.rig.write('made.txt', traceText(40))
    await must(COMMANDS.import)
    const takes = new Map<KindOfKill, number>()
    for (const kind of kinds) {
      // The second one has everything built.
      await must(COMMANDS[kind])
      if (kind === 'up') await must(['down'])
      takes.set(kind, (await must(COMMANDS[kind])).ms)
      if (kind === 'up') await must(['down'])
    }
    for (let number = 0; killed < count && tooLate < MOST_LATE * count;) {
      const kind = kinds[number % kinds.length] ?? 'import'
      const after = Math.round(share() * (takes.get(kind) ?? 0))
      const words = COMMANDS[kind]
      const wrong = (what: string) => problems.push(`kill ${number}, lab ${words.join(' ')} after ${after} ms: ${what}`)
      // A probe that is not built yet, so that there is something to interrupt.
      if (kind === 'probe')
        place.rig.write('bpf/readchar.bpf.c', `${place.rig.read('bpf/readchar.bpf.c')}\n// ${number}\n`)
      const ended = await place.run(words, after)
      if (ended.status !== null) {
        tooLate++
        takes.set(kind, Math.min(ended.ms, takes.get(kind) ?? Infinity))
        continue
      }
      killed++
      number++
      const next = await place.run(words)
      longestWaitMs = Math.max(longestWaitMs, next.waitedMs)
      if (next.status !== 0) wrong(`the next one ends with ${next.status}: ${next.text.slice(-600)}`)
      if (next.waitedMs > blocked) wrong(`the next one was blocked for ${Math.round(next.waitedMs)} ms`)
      if (kind === 'up') await must(['down'])
      await must(['gc'])
      const left = await settled(place)
      if (left.length > 0) wrong(`left: ${left.join('; ')}`)
      if (number % 10 === 0) say(`${number} kills: ${problems.length} problems`)
    }
  } finally {
    place.remove()
  }
  return { killed, tooLate, longestWaitMs: Math.round(longestWaitMs), problems }
}
