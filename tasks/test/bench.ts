/**
 * The figures, as ratios and differences taken in one run on one machine: `npm run bench` (`npm run bench -- --cold` from an empty cache too). Nothing here is a test; a slow machine is slow
 * on both sides of a ratio. Needs artefacts in the cache (run `lab run readiter` once before).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VmState } from '../vm/state.ts'
import { Rig } from './rig.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const RUNS = 5

async function once(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** Everything from an empty cache, next to the plain make of the same tree, configuration and jobs. Takes ten minutes. */
async function cold(): Promise<void> {
  const cache = mkdtempSync(join(tmpdir(), 'lab-bench-cache-'))
  try {
    const total = await once(async () => {
      const { status, stderr } = await rig.lab(['run', 'readiter'], { LAB_CACHE_DIR: cache })
      if (status !== 0) throw new Error(stderr)
    })
    const trees = readdirSync(join(cache, 'build')).map((name) => join(cache, 'build', name, 'src'))
    const tree = trees.find((one) => existsSync(join(one, 'vmlinux'))) ?? ''
    const make = ['make', '-s', '-C', tree, `-j${availableParallelism()}`, 'HOSTCFLAGS=-O2 -fcommon']
    must([...make, 'clean'])
    const plain = await once(() => must([...make, 'bzImage', 'modules']))
    say(
      `cold                               ${total.toFixed(0)} s, plain make ${plain.toFixed(0)} s, difference ${(total - plain).toFixed(0)} s   (<= 120)`,
    )
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}

async function median(work: () => Promise<void> | void): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < RUNS; index++) {
    const start = performance.now()
    await work()
    times.push((performance.now() - start) / 1000)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN
}

const must = (argv: readonly string[], input?: string): void => {
  const { status, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8', input, maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
}

/** The same kernel with an init that ends the machine: the floor under every run. */
function bareQemu(dir: string, kernel: string): () => void {
  const source = join(dir, 'off.c')
  writeFileSync(source, '#include <sys/reboot.h>\nint main(void) { return reboot(RB_AUTOBOOT); }\n')
  mkdirSync(join(dir, 'root/sbin'), { recursive: true })
  must(['gcc', '-static', '-O2', '-o', join(dir, 'root/sbin/off'), source])
  must(['truncate', '-s', '16M', join(dir, 'off.img')])
  must(['mke2fs', '-q', '-t', 'ext4', '-d', join(dir, 'root'), join(dir, 'off.img')])
  return () =>
    must([
      ...['qemu-system-x86_64', '-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', '1024M'],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-snapshot'],
      ...['-drive', `file=${join(dir, 'off.img')},format=raw,if=virtio`, '-kernel', kernel],
      ...['-append', 'root=/dev/vda rw init=/sbin/off panic=-1'],
    ])
}

const rig = new Rig()
const dir = mkdtempSync(join(tmpdir(), 'lab-bench-'))
const ok = async (args: readonly string[]) => {
  const { status, stderr } = await rig.lab(args)
  if (status !== 0) throw new Error(`lab ${args.join(' ')}: ${stderr}`)
}
try {
  const help = await median(() => ok(['--help']))
  await ok(['up'])
  const state = JSON.parse(readFileSync(join(rig.dir, '.lab/vms/default/state.json'), 'utf8')) as VmState
  const up = await median(() => ok(['up']))
  const onUp = await median(() => ok(['run', 'readiter']))
  // What the runs ask of the guest, over a bare ssh: the same five holder runs, whose files come back on the same connection.
  const bundle = (await rig.lab(['exec', '--', 'sh', '-c', 'echo /run/lab/bundle-*'])).stdout.trim().split(' ')[0] ?? ''
  const holder = `${bundle}/lab-holder --dir /run/lab/b --event sched:sched_process_fork --event sched:sched_process_exec --event sched:sched_process_exit --object ${bundle}/readiter.bpf.o -- ${bundle}/readfile /data/f --bytes 16 --count 3`
  const key = join(rig.dir, '.lab/keys/id_ed25519')
  const ssh = [
    'ssh',
    '-F',
    'none',
    '-i',
    key,
    '-p',
    String(state.port),
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
    'root@127.0.0.1',
  ]
  const bareSsh = existsSync('/usr/bin/ssh')
    ? await median(() => must([...ssh, Array.from({ length: 5 }, () => holder).join('; ')]))
    : Number.NaN
  await ok(['down'])
  const ARMS = [
    '--param',
    'bytes=2',
    '--param',
    'bytes=4',
    '--param',
    'bytes=6',
    '--param',
    'bytes=8',
    '--repeat',
    '10',
  ]
  const serial = await once(() => ok(['run', 'readiter', ...ARMS]))
  const two = await once(() => ok(['run', 'readiter', ...ARMS, '--parallel', '2']))
  const warm = await median(() => ok(['run', 'readiter']))
  const floor = await median(bareQemu(dir, join(state.kernel.dir, 'bzImage')))
  say(`kernel ${state.kernel.release}, ${state.accel.accel}, medians of ${RUNS}`)
  say(`lab --help                         ${help.toFixed(2)} s   (<= 0.3)`)
  say(`lab up, nothing to do              ${up.toFixed(2)} s   (<= 0.7)`)
  say(
    `lab run readiter, VM up            ${onUp.toFixed(2)} s, bare ssh ${bareSsh.toFixed(2)} s, difference ${(onUp - bareSsh).toFixed(2)} s   (<= 1.5)`,
  )
  say(
    `lab run readiter, warm, 5 repeats  ${warm.toFixed(2)} s, bare QEMU ${floor.toFixed(2)} s, ratio ${(warm / floor).toFixed(2)}   (<= 3)`,
  )
  say(
    `4 arms x 10 repeats, one VM         ${serial.toFixed(2)} s, two VMs ${two.toFixed(2)} s, ratio ${(serial / two).toFixed(2)}   (>= 1.6)`,
  )
  if (process.argv.includes('--cold')) await cold()
} finally {
  await rig.lab(['down'])
  rig.remove()
  rmSync(dir, { recursive: true, force: true })
}
