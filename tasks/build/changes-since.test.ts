import { expect, test } from 'vitest'
import { changesSince } from './changes-since.ts'

test('what changed since the last build; a new version of lab is not called a change of the lab', () => {
  const before = { lab: 'a'.repeat(64), gcc: '12', options: { BPF_JIT: 'y' } }
  expect(changesSince(before, { ...before, gcc: '13' })).toBe('gcc changed since the last build')
  expect(changesSince(before, { ...before, lab: 'b'.repeat(64) })).toBe(
    'lab itself was updated since the last build (aaaaaaaa -> bbbbbbbb), and nothing else differs',
  )
  expect(changesSince(before, { gcc: '12', options: {}, lab: 'b'.repeat(64) })).toBe(
    'options.BPF_JIT changed since the last build; lab itself was updated since the last build (aaaaaaaa -> bbbbbbbb)',
  )
})
