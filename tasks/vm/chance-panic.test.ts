import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LabEvent } from '../engine/event.ts'
import { tempDir } from '../test/temp-dir.ts'
import { bootedAgain, FIRST_CONSOLE } from './chance-panic.ts'

const RACE = `[    0.000000] BUG: kernel NULL pointer dereference, address: 0000000000000010
[    0.000000] RIP: 0010:mask_ioapic_irq+0x1a/0xc0
[    0.000000] Call Trace:
[    0.000000]  mp_map_pin_to_irq+0x184/0x350
[    0.000000]  setup_IO_APIC+0x133/0x818
[    0.000000] Kernel panic - not syncing: Fatal exception in interrupt
`

/** Boots that fail with these consoles, one after the other, and then one that comes up. */
function boots(...consoles: string[]) {
  const dir = tempDir()
  const events: LabEvent[] = []
  let count = 0
  const boot = async () => {
    const console = consoles[count++]
    if (console === undefined) return await Promise.resolve('up')
    writeFileSync(join(dir, 'console.log'), console)
    throw new Error(`boot ${count}`)
  }
  const signal = new AbortController().signal
  const outcome = bootedAgain(boot, { dir, place: 'vm x' }, { emit: (event) => void events.push(event), signal })
  return { dir, events, outcome, made: () => count }
}

test('a boot that lost the race is made again, with a warning, and its console is kept', async () => {
  const { dir, events, outcome } = boots(RACE)
  expect(await outcome).toBe('up')
  expect(events).toMatchObject([{ level: 'warning', place: 'vm x', text: expect.stringContaining('booted again') }])
  expect(readFileSync(join(dir, FIRST_CONSOLE), 'utf8')).toBe(RACE)
})

test('a boot that loses it twice has failed', async () => {
  const { outcome, made } = boots(RACE, RACE)
  await expect(outcome).rejects.toThrow('boot 2')
  expect(made()).toBe(2)
})

test.each([
  ['any other panic', '[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n'],
  ['a panic of that function later', RACE.replace('0.000000] Kernel', '2.100000] Kernel')],
  ['no panic', RACE.replace(/^.*Kernel panic.*\n/m, '')],
  ['no console', ''],
])('%s fails at once', async (_, console) => {
  const { outcome, events, made } = boots(console)
  await expect(outcome).rejects.toThrow('boot 1')
  expect([events, made()]).toEqual([[], 1])
})
