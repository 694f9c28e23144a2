import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { labError, userError } from '../engine/error.ts'
import { openPlainProgress } from './plain.ts'
import { Output } from './output.ts'
import { openView, pickView, usesColours, type ViewOptions } from './view.ts'

/** Keeps what is written; `error` makes each write fail. */
class Sink extends Writable {
  text = ''
  readonly #error: Error | undefined

  constructor(error?: Error) {
    super()
    this.#error = error
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    if (this.#error === undefined) this.text += chunk.toString()
    done(this.#error)
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }
}

/** What `--json` printed behind its first line, without the times. */
const jsonOf = ({ lines }: Sink): unknown[] =>
  lines.slice(1).map((line) => {
    const { at, ...event } = JSON.parse(line) as { at: string }
    expect(new Date(at).toISOString()).toBe(at)
    return event
  })

const failing = (code: string) => Object.assign(new Error(`write ${code}`), { code })

function open(options: Partial<ViewOptions> & { stdout?: Sink; stderr?: Sink } = {}) {
  const stdout = options.stdout ?? new Sink()
  const stderr = options.stderr ?? new Sink()
  const bugLog = () => 'bugs/1.txt'
  return { stdout, stderr, view: openView({ json: false, env: {}, isTTY: false, bugLog, ...options, stdout, stderr }) }
}

const start = { type: 'step-start', step: 'k', title: 'kernel v5.10' } as const
const end = { type: 'step-end', step: 'k', outcome: 'fresh', seconds: 0 } as const
const notice = { type: 'notice', level: 'warning', text: 'slow', place: 'vm default' } as const

it('folds each experiment in the log of a GitLab job, and nothing elsewhere', async () => {
  const told = async (env: Record<string, string>) => {
    const { stderr, view } = open({ env: { CI: 'true', ...env } })
    view.emit(start)
    view.emit({ type: 'step-start', step: 'experiment a b', title: 'experiment a b' })
    view.emit({ type: 'step-end', step: 'experiment a b', outcome: 'done', seconds: 1 })
    view.emit({ type: 'step-start', step: 'experiment c', title: 'experiment c' })
    await view.close()
    return stderr.lines.filter((line) => line.includes('section_')).map((line) => line.replace(/:\d{10}:/, ':TIME:'))
  }
  expect(await told({ GITLAB_CI: 'true' })).toEqual([
    '\u001B[0Ksection_start:TIME:experiment_a_b[collapsed=true]\r\u001B[0Kexperiment a b',
    '\u001B[0Ksection_end:TIME:experiment_a_b\r\u001B[0K',
    '\u001B[0Ksection_start:TIME:experiment_c[collapsed=true]\r\u001B[0Kexperiment c',
    '\u001B[0Ksection_end:TIME:experiment_c\r\u001B[0K',
  ])
  expect(await told({})).toEqual([])
})

describe('which view', () => {
  it.each([
    [true, true, {}, 'json'],
    [false, true, {}, 'live'],
    [false, false, {}, 'plain'],
    [false, true, { CI: 'true' }, 'plain'],
    [false, true, { CI: 'false' }, 'live'],
    [false, true, { CI: '' }, 'live'],
    [false, true, { TERM: 'dumb' }, 'plain'],
    [false, true, { NO_COLOR: '1' }, 'live'],
  ] as const)('json %s, terminal %s, %o: %s', (json, isTTY, env, kind) =>
    expect(pickView({ json, isTTY, env })).toBe(kind),
  )

  it('colours only on a terminal that wants them', () => {
    expect(usesColours({ isTTY: true, env: {} })).toBe(true)
    expect(usesColours({ isTTY: true, env: { NO_COLOR: '' } })).toBe(true)
    expect(usesColours({ isTTY: true, env: { NO_COLOR: '0' } })).toBe(false)
    expect(usesColours({ isTTY: true, env: { TERM: 'dumb' } })).toBe(false)
    expect(usesColours({ isTTY: false, env: {} })).toBe(false)
  })
})

describe('plain', () => {
  it('answers on stdout and says everything else on stderr', async () => {
    const { view, stdout, stderr } = open()
    view.emit(start)
    view.emit(end)
    view.answer({ text: 'a\tb\nc\x1b[2J', data: 1 })
    view.failure(userError({ place: 'lab.yaml:3:3', fact: 'unknown key', wayOut: 'remove it' }))
    await view.close()
    expect(stdout.text).toBe('a\tb\nc\\x1b[2J\n')
    expect(stderr.lines).toEqual([
      '[    0s] kernel v5.10',
      '[    0s] kernel v5.10 — fresh',
      'error: lab.yaml:3:3: unknown key',
      '  → remove it',
    ])
  })

  it('says a notice and a failure once', async () => {
    const { view, stderr } = open()
    const failure = labError({ fact: 'no' })
    view.emit(notice)
    view.emit({ ...notice })
    view.failure(failure)
    view.failure(failure)
    await view.close()
    view.failure(failure)
    expect(stderr.lines).toEqual(['[    0s] warning: vm default: slow', 'error: no'])
  })

  it('ends an answer with one line end and an empty one with none', async () => {
    const { view, stdout } = open()
    view.answer({ text: 'x\n', data: null })
    view.answer({ text: '', data: null })
    await view.close()
    expect(stdout.text).toBe('x\n')
  })

  it('breaks the lines of an answer between words on a terminal, but not those of code and data', async () => {
    const terminal = Object.assign(new Sink(), { isTTY: true, columns: 12 })
    const { view } = open({ stdout: terminal })
    view.answer({ text: 'one two three', data: null })
    view.answer({ text: 'int a; int bc;', verbatim: true, data: null })
    await view.close()
    expect(terminal.text).toBe('one two\n  three\nint a; int bc;\n')
  })

  it('knows the width of a terminal, and none elsewhere', () => {
    const terminal = Object.assign(new Sink(), { isTTY: true, columns: 72 })
    expect(open({ stdout: terminal }).view.width).toBe(72)
    expect(open({ stdout: Object.assign(new Sink(), { columns: 72 }) }).view.width).toBeUndefined()
  })
})

describe('plain progress', () => {
  function plain() {
    const sink = new Sink()
    const clock = { ms: 5000 }
    const progress = openPlainProgress({ stderr: new Output(sink, { name: 'stderr' }), now: () => clock.ms })
    const at = (phase: string, done: number) =>
      progress.emit({ type: 'step-progress', step: 'k', phase, done, total: 1130, unit: 'objects' })
    return { sink, clock, progress, at }
  }

  it('comes every ten seconds and at each new phase', () => {
    const { sink, clock, progress, at } = plain()
    progress.emit(start)
    at('compile', 1)
    clock.ms += 9_999
    at('compile', 2)
    clock.ms += 1
    at('compile', 3)
    at('compile', 4)
    at('link', 5)
    expect(sink.lines).toEqual([
      '[    0s] kernel v5.10',
      '[    0s] kernel v5.10 — compile 1/1130 objects',
      '[   10s] kernel v5.10 — compile 3/1130 objects, 10s',
      '[   10s] kernel v5.10 — link 5/1130 objects, 10s',
    ])
  })

  it('names the steps above, and at the end those that were stopped', async () => {
    const { sink, clock, progress } = plain()
    progress.emit(start)
    progress.emit({ type: 'step-start', step: 'f', title: 'fetch', parent: 'k' })
    progress.emit({ type: 'step-start', step: 'i', title: 'image', parent: 'nobody' })
    progress.emit({ type: 'step-end', step: 'i', outcome: 'done', seconds: 2 })
    clock.ms += 72_000
    await progress.close()
    await progress.close()
    expect(sink.lines.slice(1)).toEqual([
      '[    0s] kernel v5.10 / fetch',
      '[    0s] image',
      '[    0s] image — done in 2s',
      '[ 1m12s] kernel v5.10 / fetch — stopped after 1m12s',
      '[ 1m12s] kernel v5.10 — stopped after 1m12s',
    ])
  })
})

describe('json', () => {
  it('is one object a line, the answer last, and nothing on stderr', async () => {
    const { view, stdout, stderr } = open({ json: true, isTTY: true })
    view.emit(start)
    view.emit(end)
    view.answer({ text: 'for people', data: { runs: ['a\u202e\x9b'] } })
    await view.close()
    expect(jsonOf(stdout)).toEqual([start, end, { type: 'answer', data: { runs: ['a\u202e\x9b'] } }])
    expect(stdout.text).not.toMatch(/[\x80-\x9f\u202e]/)
    expect(stderr.text).toBe('')
  })

  it('has failures and bugs as errors with their exit code', () => {
    const { view, stdout } = open({ json: true })
    const failure = { place: 'vm default', fact: 'no ssh', wayOut: 'look', lines: ['l'], log: 'console.log' }
    view.failure(labError(failure))
    view.failure(new Error('boom'))
    expect(jsonOf(stdout)).toEqual([
      { type: 'error', kind: 'lab', ...failure, exitCode: 69 },
      { type: 'error', kind: 'bug', fact: 'this is a bug in lab: boom', log: 'bugs/1.txt', exitCode: 70 },
    ])
  })
})

describe.each([true, false])('a reader that leaves (json %s)', (json) => {
  it('is reported once to the command, and is no failure', async () => {
    let told = 0
    const { view } = open({ json, stdout: new Sink(failing('EPIPE')), onReaderGone: () => (told += 1) })
    view.answer({ text: 'one', data: 1 })
    view.answer({ text: 'two', data: 2 })
    await view.close()
    view.answer({ text: 'three', data: 3 })
    expect(told).toBe(1)
  })

  it('but a full disk is a failure', async () => {
    const { view } = open({ json, stdout: new Sink(failing('ENOSPC')) })
    view.answer({ text: 'one', data: 1 })
    await expect(view.close()).rejects.toThrow('stdout: could not be written: write ENOSPC')
  })
})

it('closes although nobody reads stderr', async () => {
  const { view } = open({ stderr: new Sink(failing('ENOSPC')) })
  view.emit(start)
  await view.close()
})

describe('bytes of a guest', () => {
  it('have all left the process when the view is closed, however slow their reader is', async () => {
    class Slow extends Sink {
      override _write(chunk: Buffer, encoding: string, done: (error?: Error) => void): void {
        setImmediate(() => super._write(chunk, encoding, done))
      }
    }
    const [stdout, stderr] = [new Slow(), new Slow()]
    const { view } = open({ stdout, stderr })
    void view.raw(Buffer.from('x'.repeat(100_000)), 'stdout')
    void view.raw(Buffer.from('said'), 'stderr')
    await view.close()
    expect([stdout.text.length, stderr.text]).toEqual([100_000, 'said'])
  })
})
