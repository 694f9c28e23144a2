/**
 * No terminal (a pipe, a log, CI): one line per start and end of a step, and now and then where it is. Times count from
 * the start.
 */
import type { LabEvent } from '../engine/event.ts'
import type { StepEnd, StepProgress } from './messages.ts'
import { ABOVE, endedText, noticeText, programText, runningText, stoppedText } from './messages.ts'
import { isSection, sectionEnd, sectionStart } from './gitlab.ts'
import type { Output } from './output.ts'
import { duration } from '../engine/text.ts'

/**
 * Time between two progress lines of one step within one phase, in milliseconds: a log stays readable, and CI sees
 * life.
 */
const PROGRESS_EVERY = 10_000

/** Wide enough for `59m59s` and `1h02m`. */
const STAMP_WIDTH = 6

interface Step {
  /** With the titles of the steps above it, since lines of parallel steps are mixed. */
  readonly title: string
  readonly startedAt: number
  phase?: string
  printedAt: number
}

export interface PlainOptions {
  readonly stderr: Output
  /** Also each outside program. */
  readonly verbose?: boolean
  /** The lines are in the log of a GitLab job. */
  readonly gitlab?: boolean
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
}

/** The progress part of the plain view; answers and failures are the same in both views for people (`view.ts`). */
export function openPlainProgress(options: PlainOptions) {
  const { stderr, verbose = false, gitlab = false, now = () => performance.now() } = options
  const openedAt = now()
  const running = new Map<string, Step>()
  const say = (text: string): void => {
    const stamp = duration(Math.floor((now() - openedAt) / 1000)).padStart(STAMP_WIDTH)
    stderr.text(`[${stamp}] ${text}`)
  }
  const seconds = (step: Step): number => (now() - step.startedAt) / 1000

  const start = (id: string, title: string, parent: string | undefined): void => {
    const above = parent === undefined ? undefined : running.get(parent)
    const step = {
      title: above === undefined ? title : above.title + ABOVE + title,
      startedAt: now(),
      printedAt: now(),
    }
    running.set(id, step)
    if (gitlab && isSection(id)) stderr.write(sectionStart(id, runningText(step.title, undefined, 0), Date.now()))
    say(runningText(step.title, undefined, 0))
  }

  const progress = (event: StepProgress): void => {
    const step = running.get(event.step)
    if (step === undefined) return
    if (step.phase === event.phase && now() - step.printedAt < PROGRESS_EVERY) return
    step.phase = event.phase
    step.printedAt = now()
    say(runningText(step.title, event, seconds(step)))
  }

  const end = (event: StepEnd): void => {
    const known = running.get(event.step)
    if (known !== undefined && gitlab && isSection(event.step)) stderr.write(sectionEnd(event.step, Date.now()))
    say(endedText(known?.title ?? event.step, event))
    running.delete(event.step)
  }

  return {
    emit: (event: LabEvent): void => {
      switch (event.type) {
        case 'step-start':
          return start(event.step, event.title, event.parent)
        case 'step-progress':
          return progress(event)
        case 'step-end':
          return end(event)
        case 'trace':
          return stderr.text(event.lines.join('\n'))
        case 'program-start':
        case 'program-end':
          return verbose ? say(programText(event)) : undefined
        // The summary of the runs has it.
        case 'claim':
          return
        case 'notice':
          return say(`${event.level === 'warning' ? 'warning: ' : ''}${noticeText(event)}`)
        default:
          event satisfies never
      }
    },
    /** Steps that are still running were stopped; the innermost is said first. */
    close: (): Promise<void> => {
      for (const [id, step] of [...running].reverse()) {
        if (gitlab && isSection(id)) stderr.write(sectionEnd(id, Date.now()))
        say(stoppedText(step.title, seconds(step)))
      }
      running.clear()
      return Promise.resolve()
    },
  }
}
