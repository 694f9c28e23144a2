import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bootId } from '../../engine/process.ts'
import { tempDir } from '../../test/temp-dir.ts'
import type { OpenVm } from '../../vm/vm.ts'
import { guestDied } from './last-words.ts'

/** A VM whose QEMU has ended, and what its console said. */
function deadVm(console: string): OpenVm {
  const dir = join(tempDir(), 'vms/default.run-1')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'console.log'), console)
  return { dir, state: { pid: spawnSync('true').pid, startTime: '1', bootId: bootId() } } as unknown as OpenVm
}

const PHASES = 'lab-init: phase mounts\r\nlab-init: phase ssh\r\n'

test('a panic is named and shown from its line on, made printable, and the log is kept', async () => {
  const vm = deadVm(
    `${PHASES}before\r\n[ 9.1] Kernel panic - not syncing: sysrq triggered crash\r\n[ 9.2] \u001b[2JCPU: 0\r\n`,
  )
  const { parts, kind } = await guestDied(vm, 'run-7', 'experiment e', 'the connection was closed')
  expect(kind).toBe('experiment')
  expect(parts.fact).toBe(
    'the guest died while the workload ran: kernel panic (Kernel panic - not syncing: sysrq triggered crash)',
  )
  expect(parts.lines).toEqual([
    'the connection was closed',
    '[ 9.1] Kernel panic - not syncing: sysrq triggered crash',
    String.raw`[ 9.2] \x1b[2JCPU: 0`,
  ])
  expect(readFileSync(parts.log ?? '', 'utf8')).toContain('before')
})

test('a guest that went without a word is not called a panic', async () => {
  const { parts } = await guestDied(deadVm(PHASES), 'run-8', 'experiment e', 'the connection was closed')
  expect(parts.fact).toBe('the guest died while the workload ran')
  expect(parts.lines).toEqual(['the connection was closed', 'its console shows nothing'])
  expect(parts.wayOut).toContain('killed from outside')
})
