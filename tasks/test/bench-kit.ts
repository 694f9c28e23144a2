/** What the bench scripts share. Nothing here is a test. */
import { spawnSync } from 'node:child_process'

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

/** A command over the system's own ssh, to a guest of a lab. */
export const bareSsh = (key: string, port: number): string[] => [
  ...['ssh', '-F', 'none', '-i', key, '-p', String(port)],
  ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'].flatMap((one) => ['-o', one]),
  'root@127.0.0.1',
]
