import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { HolderLine } from './holder.ts'
import { assembleMeta, fits, META_FILES, noMeta, staticSymbols, withDeclared } from './meta.ts'

const text = (value: string) => Buffer.from(value)
const meta = assembleMeta(
  new Map([
    ['format.ftrace.print', text('name: print\nID: 5\nformat:\n')],
    ['format.sched.sched_switch', text('name: sched_switch\nID: 314\nformat:\n')],
    ['kallsyms', text('ffffffff81000000 T _text\n')],
    ['version', text('Linux version 6.1.0\n')],
  ]),
)
const event = (name: string, id: number) => ({ event: 'event-id', name, id }) as unknown as HolderLine

test('files of a boot are taken by their names; what is missing is empty', () => {
  expect([...meta.formats.keys()]).toEqual(['ftrace', 'sched'])
  expect(meta.formats.get('sched')?.get('sched_switch')?.toString()).toContain('ID: 314')
  expect([meta.version, meta.headerPage.length]).toEqual(['Linux version 6.1.0', 0])
  expect([noMeta().formats.size, noMeta().version]).toEqual([0, ''])
})

test.each([
  ['format.sched.sched_switch', true],
  ['kallsyms', true],
  ['format.../etc', false],
  ['../kallsyms', false],
  ['format.sched', false],
])('a guest may send a file called %s: %s', (name, allowed) => {
  expect(META_FILES.test(name)).toBe(allowed)
})

describe('formats fit the guest that recorded', () => {
  test('when all numbers agree', () => {
    expect(fits(meta, [event('ftrace:print', 5), event('sched:sched_switch', 314)])).toBe(true)
  })
  test.each([
    ['another number', event('sched:sched_switch', 31)],
    ['an event without a format', event('sched:sched_wakeup', 314)],
  ])('not with %s', (_, line) => {
    expect(fits(meta, [event('ftrace:print', 5), line])).toBe(false)
  })
})

test('kprobe events that a run declares come beside the formats of the boot', () => {
  const files = new Map([
    ['format.entered', text('ID: 2000\n')],
    ['stdout', text('x')],
  ])
  const formats = withDeclared(meta, { files })
  expect([...formats.keys()]).toEqual(['ftrace', 'sched', 'kprobes'])
  expect([...(formats.get('kprobes')?.keys() ?? [])]).toEqual(['entered'])
  expect(withDeclared(meta, { files: new Map() })).toBe(meta.formats)
})

describe('System.map stands for kallsyms', () => {
  let dir = ''
  afterEach(() => rmSync(dir, { recursive: true, force: true }))
  const kernel = (config: string) => {
    dir = mkdtempSync(join(tmpdir(), 'lab-meta-'))
    writeFileSync(join(dir, 'config'), config)
    writeFileSync(join(dir, 'System.map'), 'ffffffff81000000 T _text\n')
    return staticSymbols(dir)
  }
  test('of a kernel that is not moved and has no modules', async () => {
    expect((await kernel('# CONFIG_RANDOMIZE_BASE is not set\nCONFIG_EXT4_FS=y\n'))?.toString()).toContain('_text')
  })
  test.each(['CONFIG_RANDOMIZE_BASE=y\n', 'CONFIG_EXT4_FS=m\n'])('not with %j', async (config) => {
    expect(await kernel(config)).toBeUndefined()
  })
})
