import { expect, test } from 'vitest'
import type { LabEvent } from '../../engine/event.ts'
import { tempDir } from '../../test/temp-dir.ts'
import type { View } from '../../ui/types.ts'
import { daily, onceEach } from './daily.ts'

const standing: LabEvent = { type: 'notice', level: 'warning', standing: true, place: 'vm default', text: 'no KVM' }
const passing: LabEvent = { type: 'notice', level: 'warning', place: 'vm default', text: 'it died' }

/** What a command of this time says. */
async function said(state: string, time: string, ...events: readonly LabEvent[]): Promise<string[]> {
  const texts: string[] = []
  const view: View = {
    emit: (event) => void (event.type === 'notice' && texts.push(event.text)),
    width: undefined,
    answer: () => undefined,
    raw: () => Promise.resolve(true),
    pipe: () => undefined,
    failure: () => undefined,
    close: () => Promise.resolve(),
  }
  const own = onceEach(daily(view, state, new Date(time)))
  for (const event of events) own.emit(event)
  await own.close()
  return texts
}

test('a warning that stands is given once a day, and each later command says that it left it out', async () => {
  const state = tempDir()
  expect(await said(state, '2026-11-30T10:00:00', standing, passing)).toEqual(['no KVM', 'it died'])
  const again = await said(state, '2026-11-30T18:00:00', standing, passing)
  expect(again).toEqual(['it died', '1 warning of earlier today is not repeated; --verbose shows it'])
  expect(await said(state, '2026-12-01T08:00:00', standing)).toEqual(['no KVM'])
})

test('a command gives it once, however many boots or runs say it', async () => {
  expect(await said(tempDir(), '2026-11-30T10:00:00', standing, passing, standing, passing)).toEqual([
    'no KVM',
    'it died',
    'it died',
  ])
})

test('another text is another warning, and another lab has its own', async () => {
  const state = tempDir()
  await said(state, '2026-11-30T10:00:00', standing)
  expect(await said(state, '2026-11-30T11:00:00', { ...standing, text: 'slow disk' })).toEqual(['slow disk'])
  expect(await said(tempDir(), '2026-11-30T11:00:00', standing)).toEqual(['no KVM'])
})

test('where nothing can be kept, everything is given', async () => {
  expect(await said('/proc/1/nowhere', '2026-11-30T10:00:00', standing)).toEqual(['no KVM'])
})
