import { describe, expect, it } from 'vitest'
import type { StepProgress } from './messages.ts'
import { endedText, noticeText, runningText, stoppedText } from './messages.ts'

const progress = (facts: Partial<StepProgress>): StepProgress => ({
  type: 'step-progress',
  step: 's',
  phase: 'compile',
  ...facts,
})

describe('a running step', () => {
  it.each([
    [progress({ done: 412, total: 1130, unit: 'objects' }), 'kernel v5.10 — compile 412/1130 objects, 1m12s'],
    [progress({ phase: 'fetch', done: 48e6, total: 121e6, unit: 'bytes' }), 'kernel v5.10 — fetch 48/121 MB, 1m12s'],
    [progress({ phase: 'fetch', done: 48e6, unit: 'bytes' }), 'kernel v5.10 — fetch 48 MB, 1m12s'],
    [progress({ done: 1140, total: 1130, unit: 'objects' }), 'kernel v5.10 — compile 1140 objects, 1m12s'],
    [progress({ done: 1, unit: 'runs' }), 'kernel v5.10 — compile 1 run, 1m12s'],
    [progress({ done: 3, total: 4 }), 'kernel v5.10 — compile 3/4, 1m12s'],
    [progress({}), 'kernel v5.10 — compile, 1m12s'],
    [progress({ done: 3, total: 8, secondsLeft: 119.6 }), 'kernel v5.10 — compile 3/8, 1m12s, about 2m00s left'],
    [
      progress({
        soFar: [
          { metric: 'ns', median: 41.23456, runs: 1, shown: 'ns 41.23' },
          { metric: 'b', median: 2, unit: 'ms', runs: 3, shown: 'b 2 ms' },
        ],
      }),
      'kernel v5.10 — compile, 1m12s, ns 41.23 (1 run), b 2 ms (3 runs)',
    ],
    [undefined, 'kernel v5.10 — 1m12s'],
  ])('says where it is (%#)', (at, text) => expect(runningText('kernel v5.10', at, 72.9)).toBe(text))

  it('says no time within the first second', () => expect(runningText('fetch', undefined, 0.9)).toBe('fetch'))

  it('does not repeat its title', () => {
    const at = progress({ phase: 'fetch', done: 1, total: 2 })
    expect(runningText('fetch', at, 0)).toBe('fetch — 1/2')
    expect(runningText('kernel v5.10 / fetch', at, 0)).toBe('kernel v5.10 / fetch — 1/2')
  })
})

describe('an ended step', () => {
  it.each([
    ['built', undefined, 'k — built in 3m20s'],
    ['built', 'a.config changed', 'k — built in 3m20s (a.config changed)'],
    ['restored', undefined, 'k — restored (same inputs)'],
    ['fresh', undefined, 'k — fresh'],
    ['done', undefined, 'k — done in 3m20s'],
    ['skipped', 'no BTF', 'k — skipped (no BTF)'],
    ['failed', 'gcc: exit 1', 'k — failed after 3m20s (gcc: exit 1)'],
  ] as const)('%s %s', (outcome, detail, text) => {
    expect(endedText('k', { type: 'step-end', step: 'k', outcome, detail, seconds: 200 })).toBe(text)
  })

  it('or one that was stopped', () => expect(stoppedText('k', 72.9)).toBe('k — stopped after 1m12s'))
})

it('a notice has place, text and way out', () => {
  const notice = { type: 'notice', level: 'warning', text: 'slow' } as const
  expect(noticeText(notice)).toBe('slow')
  expect(noticeText({ ...notice, place: 'vm default', wayOut: 'modprobe kvm' })).toBe('vm default: slow - modprobe kvm')
})

it('shows nothing that a terminal would obey', () => {
  const evil = '\x1b[2J\u202e'
  const shown = [
    runningText(evil, progress({ phase: `${evil} ` }), 1),
    endedText(evil, { type: 'step-end', step: 'k', outcome: 'done', detail: evil, seconds: 1 }),
    stoppedText(evil, 1),
    noticeText({ type: 'notice', level: 'info', place: evil, text: evil, wayOut: evil }),
  ].join('')
  expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
  expect(shown.split('\\x1b[2J\\u202e')).toHaveLength(9)
})
