/**
 * Ctrl-C in a command that has a guest: while it boots, while a workload runs in it, while something goes over ssh. The
 * command ends with 130 and leaves nothing on the host and, in a guest that goes on, nothing in the guest.
 * `interruption.cli.test.ts` has the commands that need no guest.
 */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheDir } from '../engine/context.ts'
import { argvOf, leftBelow, living, MARK } from './remains.ts'
import { Rig, type Ended } from './rig.ts'
import { until } from './until.ts'
import { killNow } from './kill-now.ts'

const EXPERIMENTS = `
  slow:
    probes: [readiter]
    workload: { run: "sleep \${seconds}" }
    params: { seconds: [5000] }
    timeout: 5000s
`

const lab = new Rig()
const temp = join(lab.dir, 'temp')
const vms = join(lab.dir, '.lab/vms')

let commands = 0

/** Interrupts a command as soon as it is where it should be; what it leaves is in the answer, and is to be nothing. */
async function interrupt(
  args: readonly string[],
  reached: (mark: string, output: string) => boolean | Promise<boolean>,
): Promise<Ended & { readonly left: readonly string[] }> {
  const before = leftBelow(lab.dir)
  const mark = `${lab.dir} ${commands++}`
  const { child, ended } = lab.start(args, { [MARK]: mark, TMPDIR: temp })
  let [end, output]: [Ended | undefined, string] = [undefined, '']
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
  void ended.then((value) => (end = value))
  await until('the command is where it is interrupted', async () => end !== undefined || (await reached(mark, output)))
  expect(end, 'it ended before it was there').toBeUndefined()
  child.kill('SIGINT')
  const done = await ended
  await until('the end of all that it started', () => living(mark).length === 0)
  return { ...done, left: leftBelow(lab.dir).filter((name) => !before.includes(name)) }
}

const INTERRUPTED = { status: 130, left: [], stderr: expect.stringMatching(/^interrupted$/m) }

const hasQemu = (mark: string) => living(mark).some((pid) => argvOf(pid)[0]?.includes('qemu-system-') === true)

/** The guest has printed something: its kernel runs. */
const boots = (mark: string): boolean =>
  hasQemu(mark) &&
  (readdirSync(lab.dir, { recursive: true }) as string[]).some(
    (name) =>
      /\.lab\/vms\/[^/]+\/console\.log$/.test(name) &&
      (statSync(join(lab.dir, name), { throwIfNoEntry: false })?.size ?? 0) > 0,
  )

const vmNames = () => (existsSync(vms) ? readdirSync(vms).filter((name) => !/\.lock(?:\.owner)?$|^\./.test(name)) : [])
const resultsOf = (experiment: string) => {
  const dir = join(lab.dir, 'results', experiment)
  return existsSync(dir) ? readdirSync(dir) : []
}

beforeAll(async () => {
  mkdirSync(temp)
  lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + EXPERIMENTS)
  // Builds what is missing, and gives `reproduce` something to do.
  await lab.answer(['run', 'hellotrace'])
})
afterAll(async () => {
  for (const pid of living(lab.dir, 'or longer')) killNow(Number(pid))
  lab.remove()
})

describe('while a guest boots', () => {
  test.each([
    ['run', ['run', 'slow']],
    ['up', ['up']],
    ['reproduce', ['reproduce', 'last', '--cache', cacheDir(process.env)]],
  ])('%s', async (_, args) => {
    expect(await interrupt(args, boots)).toMatchObject(INTERRUPTED)
    expect([vmNames(), resultsOf('slow')]).toEqual([[], []])
  })
})

describe('in the VM of `lab up`', () => {
  const inGuest = async (...argv: string[]) => (await lab.lab(['exec', '--', ...argv])).status === 0
  const sleeps = () => inGuest('pgrep', '-x', 'sleep')

  beforeAll(async () => {
    await lab.answer(['up'], { [MARK]: lab.dir })
  })
  const goesOn = async () => {
    await until('the end of sleep in the guest', async () => !(await sleeps()))
    expect(vmNames()).toEqual(['default'])
  }

  test('a workload that runs: it ends in the guest, and the VM can be used', async () => {
    const end = await interrupt(['run', 'slow', '--param', 'seconds=5000'], sleeps)
    expect(end).toMatchObject(INTERRUPTED)
    expect(end.stderr).toContain('`lab run slow --param seconds=5000 --resume`, or `lab run --resume` alone')
    expect(end.stderr).toContain('slow: 0 of 1 run done')
    expect(resultsOf('slow')).toEqual([])
    await goesOn()
    expect(await lab.answer(['run', 'hellotrace', '--start', 'shared'])).toHaveLength(1)
  })

  test('exec: the program in the guest ends', async () => {
    expect(await interrupt(['exec', '--', 'sleep', '5000'], sleeps)).toMatchObject(INTERRUPTED)
    await goesOn()
  })

  test('cp of a file without an end', async () => {
    const arrives = () =>
      leftBelow(lab.dir).some(
        (dir) =>
          /(?:^|\/)\.lab-[^/]*$/.test(dir) &&
          (statSync(join(lab.dir, dir, 'vast'), { throwIfNoEntry: false })?.size ?? 0) > 0,
      )
    expect(await inGuest('truncate', '-s', '900G', '/tmp/vast')).toBe(true)
    expect(await interrupt(['cp', ':/tmp/vast', 'copy'], arrives)).toMatchObject(INTERRUPTED)
    expect(existsSync(join(lab.dir, 'copy'))).toBe(false)
    await until('the end of cat in the guest', async () => !(await inGuest('pgrep', '-x', 'cat')))
  })

  test('down --wait: the run that it waits for goes on, and so does the VM', async () => {
    const { child, ended } = lab.start(['run', 'slow'], { [MARK]: lab.dir })
    await until('sleep runs in the guest', sleeps)
    const waits = (_: string, output: string) => output.includes('waits for the run')
    expect(await interrupt(['down', '--wait', '--json'], waits)).toMatchObject({ status: 130, left: [] })
    expect([await sleeps(), vmNames()]).toEqual([true, ['default']])
    child.kill('SIGINT')
    expect((await ended).status).toBe(130)
    await goesOn()
  })
})
