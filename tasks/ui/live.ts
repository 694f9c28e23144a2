/**
 * The live view on a terminal: a tree of steps that listr2 draws. The only file that imports listr2.
 *
 * listr2 runs a list that is known at the start, and our steps appear as they come: a task added to a running list is
 * drawn but never run (listr2 11.4: `Listr.run` takes a snapshot). So each step is a silent list of its own with one
 * task, whose promise resolves at step-end, and that task is hung into the tree which the one drawing list shows. The
 * drawing list itself runs one task without a title, which is not drawn and ends when the view is closed.
 */
import type { DefaultRenderer, Listr, ListrDefaultRendererOptions, ListrTaskState, Spinner } from 'listr2'
import type { LabEvent, StepOutcome } from '../engine/event.ts'
import { later } from '../engine/later.ts'
import type { StepProgress } from './messages.ts'
import { endedText, noticeText, runningText, stoppedText } from './messages.ts'
import type { Output, TextStream } from './output.ts'
import { wrap, type Paint } from '../engine/text.ts'

const listr2 = later<typeof import('listr2')>('listr2')

/** listr2 asks process.stdout whether it may draw; ours draws on stderr, and stdout may well be a pipe. */
const stderrRenderer = (): typeof DefaultRenderer =>
  class extends listr2().DefaultRenderer {
    static override nonTTY = true
  }

/** listr2's clock (ten times a second) also brings the titles up to date, just before each drawing. */
function titleSpinner(refresh: () => void): Spinner {
  class TitleSpinner extends listr2().Spinner {
    override spin(): void {
      super.spin()
      refresh()
    }
  }
  return new TitleSpinner()
}

/** A list of one task; the type is one for drawing and silent lists, so that tasks can hang in either. */
type List = Listr<undefined, typeof DefaultRenderer>
type Task = List['tasks'][number]

interface Row {
  readonly title: string
  readonly startedAt: number
  readonly task: Task
  progress?: StepProgress
  /** Ends the task in a state. */
  readonly end: (state: keyof typeof ListrTaskState) => void
}

/** `STOPPED` is a step whose end nobody reported. */
const STATE: Readonly<Record<StepOutcome, keyof typeof ListrTaskState>> = {
  fresh: 'COMPLETED',
  restored: 'COMPLETED',
  built: 'COMPLETED',
  done: 'COMPLETED',
  skipped: 'SKIPPED',
  failed: 'FAILED',
}
const STOPPED = 'CANCELLED'

/**
 * No step is drawn in this state (a task starts before it is first drawn); notices use it, with no mark but their own.
 */
const NOTICE = 'WAITING'

const SHOW_CURSOR = '\x1b[?25h'

const same = (text: string | undefined): string => text ?? ''

/**
 * One mark for each outcome, whether or not a step has others below it. listr2's own colours would follow
 * process.stdout.
 */
function style(spinner: Spinner, paint: Paint): Pick<ListrDefaultRendererOptions, 'icon' | 'color'> {
  const yellow = (text: string | undefined) => paint('yellow', text ?? '')
  const green = (text: string | undefined) => paint('green', text ?? '')
  const red = (text: string | undefined) => paint('red', text ?? '')
  return {
    icon: {
      PENDING: () => spinner.fetch(),
      COMPLETED: '✔',
      COMPLETED_WITH_FAILED_SUBTASKS: '✔',
      SKIPPED_WITH_COLLAPSE: '↓',
      FAILED: '✖',
      FAILED_WITH_SUBTASKS: '✖',
      CANCELLED: '⊘',
      WAITING: '',
    },
    color: {
      PENDING: yellow,
      COMPLETED: green,
      COMPLETED_WITH_FAILED_SUBTASKS: green,
      SKIPPED_WITH_COLLAPSE: yellow,
      FAILED: red,
      FAILED_WITH_SUBTASKS: red,
      CANCELLED: yellow,
      WAITING: same,
    },
  }
}

/**
 * While listr2 draws, it keeps what others write and shows it afterwards. This gives the streams back and shows the
 * cursor should listr2 not come to that: an error in the drawing, or process.exit() in the middle (its own exit handler
 * then writes the sequence into the stream that it still holds).
 */
function rescue(streams: readonly TextStream[]): () => void {
  const held = streams.map((stream) => {
    // oxlint-disable-next-line typescript/unbound-method -- kept to be put back, never called without its stream
    const { write } = stream
    return () => {
      if (stream.write === write) return
      stream.write = write
      if (stream === streams[0]) stream.write(SHOW_CURSOR)
    }
  })
  return () => held.forEach((giveBack) => giveBack())
}

export interface LiveOptions {
  /** The terminal that is drawn on. */
  readonly stderr: Output
  /** Held too while drawing, if it is a terminal: it is most likely the same one. */
  readonly stdout: TextStream
  readonly paint: Paint
}

/**
 * The progress part of the live view; drawing starts with the first step. Answers and failures must wait for `close`.
 */
export class LiveProgress {
  readonly #options: LiveOptions
  readonly #rows = new Map<string, Row>()
  readonly #runs: Promise<unknown>[] = []
  readonly #closing = Promise.withResolvers<void>()
  #spinner: Spinner | undefined
  /** The list that is drawn, once there is something to draw. */
  #root: List | undefined
  #drawing: Promise<unknown> | undefined
  #giveBack = (): void => undefined
  #closed: Promise<void> | undefined

  constructor(options: LiveOptions) {
    this.#options = options
  }

  readonly emit = (event: LabEvent): void => {
    switch (event.type) {
      case 'step-start':
        return this.#start(event.step, event.title, event.parent)
      case 'step-progress': {
        const row = this.#rows.get(event.step)
        if (row !== undefined) row.progress = event
        return
      }
      case 'step-end': {
        const row = this.#rows.get(event.step)
        return row && this.#end(event.step, row, STATE[event.outcome], endedText(row.title, event))
      }
      case 'trace':
        return event.lines.forEach((line) => this.#notice('info', line))
      // Shown with --verbose, where there is no drawing.
      case 'program-start':
      case 'program-end':
      // Claims are in the summary of the runs.
      case 'claim':
        return
      case 'notice':
        return this.#notice(event.level, noticeText(event))
      default:
        event satisfies never
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  #start(id: string, title: string, parent: string | undefined): void {
    if (this.#closed !== undefined) return
    // The same step again, whose end was never said: nothing will end it now.
    this.#stop(id)
    const ended = Promise.withResolvers<keyof typeof ListrTaskState>()
    const task = this.#hang(runningText(title, undefined, 0), parent, async () => {
      task.state = listr2().ListrTaskState[await ended.promise]
    })
    this.#rows.set(id, { title, startedAt: performance.now(), task, end: ended.resolve })
  }

  #end(id: string, row: Row, state: keyof typeof ListrTaskState, text: string): void {
    row.task.title = text
    row.end(state)
    this.#rows.delete(id)
  }

  #stop(id: string): void {
    const row = this.#rows.get(id)
    if (row !== undefined) this.#end(id, row, STOPPED, stoppedText(row.title, this.#seconds(row)))
  }

  #seconds(row: Row): number {
    return (performance.now() - row.startedAt) / 1000
  }

  #notice(level: 'info' | 'warning', text: string): void {
    const mark = level === 'warning' ? this.#options.paint('yellow', '⚠') : this.#options.paint('blue', 'ℹ')
    const line = `${mark} ${text}`
    if (this.#root === undefined || this.#closed !== undefined) {
      const lines = wrap(line, this.#options.stderr.stream.columns ?? Number.POSITIVE_INFINITY, 2)
      return this.#options.stderr.write(`${lines.join('\n')}\n`)
    }
    const task = this.#hang(line, undefined, () => {
      task.state = listr2().ListrTaskState[NOTICE]
      return Promise.resolve()
    })
  }

  /** Makes and runs a task, and puts it into the drawn tree: below its parent while that runs, else at the top. */
  #hang(title: string, parent: string | undefined, run: () => Promise<void>): Task {
    const list: List = new (listr2().Listr)<undefined, typeof DefaultRenderer>(
      { title: 'step', task: run },
      { renderer: stderrRenderer(), silentRendererCondition: true, exitOnError: false, registerSignalListeners: false },
    )
    const [task] = list.tasks
    if (task === undefined) throw new Error('listr2 made no task of the one it was given')
    // Not given above, where listr2 would take `%` in it for a format.
    task.title = title
    this.#runs.push(list.run())
    const above = parent === undefined ? undefined : this.#rows.get(parent)
    const beside = above === undefined ? this.#draw().tasks : (above.task.subtasks ??= [])
    beside.push(task)
    return task
  }

  #draw(): List {
    if (this.#root !== undefined) return this.#root
    const { stream } = this.#options.stderr
    const { stdout, paint } = this.#options
    this.#giveBack = rescue([stream, stdout])
    process.once('exit', this.#giveBack)
    // listr2 wants tty.WriteStream and uses write, columns, rows and isTTY of it. It draws on what it calls stdout, and
    // holds both.
    const terminal = stream as NodeJS.WriteStream
    const other = stdout.isTTY === true ? (stdout as NodeJS.WriteStream) : terminal
    const { Listr, ListrLogger, ProcessOutput } = listr2()
    const spinner = (this.#spinner = titleSpinner(() => this.#refresh()))
    const root: List = new Listr<undefined, typeof DefaultRenderer>(
      { task: () => this.#closing.promise },
      {
        concurrent: true,
        exitOnError: false,
        registerSignalListeners: false,
        renderer: stderrRenderer(),
        rendererOptions: {
          ...style(spinner, paint),
          spinner,
          logger: new ListrLogger({ processOutput: new ProcessOutput(terminal, other) }),
          showErrorMessage: false,
        },
      },
    )
    this.#root = root
    this.#drawing = root.run()
    // An error in the drawing is reported by `close`, which awaits it; until then it is no unhandled rejection.
    this.#drawing.catch(() => undefined)
    return root
  }

  #refresh(): void {
    for (const row of this.#rows.values()) row.task.title = runningText(row.title, row.progress, this.#seconds(row))
  }

  async #close(): Promise<void> {
    for (const id of this.#rows.keys()) this.#stop(id)
    try {
      // Each task has taken its last state before the last drawing.
      await Promise.all(this.#runs)
      this.#closing.resolve()
      await this.#drawing
    } finally {
      this.#spinner?.stop()
      this.#giveBack()
      process.off('exit', this.#giveBack)
    }
  }
}
