/**
 * The figures of many runs, as ratios taken in one go on one machine: `npm run bench:runs` (with `-- --only-starts` or
 * `-- --only-shared` some of them; with `-- --many`, a thousand repeats too; `-- --many shared` only those on one VM; 20
 * minutes without KVM). What one more repeat takes is
 * the difference between a command with many and one with few: starting the program and building is in both.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { VmState } from '../vm/state.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { bareSsh, must, once, say, spent } from './bench-kit.ts'
import { Rig } from './rig.ts'

const FEW = 1
const MORE = 11
/** On a VM that is up a repeat takes 0.1 s: more of them, so that the start of a command does not hide them. */
const SHARED = 31
const MANY = 1000
const ROUNDS = 3

const rig = new Rig()
const TEMPORARY = join(rig.dir, 'tmp')
const ok = async (args: readonly string[]) => {
  const { status, stderr } = await rig.lab(args)
  if (status !== 0) throw new Error(`lab ${args.join(' ')}: ${stderr}`)
}
const readiter = (repeat: number, ...more: string[]) => ok(['run', 'readiter', '--repeat', String(repeat), ...more])

/** What one more repeat adds to what `work` measures. Seconds. */
async function added(work: (count: number) => Promise<number> | number, most = MORE): Promise<number> {
  const few = await work(FEW)
  return ((await work(most)) - few) / (most - FEW)
}

/** Seconds of one more repeat. */
const repeats = (work: (count: number) => Promise<void> | void): Promise<number> =>
  added((count) => once(() => work(count)))

/** Alternating, so that what else the machine does meets both: the median ratio, and the range. */
async function starts(): Promise<void> {
  await readiter(1, '--start', 'warm')
  const rounds: { readonly warm: number; readonly cold: number }[] = []
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({
      warm: await repeats((count) => readiter(count, '--start', 'warm')),
      cold: await repeats((count) => readiter(count, '--start', 'cold')),
    })
  const middle = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
  const ratios = rounds.map(({ warm, cold }) => warm / cold)
  const [warm, cold] = [middle(rounds.map((one) => one.warm)), middle(rounds.map((one) => one.cold))]
  say(
    `a repeat, medians of ${ROUNDS}: warm ${warm.toFixed(2)} s, cold ${cold.toFixed(2)} s, ratio ${middle(ratios).toFixed(2)}, of ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}   (<= 0.35)`,
  )
}

async function parallel(): Promise<void> {
  const arms = [2, 4, 6, 8].flatMap((bytes) => ['--param', `bytes=${bytes}`])
  for (const start of ['shared', 'warm']) {
    const serial = await once(() => readiter(10, ...arms, '--start', start))
    const two = await once(() => readiter(10, ...arms, '--start', start, '--parallel', '2'))
    say(
      `4 arms x 10 repeats, ${start}: one VM ${serial.toFixed(1)} s, two VMs ${two.toFixed(1)} s, ratio ${(serial / two).toFixed(2)}   (>= 1.6)`,
    )
  }
}

/** Seconds of CPU that a process has had, in ticks of 10 ms (proc_pid_stat(5), fields 14 and 15). */
function cpuOf(pid: number): number {
  const [utime = 0, stime = 0] = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '')
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return (utime + stime) / 100
}

/** What a repeat costs on a VM that is up, and the same holder runs over a bare ssh connection beside it. */
async function overhead(): Promise<void> {
  await ok(['up'])
  const state = JSON.parse(readFileSync(join(rig.dir, '.lab/vms/default/state.json'), 'utf8')) as VmState
  const lab = (count: number) =>
    spent([join(TOOL_ROOT, 'lab'), 'run', 'readiter', '--repeat', String(count)], { cwd: rig.dir })
  lab(FEW)
  const [real, own, guest] = [
    await added((count) => lab(count).real, SHARED),
    await added((count) => lab(count).cpu, SHARED),
    await added((count) => {
      const before = cpuOf(state.pid)
      lab(count)
      return cpuOf(state.pid) - before
    }, SHARED),
  ]
  const bundle = (await rig.lab(['exec', '--', 'sh', '-c', 'echo /run/lab/bundle-*'])).stdout.trim().split(' ')[0] ?? ''
  const events = ['fork', 'exec', 'exit'].map((name) => `--event sched:sched_process_${name}`).join(' ')
  const holder = `${bundle}/lab-holder --dir /run/lab/b ${events} --object ${bundle}/readiter.bpf.o -- ${bundle}/readfile /data/f --bytes 16 --count 3`
  const ssh = bareSsh(join(rig.dir, '.lab/keys/id_ed25519'), state.port)
  const bare = await repeats((count) => must([...ssh, Array.from({ length: count }, () => holder).join('; ')]))
  await ok(['down'])
  say(
    `a repeat on a running VM: ${real.toFixed(3)} s; CPU of QEMU ${guest.toFixed(3)} s, of the lab and what it starts ${own.toFixed(3)} s; the holder over bare ssh ${bare.toFixed(3)} s`,
  )
}

const names = (dir: string) => (existsSync(dir) ? readdirSync(dir) : [])
const lines = (file: string) => readFileSync(file, 'utf8').split('\n')

/**
 * Everything that runs could leave behind, by name, and that is nobody else's. A port is its process's, and goes with
 * it.
 */
function census(): Record<string, string[]> {
  const processes = names('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(rig.dir)
    } catch {
      return false
    }
  })
  return {
    processes,
    sockets: lines('/proc/net/unix').filter((line) => line.includes(rig.dir)),
    temporary: names(TEMPORARY),
    vms: names(join(rig.dir, '.lab/vms')),
    journals: names(join(rig.dir, '.lab/runs/readiter')),
    halfWritten: names(join(rig.dir, 'results/readiter')).filter((name) => name.startsWith('.')),
  }
}

async function many(start: string): Promise<void> {
  const before = census()
  mkdirSync(TEMPORARY, { recursive: true })
  const { child, ended } = rig.start(['run', 'readiter', '--repeat', String(MANY), '--start', start], {
    TMPDIR: TEMPORARY,
  })
  let rss = 0
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      rss = Math.max(rss, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
    } catch {
      // It has ended.
    }
  }, 2000)
  const taken = await once(async () => {
    const { status, stderr } = await ended
    if (status !== 0) throw new Error(stderr.slice(-2000))
  })
  clearInterval(watch)
  const left = Object.entries(census()).flatMap(([kind, list]) => {
    const fresh = list.filter((name) => !(before[kind] ?? []).includes(name))
    return fresh.length === 0 ? [] : [`${kind}: ${fresh.slice(0, 5).join(' ')}`]
  })
  const results = names(join(rig.dir, 'results/readiter')).length
  say(
    `${MANY} repeats, ${start}: ${taken.toFixed(0)} s, ${(rss / 1024).toFixed(0)} MiB at most, ${results} results; left behind: ${left.join('; ') || 'nothing'}`,
  )
}

try {
  if (!process.argv.includes('--only-many')) {
    const only = (name: string) => process.argv.includes(`--only-${name}`)
    const all = !only('starts') && !only('shared')
    if (all || only('starts')) await starts()
    if (all) await parallel()
    if (all || only('shared')) await overhead()
  }
  const at = process.argv.indexOf('--many')
  const named = process.argv.slice(at + 1).filter((one) => !one.startsWith('-'))
  if (at >= 0) for (const start of named.length > 0 ? named : ['shared', 'warm']) await many(start)
} finally {
  await rig.lab(['down'])
  rig.remove()
}
