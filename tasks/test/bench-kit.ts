/** What the bench scripts share. Nothing here is a test. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

export const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Seconds that something takes. */
export async function once(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** Median of the seconds that something takes. */
export async function median(times: number, work: () => Promise<void> | void): Promise<number> {
  const taken: number[] = []
  for (let index = 0; index < times; index++) taken.push(await once(work))
  return taken.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN
}

/** @throws what the program said when it failed */
export function must(argv: readonly string[], input?: string): void {
  const { status, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8', input, maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
}

export interface Spent {
  /** Elapsed seconds. */
  readonly real: number
  /** Seconds of all CPUs, of the program and everything that it waited for. */
  readonly cpu: number
}

/** Runs a program to its end. @throws with its last words when it fails */
export function spent(
  argv: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Spent {
  const { status, stderr } = spawnSync('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time "$@"', 'bash', ...argv], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    cwd: options.cwd,
    env: { ...process.env, CI: 'true', LC_ALL: 'C', ...options.env },
  })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr.slice(-2000)}`)
  const [real = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return { real, cpu: user + system }
}

/**
 * What somebody pays without the lab: the archive of Debian's 5.10 in the cache is unpacked, and a tree that the lab
 * has built is made once more from nothing, with the same configuration, compiler and jobs. The tree is spoilt by it
 * for the lab.
 */
export function byHand(cache: string, tree: string): { readonly unpack: Spent; readonly make: Spent } {
  if (!existsSync(join(tree, 'vmlinux'))) throw new Error(`no kernel was built in ${tree}`)
  const sources = join(cache, 'sources')
  const archive = readdirSync(sources).find((file) => file.includes('linux-source-5.10')) ?? ''
  const plain = join(cache, 'plain')
  mkdirSync(plain)
  const unpack = spent([
    'sh',
    '-c',
    'dpkg-deb -x "$0" "$1/deb" && tar -xf "$1"/deb/usr/src/linux-source-*.tar.xz -C "$1"',
    join(sources, archive),
    plain,
  ])
  const make = ['make', '-s', '-C', tree, `-j${availableParallelism()}`, 'LOCALVERSION=']
  // Not `clean`, which leaves the programs that the build itself needs.
  const config = join(plain, 'config')
  copyFileSync(join(tree, '.config'), config)
  spent([...make, 'mrproper'])
  copyFileSync(config, join(tree, '.config'))
  return { unpack, make: spent([...make, 'olddefconfig', 'bzImage', 'modules', 'headers']) }
}

/** A command over the system's own ssh, to a guest of a lab. */
export const bareSsh = (key: string, port: number): string[] => [
  'ssh',
  '-F',
  'none',
  '-i',
  key,
  '-p',
  String(port),
  ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'].flatMap((one) => ['-o', one]),
  'root@127.0.0.1',
]
