import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTimeOf } from '../engine/process.ts'
import { start } from '../host/sh.ts'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import type { Booted } from './boot.ts'
import { placesOf } from './places.ts'
import { launch, type VmRequest } from './start.ts'

const request = {
  vm: { name: 'default', cpus: 1, memory: 2 ** 28, accel: 'tcg', disks: [] },
  kernel: { name: 'v5.10', fingerprint: 'k', source: 's', dir: '/k', compat: [] },
  kernelWanted: 'v5.10',
  image: { name: 'debian', fingerprint: 'i' },
} as unknown as VmRequest
const choice = { accel: 'tcg', asked: 'tcg', reason: 'asked for' } as const
const handle = { progress: () => undefined }

/** Something that runs in the VM's directory as QEMU would, and outlives a command as that of `lab up` does. */
function machineIn(dir: string): Booted {
  const process = start(['sleep', '60'], { cwd: dir, dieWithUs: false, stderrFile: 'qemu.stderr' })
  const [guest, qmp] = [{ close: () => undefined }, { close: () => undefined }] as unknown as [
    Booted['guest'],
    Booted['qmp'],
  ]
  return { guest, qmp, process, port: 1, facts: { release: '5.10', bootId: 'b', clocksource: 'c' } }
}

test('the disk is full when the state of a booted VM is written: the machine ends, and nothing stays', async () => {
  const root = tempDir()
  const places = placesOf(root)
  let pid = 0
  const boot = async ({ dir }: { readonly dir: string }) => {
    const booted = machineIn(dir)
    pid = booted.process.pid
    writeFileSync(join(dir, 'console.log'), 'it booted\n')
    symlinkSync('/dev/full', join(dir, 'state.json.new'))
    return await Promise.resolve(booted)
  }
  const how = { owner: 'up' as const, argv: () => Promise.resolve([]), boot }
  const failure = await failureOf(launch(request, choice, how, places, testContext(root), handle))
  expect(failure).toMatchObject({ kind: 'lab', parts: { place: 'vm default', fact: 'the disk is full' } })
  expect(pid).toBeGreaterThan(0)
  expect(startTimeOf(pid)).toBeUndefined()
  expect(existsSync(join(places.vms, 'default'))).toBe(false)
})

test('a file stands where the directory of the lab should be: a failure with a way out', async () => {
  const root = tempDir()
  const places = placesOf(root)
  mkdirSync(join(root, '.lab/keys'), { recursive: true })
  writeFileSync(places.vms, '')
  const how = { owner: 'up' as const, argv: () => Promise.resolve([]), boot: () => expect.unreachable('no directory') }
  const failure = await failureOf(launch(request, choice, how, places, testContext(root), handle))
  expect(failure).toMatchObject({ kind: 'lab', parts: { place: 'vm default' } })
  expect(failure.parts.wayOut).toContain('a file stands where a directory is needed')
})
