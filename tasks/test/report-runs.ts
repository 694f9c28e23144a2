/** Runs for reports: real tables of events, made by `lab import`, under manifests of any kind. */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../results/manifest.ts'
import type { Rig } from './rig.ts'

/** What no report may obey, wherever a guest, a trace or a lab file puts it. */
export const HOSTILE = `</text></svg></script></style><script>alert(1)</script><img src=x onerror=alert(2)>"'><b onclick=x>&amp;\u202e`

export const PATH = ['ext4 file read', 'generic file read', 'copy_page_to_iter', 'entering copyout'] as const

/** Text of a trace: `reads` times the messages, a process after the other, 10 to 40 us apart. */
export function traceText(reads: number, messages: readonly string[] = PATH, comm = 'readfile'): string {
  let [time, seed] = [8, 1]
  return Array.from({ length: reads * messages.length }, (_, index) => {
    seed = (seed * 16807) % 2147483647
    time += (10 + (seed % 30)) / 1e6
    const message = messages[index % messages.length] ?? ''
    return `        ${comm}-95    [000] d....  ${time.toFixed(6)}: bpf_trace_printk: ${message}\n`
  }).join('')
}

export interface Made {
  readonly experiment: string
  readonly run: string
  readonly manifest: Partial<Manifest>
}

/** Imports the text once, and puts the result in place for each of these runs; `manifest` says what is different. */
export async function makeRuns(rig: Rig, text: string, runs: readonly Made[]): Promise<void> {
  rig.write('made.txt', text)
  const { status, stderr } = await rig.lab(['import', 'made.txt', '--name', 'made'])
  if (status !== 0) throw new Error(stderr)
  const results = join(rig.dir, 'results')
  const [made = ''] = readdirSync(join(results, 'made'))
  const whole = JSON.parse(readFileSync(join(results, 'made', made, 'manifest.json'), 'utf8')) as Manifest
  // No import: the lab ran it.
  const { imported: _, ...base } = whole
  for (const { experiment, run, manifest } of runs) {
    const dir = join(results, experiment, run)
    mkdirSync(dir, { recursive: true })
    cpSync(join(results, 'made', made), dir, { recursive: true })
    const put = {
      ...base,
      workload: { ...base.workload, argv: ['readfile', '/data/f'], pid: 95, status: 0, ms: 4 },
      verdict: 'passed',
      trace: { ...base.trace, completeness: 'complete', reasons: [], clock: 'mono' },
      kernel: { ...base.kernel, name: 'v5.10', release: '5.10.223' },
      guest: { ...base.guest, accel: { accel: 'tcg', asked: 'auto', reason: 'no KVM here' } },
      experiment,
      run,
      ...manifest,
    }
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify(put))
  }
  rmSync(join(results, 'made'), { recursive: true })
}

/** A run of an arm with a number; `index` gives it a time and a name of its own. */
export const runOf = (
  experiment: string,
  index: number,
  params: Readonly<Record<string, string | number>>,
  manifest: Partial<Manifest> = {},
): Made => {
  const started = new Date(Date.UTC(2026, 0, 1, 0, 0, index))
  const name = Object.entries(params)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  return {
    experiment,
    run: `20260101-${String(index).padStart(6, '0')}-aaaa`,
    manifest: { arm: { name, params }, started: started.toISOString(), ...manifest },
  }
}

/** Six runs each of three arms, whose times grow with the bytes that they read. */
export const COST_RUNS = [16, 1024, 4096].flatMap((bytes, arm) =>
  Array.from({ length: 6 }, (_, index) =>
    runOf('cost', arm * 6 + index, { bytes }, { metrics: { read_ns: bytes * 3 + index * 10 } }),
  ),
)

export const traceFacts = (completeness: 'incomplete' | 'complete', reasons: readonly string[]) => ({
  clock: 'mono',
  bufferBytes: 8 << 20,
  events: 40,
  notUnderstood: 0,
  completeness,
  reasons,
  losses: { overrun: completeness === 'complete' ? 0 : 7 },
})

/** One run that passed, one that failed, and one whose trace is incomplete. */
export const MIXED_RUNS = [
  runOf('mixed', 100, {}),
  runOf(
    'mixed',
    101,
    {},
    {
      verdict: 'failed',
      expectations: [{ ok: false, lines: ['3 reads expected, 2 found'] }],
    },
  ),
  runOf('mixed', 102, {}, { verdict: 'incomplete', trace: traceFacts('incomplete', ['7 events were overwritten']) }),
]
