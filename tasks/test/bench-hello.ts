/**
 * The way to a first trace, and to a kernel that somebody else has built: `npm run bench:hello` (a minute, and a mirror
 * of Debian). Seconds of somebody who waits, and ratios taken in one run. Nothing here is a test.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, once, say } from './bench-kit.ts'
import { jsonLines, Rig } from './rig.ts'

const RUNS = 3

const top = mkdtempSync(join(tmpdir(), 'lab-bench-hello-'))
const [cache, empty, place] = ['cache', 'empty', 'place'].map((name) => join(top, name)) as [string, string, string]
const [hello, shipped] = [new Rig(false), new Rig()]

/** Runs a command to its end; returns its lines. @throws with its last words when it fails */
async function ok(rig: Rig, args: readonly string[], where?: string): Promise<ReturnType<typeof jsonLines>> {
  const env = where === undefined ? {} : { LAB_CACHE_DIR: where }
  const { status, stdout, stderr } = await rig.lab([...args, '--json'], env)
  if (status !== 0) throw new Error(`lab ${args.join(' ')}: ${(stderr || stdout).slice(-2000)}`)
  return jsonLines(stdout)
}

/** `lab run hello` with an empty cache: in all, and how long its image took, which is mostly apt and dpkg. */
async function firstTrace(): Promise<{ readonly cold: number; readonly image: number }> {
  mkdirSync(cache)
  let image = Number.NaN
  const cold = await once(async () => {
    await ok(hello, ['init', '.'])
    for (const line of await ok(hello, ['run', 'hello'], cache))
      if (line.type === 'step-end' && line.step === 'image minimal') image = line.seconds
  })
  return { cold, image }
}

/** Seconds in which the built kernel of the shipped lab comes out of a directory into an empty cache. */
async function pull(): Promise<number> {
  mkdirSync(place)
  // From the cache of this host, or built there.
  await ok(shipped, ['build', 'kernel', 'v5.10'])
  await ok(shipped, ['cache', 'push', place, 'v5.10'])
  return await median(RUNS, async () => {
    rmSync(empty, { recursive: true, force: true })
    mkdirSync(empty)
    await ok(shipped, ['cache', 'pull', place, 'v5.10'], empty)
  })
}

const line = (what: string, value: string, target: string) => say(`${what.padEnd(46)} ${value}   (${target})`)

try {
  const { cold, image } = await firstTrace()
  const warm = await median(RUNS, async () => void (await ok(hello, ['run', 'hello'], cache)))
  line('lab init, lab run hello, empty cache', `${cold.toFixed(1)} s`, '<= 60 s, host packages installed')
  line('cold : warm', `${cold.toFixed(1)} s : ${warm.toFixed(1)} s, ${(cold / warm).toFixed(2)}`, 'image included')
  line('cold without the image : warm', ((cold - image) / warm).toFixed(2), '<= 4')
  const seconds = await pull()
  line('lab cache pull DIR of a built kernel', `${seconds.toFixed(2)} s`, '<= 3 s')
} finally {
  await hello.lab(['down'], { LAB_CACHE_DIR: cache })
  hello.remove()
  shipped.remove()
  rmSync(top, { recursive: true, force: true })
}
