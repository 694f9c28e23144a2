/**
 * The figures, as ratios and differences taken in one run on one machine: `npm run bench` (`-- --cold`: from an empty
 * cache too, `-- --only-cold`: that alone). Nothing here is a test; a slow machine is slow on both sides of a ratio.
 * Needs artefacts in the cache (run `lab run readiter` once before).
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VmState } from '../vm/state.ts'
import { bareSsh, byHand, median, must, once, say } from './bench-kit.ts'
import { Rig } from './rig.ts'

const RUNS = 5

/** Seconds of a step that a command with --json told of. */
function stepSeconds(stdout: string, step: string): number {
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; step?: string; outcome?: string; seconds?: number })
  return events.find((event) => event.type === 'step-end' && event.step === step)?.seconds ?? Number.NaN
}

/**
 * Everything from an empty cache, next to the plain make of the same tree, configuration and jobs: from a clean tree,
 * host programs of the kernel's own build too. Takes ten minutes.
 */
async function cold(): Promise<void> {
  const cache = mkdtempSync(join(tmpdir(), 'lab-bench-cache-'))
  try {
    let stdout = ''
    const total = await once(async () => {
      const run = await rig.lab(['run', 'readiter', '--json'], { LAB_CACHE_DIR: cache })
      if (run.status !== 0) throw new Error(run.stderr)
      stdout = run.stdout
    })
    const trees = readdirSync(join(cache, 'build')).map((name) => join(cache, 'build', name, 'src'))
    const tree = trees.find((one) => existsSync(join(one, 'vmlinux'))) ?? ''
    const { unpack, make } = byHand(cache, tree)
    const plain = unpack.real + make.real
    say(
      `cold                               ${total.toFixed(0)} s, plain make ${make.real.toFixed(0)} s, difference ${(total - make.real).toFixed(0)} s   (<= 120)`,
    )
    const kernel = stepSeconds(stdout, 'kernel v5.10')
    const more = (100 * (kernel - plain)) / plain
    say(
      `lab build kernel                   ${kernel.toFixed(0)} s, unpack and plain make ${plain.toFixed(0)} s, ${more.toFixed(1)} % more   (<= 5 %)`,
    )
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}

/** An image whose init ends the machine. */
function offImage(dir: string): string {
  const source = join(dir, 'off.c')
  writeFileSync(source, '#include <sys/reboot.h>\nint main(void) { return reboot(RB_AUTOBOOT); }\n')
  mkdirSync(join(dir, 'root/sbin'), { recursive: true })
  must(['gcc', '-static', '-O2', '-o', join(dir, 'root/sbin/off'), source])
  must(['truncate', '-s', '16M', join(dir, 'off.img')])
  must(['mke2fs', '-q', '-t', 'ext4', '-d', join(dir, 'root'), join(dir, 'off.img')])
  return join(dir, 'off.img')
}

/** The same kernel with an init that ends the machine: the floor under every run. */
const bareQemu =
  (image: string, kernel: string, parameters: string): (() => void) =>
  () =>
    must([
      'qemu-system-x86_64',
      '-machine',
      'q35',
      '-accel',
      'tcg',
      '-cpu',
      'max',
      '-smp',
      '2',
      '-m',
      '1024M',
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-no-reboot',
      '-snapshot',
      '-drive',
      `file=${image},format=raw,if=virtio`,
      '-kernel',
      kernel,
      '-append',
      `root=/dev/vda rw init=/sbin/off panic=-1 ${parameters}`,
    ])

const valueOf = (argv: readonly string[], option: string) => argv[argv.indexOf(option) + 1] ?? ''

const rig = new Rig()
const dir = mkdtempSync(join(tmpdir(), 'lab-bench-'))
const ok = async (args: readonly string[]) => {
  const { status, stderr } = await rig.lab(args)
  if (status !== 0) throw new Error(`lab ${args.join(' ')}: ${stderr}`)
}
/** The hooks of a lab on its kernels that are built: a figure for 20 hooks on 3 of them. */
async function preflightTime(): Promise<string> {
  interface Check {
    readonly kernels: readonly { kernel: string; state: string }[]
    readonly hooks: readonly { hook: string; kernel: string; kind: string }[]
  }
  const { kernels, hooks } = (await rig.answer(['check', '--probes'])) as Check
  const built = kernels.filter(({ state }) => state.startsWith('built')).map(({ kernel }) => kernel)
  const count = new Set(hooks.flatMap((hook) => (built.includes(hook.kernel) ? [hook.hook] : []))).size
  const [plain, probes] = [await median(RUNS, () => ok(['check'])), await median(RUNS, () => ok(['check', '--probes']))]
  return `${probes.toFixed(2)} s for ${count} hooks on ${built.length} built kernels, lab check ${plain.toFixed(2)} s, ratio ${(probes / plain).toFixed(1)}   (<= 2 s for 20 on 3)`
}

async function others(): Promise<void> {
  const preflight = await preflightTime()
  const help = await median(RUNS, () => ok(['--help']))
  await ok(['up'])
  const state = JSON.parse(readFileSync(join(rig.dir, '.lab/vms/default/state.json'), 'utf8')) as VmState
  const up = await median(RUNS, () => ok(['up']))
  const onUp = await median(RUNS, () => ok(['run', 'readiter']))
  // What the runs ask of the guest, over a bare ssh: the same five holder runs, whose files come back on the same
  // connection.
  const bundle = (await rig.lab(['exec', '--', 'sh', '-c', 'echo /run/lab/bundle-*'])).stdout.trim().split(' ')[0] ?? ''
  const holder = `${bundle}/lab-holder --dir /run/lab/b --event sched:sched_process_fork --event sched:sched_process_exec --event sched:sched_process_exit --object ${bundle}/readiter.bpf.o -- ${bundle}/readfile /data/f --bytes 16 --count 3`
  const key = join(rig.dir, '.lab/keys/id_ed25519')
  const bare = existsSync('/usr/bin/ssh')
    ? await median(RUNS, () => must([...bareSsh(key, state.port), Array.from({ length: 5 }, () => holder).join('; ')]))
    : Number.NaN
  await ok(['down'])
  const warm = await median(RUNS, () => ok(['run', 'readiter']))
  const off = offImage(dir)
  const floor = await median(RUNS, bareQemu(off, join(state.kernel.dir, 'bzImage'), ''))
  // With the shortcuts that the lab has found for it: what is left is the lab's own.
  const shortcuts = valueOf(state.argv, '-append')
    .split(' ')
    .filter((one) => !/^(root|init|panic)=/.test(one))
  const short = await median(RUNS, bareQemu(off, valueOf(state.argv, '-kernel'), shortcuts.join(' ')))
  say(`kernel ${state.kernel.release}, ${state.accel.accel}, medians of ${RUNS}`)
  say(`lab --help                         ${help.toFixed(2)} s   (<= 0.3)`)
  say(`lab check --probes                 ${preflight}`)
  say(`lab up, nothing to do              ${up.toFixed(2)} s   (<= 0.7)`)
  say(
    `lab run readiter, VM up            ${onUp.toFixed(2)} s, bare ssh ${bare.toFixed(2)} s, difference ${(onUp - bare).toFixed(2)} s   (<= 1.5)`,
  )
  say(
    `lab run readiter, warm, 5 repeats  ${warm.toFixed(2)} s, bare QEMU ${floor.toFixed(2)} s, ratio ${(warm / floor).toFixed(2)}   (<= 3)`,
  )
  say(`the same QEMU, started as the lab does  ${short.toFixed(2)} s, ratio ${(warm / short).toFixed(2)}`)
}

try {
  if (!process.argv.includes('--only-cold')) await others()
  if (process.argv.some((one) => one === '--cold' || one === '--only-cold')) await cold()
} finally {
  await rig.lab(['down'])
  rig.remove()
  rmSync(dir, { recursive: true, force: true })
}
