/** Events that somebody takes away, keeps out or makes up: each way is seen, named, and no run of it is complete. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const TRACEFS = '/sys/kernel/tracing'
const READ = 'head -c 16 /data/f >/dev/null'

/** Workloads that spoil their own trace, by the name of their experiment: lines of a shell script. */
const SPOILERS: Readonly<Record<string, string>> = {
  // Goes on until the second reader has something.
  'second-reader': `cat ${TRACEFS}/trace_pipe >/tmp/taken & until test -s /tmp/taken; do ${READ}; done; kill $!`,
}

const experimentOf = ([name, script]: readonly [string, string]): string => `
  ${name}:
    probes: [readiter]
    workload: { run: ${JSON.stringify(`sh -c '${script}'`)} }
    repeat: 1
`

interface Run {
  readonly dir: string
  readonly manifest: Manifest
}

const lab = new Rig()
let spoiled: ReadonlyMap<string, Run>

beforeAll(async () => {
  lab.write('lab.yaml', lab.read('lab.yaml').trimEnd() + Object.entries(SPOILERS).map(experimentOf).join(''))
  await lab.answer(['up'])
  const runs = (await lab.answer(['run', ...Object.keys(SPOILERS)])) as Run[]
  spoiled = new Map(runs.map((run) => [run.manifest.experiment, run]))
})
afterAll(async () => {
  await lab.lab(['down'])
  lab.remove()
})

/** Why a run is incomplete; `lab verify` must come to the same from its files. */
async function reasonsOf(manifest: Manifest): Promise<string> {
  expect({ verdict: manifest.verdict, completeness: manifest.trace.completeness }).toEqual({
    verdict: 'incomplete',
    completeness: 'incomplete',
  })
  const { status, stdout } = await lab.lab(['verify', manifest.run])
  expect(status, stdout).toBe(0)
  return manifest.trace.reasons.join('\n')
}

test.each([['second-reader', /^[1-9]\d*: events were read from the ring buffer by somebody other than the recorder/m]])(
  '%s: the run is incomplete, and says so',
  async (name, reason) => {
    const { manifest } = spoiled.get(name) ?? expect.unreachable(name)
    expect(await reasonsOf(manifest)).toMatch(reason)
    expect(manifest.trace.reasons.join()).not.toContain('%c')
  },
)

test('nobody touches anything: the run on the same VM is complete', async () => {
  const [run] = (await lab.answer(['run', 'readiter', '--repeat', '1'])) as Run[]
  expect(run?.manifest).toMatchObject({ verdict: 'passed', trace: { completeness: 'complete', reasons: [] } })
})
