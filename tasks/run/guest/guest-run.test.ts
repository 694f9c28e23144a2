/** What a guest may send in the name of the holder: bounded in lines as well as in bytes. */
import type { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { ExecOptions, ExecResult } from '../../host/ssh.ts'
import { failureOf } from '../../test/caught.ts'
import type { OpenVm } from '../../vm/vm.ts'
import { guestRun } from './guest-run.ts'

/** A guest in which somebody writes `chunk` to the holder's output, `times` times, or until nobody listens. */
function flood(chunk: string, times: number): { vm: OpenVm; sent: () => number } {
  let sent = 0
  const exec = (_argv: readonly string[], options: ExecOptions) =>
    new Promise<ExecResult>((resolve) => {
      const input = options.input as Readable
      input.on('data', () => {
        const bytes = Buffer.from(chunk)
        while (sent < times && options.signal?.aborted !== true) {
          void options.onOutput?.(bytes, 'stdout')
          sent += 1
        }
        resolve({ status: 0, stdout: Buffer.alloc(0), stderr: '' })
      })
    })
  return { vm: { guest: { exec }, state: { argv: [] } } as unknown as OpenVm, sent: () => sent }
}

const WANTED = {
  holder: '/run/lab/holder',
  objects: [],
  optional: [],
  interfaces: [],
  companions: [],
  modules: [],
  slots: [],
  workload: ['true'],
  env: [],
  clock: 'mono',
  bufferBytes: 4096,
  overwrite: false,
  graph: false,
  strace: false,
  countRuns: false,
  deadlineMs: 1000,
  events: [],
  kprobes: [],
  before: [],
  follow: false,
  run: 'r',
  btf: undefined,
}
const run = (vm: OpenVm) => guestRun(vm, WANTED as never, 'e arm', new AbortController().signal)

test('a flood of lines ends the run, before it fills the memory', async () => {
  const line = '{"event":"kernel-said","text":""}\n'
  const { vm, sent } = flood(line.repeat(10_000), 200)
  const { kind, parts } = await failureOf(run(vm))
  expect([kind, parts.fact]).toEqual(['experiment', expect.stringMatching(/^the guest sent more than 500000 lines/)])
  expect(sent()).toBeLessThan(60)
})

test('a line without an end is given up too', async () => {
  const { vm, sent } = flood('x'.repeat(2 ** 20), 200)
  expect((await failureOf(run(vm))).kind).toBe('lab')
  expect(sent()).toBeLessThan(70)
})
