import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LabEvent } from '../engine/event.ts'
import { labError } from '../engine/error.ts'
import { Terminal } from './terminal.fixture.ts'
import { openView } from './view.ts'

function open({ columns = 80, env = { NO_COLOR: '1' } as Record<string, string> } = {}) {
  const terminal = new Terminal(columns)
  terminal.write('$ lab run\n')
  const view = openView({
    json: false,
    stdout: terminal,
    stderr: terminal,
    env,
    isTTY: true,
    bugLog: () => 'bugs/1.txt',
  })
  return { terminal, view }
}

const start = (step: string, parent?: string): LabEvent => ({ type: 'step-start', step, title: step, parent })
const end = (step: string, outcome: 'built' | 'done' | 'failed' | 'restored', seconds = 1): LabEvent =>
  ({ type: 'step-end', step, outcome, seconds }) as const
const warning: LabEvent = { type: 'notice', level: 'warning', text: 'v5.10 is taken in place of v5.4' }

/** Lets listr2 load its parts and start, then moves its clock. */
async function draw(terminal: Terminal, ms = 100): Promise<void> {
  while (terminal.cursor) await turn()
  for (let i = 0; i < 10; i += 1) await turn()
  vi.advanceTimersByTime(ms)
  // A line that nobody reads yet is written in the next turn.
  await turn()
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'] }))
afterEach(() => void vi.useRealTimers())

describe('the live view', () => {
  it('draws nested and parallel steps with where they are, and ticks', async () => {
    const { terminal, view } = open()
    view.emit(start('kernel v5.10'))
    view.emit(start('image minimal'))
    view.emit(start('compile', 'kernel v5.10'))
    view.emit({ type: 'step-progress', step: 'compile', phase: 'compile', done: 412, total: 1130, unit: 'objects' })
    view.emit({ type: 'step-progress', step: 'kernel v5.10', phase: '100%s', done: 1 })
    await draw(terminal, 72_000)
    expect(terminal.screen).toEqual([
      '$ lab run',
      '* kernel v5.10 — 100%s 1, 1m12s',
      '  * compile — 412/1130 objects, 1m12s',
      '* image minimal — 1m12s',
    ])
    view.emit(start('vm 100%d'))
    await draw(terminal, 1000)
    expect(terminal.screen.slice(1)).toEqual([
      '* kernel v5.10 — 100%s 1, 1m13s',
      '  * compile — 412/1130 objects, 1m13s',
      '* image minimal — 1m13s',
      '* vm 100%d — 1s',
    ])
    await view.close()
  })

  it('leaves how each step ended; what succeeded below a finished step is folded', async () => {
    const { terminal, view } = open()
    view.emit(start('kernel v5.10'))
    view.emit(start('fetch', 'kernel v5.10'))
    await draw(terminal)
    view.emit(end('fetch', 'done', 2.2))
    await draw(terminal)
    expect(terminal.screen.slice(1)).toEqual(['* kernel v5.10', '  ✔ fetch — done in 2.2s'])
    view.emit(end('kernel v5.10', 'built', 200))
    view.emit(start('image minimal'))
    view.emit(end('image minimal', 'restored'))
    view.emit(start('probe readiter'))
    view.emit({ type: 'step-end', step: 'probe readiter', outcome: 'skipped', detail: 'no BTF', seconds: 0 })
    await view.close()
    expect(terminal.screen).toEqual([
      '$ lab run',
      '✔ kernel v5.10 — built in 3m20s',
      '✔ image minimal — restored (same inputs)',
      '↓ probe readiter — skipped (no BTF)',
    ])
    expect(terminal.cursor).toBe(true)
  })

  it('says each notice once: at once before it draws, as a line among the steps afterwards', async () => {
    const { terminal, view } = open()
    view.emit(warning)
    expect(terminal.screen).toEqual(['$ lab run', '⚠ v5.10 is taken in place of v5.4'])
    view.emit(start('kernel v5.10'))
    view.emit({ ...warning })
    view.emit({ type: 'notice', level: 'info', text: 'second' })
    await draw(terminal)
    view.emit(end('kernel v5.10', 'done'))
    await view.close()
    view.emit({ type: 'notice', level: 'info', text: 'third' })
    expect(terminal.screen.slice(1)).toEqual([
      '⚠ v5.10 is taken in place of v5.4',
      '✔ kernel v5.10 — done in 1s',
      'ℹ second',
      'ℹ third',
    ])
  })

  it('keeps answers, failures and stray writes until it has drawn for the last time', async () => {
    const { terminal, view } = open()
    const failure = labError({ place: 'kernel v5.10', fact: 'the compiler stopped' })
    view.emit(start('kernel v5.10'))
    view.emit(start('compile', 'kernel v5.10'))
    view.emit(start('image minimal'))
    await draw(terminal, 3000)
    terminal.write('stray\n')
    view.emit(end('compile', 'failed', 3))
    view.emit(end('kernel v5.10', 'failed', 5))
    view.failure(failure)
    view.answer({ text: 'an answer', data: 1 })
    await draw(terminal)
    expect(terminal.screen.join('\n')).not.toMatch(/stray|error|answer/)
    await Promise.all([view.close(), view.close()])
    view.failure(failure)
    expect(terminal.screen.filter((line) => line !== '')).toEqual([
      '$ lab run',
      '✖ kernel v5.10 — failed after 5s',
      '  ✖ compile — failed after 3s',
      '⊘ image minimal — stopped after 3s',
      'stray',
      'error: kernel v5.10: the compiler stopped',
      'an answer',
    ])
    expect(terminal.cursor).toBe(true)
  })

  it('shows what was under way as stopped when it is closed in the middle, even before it first drew', async () => {
    const { terminal, view } = open()
    view.emit(start('kernel v5.10'))
    view.emit(start('compile', 'kernel v5.10'))
    await view.close()
    expect(terminal.screen.slice(1)).toEqual(['⊘ kernel v5.10 — stopped after 0s', '  ⊘ compile — stopped after 0s'])
    expect(terminal.cursor).toBe(true)
  })

  it('draws a step below one that has ended at the top', async () => {
    const { terminal, view } = open()
    view.emit(start('a'))
    view.emit(end('a', 'done'))
    view.emit(start('b', 'a'))
    view.emit(end('b', 'done'))
    await view.close()
    expect(terminal.screen.slice(1)).toEqual(['✔ a — done in 1s', '✔ b — done in 1s'])
  })

  it('still shows how a step ended whose parent ended before it', async () => {
    const { terminal, view } = open()
    view.emit(start('kernel v5.10'))
    view.emit(start('compile', 'kernel v5.10'))
    await draw(terminal)
    view.emit(end('kernel v5.10', 'failed'))
    await draw(terminal)
    view.emit(end('compile', 'failed', 3))
    view.emit(start('late'))
    await view.close()
    expect(terminal.screen.slice(1)).toEqual([
      '✖ kernel v5.10 — failed after 1s',
      '  ✖ compile — failed after 3s',
      '⊘ late — stopped after 0s',
    ])
  })

  it('takes a step that starts again for a new one', async () => {
    const { terminal, view } = open()
    view.emit(start('vm default'))
    view.emit(start('vm default'))
    view.emit(end('vm default', 'done'))
    await view.close()
    expect(terminal.screen.slice(1)).toEqual(['⊘ vm default — stopped after 0s', '✔ vm default — done in 1s'])
  })

  it('loses no word on a narrow terminal', async () => {
    const { terminal, view } = open({ columns: 40 })
    view.emit(start('kernel v5.10'))
    view.emit(start('compile', 'kernel v5.10'))
    view.emit({ ...warning, text: 'the source cannot be fetched, so v5.10 is taken in place of v5.4' } as LabEvent)
    view.emit({ type: 'step-progress', step: 'compile', phase: 'cc', done: 412, total: 1130, unit: 'objects' })
    await draw(terminal, 72_000)
    await draw(terminal, 1000)
    const text = terminal.screen.join(' ').replaceAll(/ +/g, ' ')
    expect(text).toBe(
      '$ lab run * kernel v5.10 — 1m13s * compile — cc 412/1130 objects, 1m13s ' +
        '⚠ the source cannot be fetched, so v5.10 is taken in place of v5.4',
    )
    expect(Math.max(...terminal.screen.map((line) => line.length))).toBeLessThanOrEqual(40)
    await view.close()
  })

  it('writes nothing when there was nothing to say', async () => {
    const { terminal, view } = open()
    await view.close()
    expect(terminal.screen).toEqual(['$ lab run'])
  })

  it('has colours unless NO_COLOR is set', async () => {
    for (const [env, coloured] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
    ] as const) {
      const { terminal, view } = open({ env })
      let raw = ''
      const write = terminal._write.bind(terminal)
      terminal._write = (chunk: Buffer, encoding, done) => {
        raw += chunk.toString()
        write(chunk, encoding, done)
      }
      view.emit(start('a'))
      view.emit(end('a', 'done'))
      await view.close()
      // oxlint-disable-next-line no-control-regex -- colours are escape sequences
      expect(/\x1b\[\d+m/.test(raw)).toBe(coloured)
    }
  })
})

describe('the terminal is given back', () => {
  it('when the process exits in the middle', async () => {
    const before = process.listeners('exit')
    const { terminal, view } = open()
    view.emit(start('kernel v5.10'))
    await draw(terminal)
    expect(terminal.cursor).toBe(false)
    const [hook, ...others] = process.listeners('exit').filter((listener) => !before.includes(listener))
    expect(others).toEqual([])
    hook?.call(process, 1)
    expect(terminal.cursor).toBe(true)
    await view.close()
    expect(process.listeners('exit')).toEqual(before)
  })

  it('when the drawing itself fails, and what waited is still said', async () => {
    const { terminal, view } = open()
    view.emit(start('kernel v5.10'))
    await draw(terminal)
    Object.defineProperty(terminal, 'columns', {
      get: () => {
        throw new Error('no columns')
      },
    })
    expect(() => vi.advanceTimersByTime(100)).toThrow('no columns')
    view.failure(labError({ fact: 'the compiler stopped' }))
    const closing = view.close()
    await expect(closing).rejects.toThrow('no columns')
    Object.defineProperty(terminal, 'columns', { value: 80 })
    view.failure(labError({ fact: 'second' }))
    expect(terminal.cursor).toBe(true)
  })
})
