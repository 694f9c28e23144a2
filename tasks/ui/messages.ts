/** The words for events, the same in every view for people. Everything that comes from outside passes `printable`. */
import type { LabEvent, StepOutcome } from '../engine/event.ts'
import { printable } from '../engine/printable.ts'
import { bytes, bytesDone, duration, plural } from '../engine/text.ts'

export type StepProgress = Extract<LabEvent, { type: 'step-progress' }>
export type StepEnd = Extract<LabEvent, { type: 'step-end' }>
export type ProgramEvent = Extract<LabEvent, { type: 'program-start' | 'program-end' }>
export type Notice = Extract<LabEvent, { type: 'notice' }>

/** Longest piece of outside text in a title; a title is redrawn several times a second. */
const TITLE_LENGTH = 200

const brief = (text: string): string => printable(text, TITLE_LENGTH)

/** `412/1130 objects`; an estimate that was too low is left out rather than shown as 1140/1130. */
function amount({ done, total, unit }: StepProgress): string | undefined {
  if (done === undefined) return undefined
  const known = total !== undefined && total > 0 && done <= total ? total : undefined
  if (unit === 'bytes') return known === undefined ? bytes(done) : bytesDone(done, known)
  const word = unit === undefined ? '' : ` ${unit}`
  if (known !== undefined) return `${done}/${known}${word}`
  return unit === undefined ? String(done) : plural(done, unit.slice(0, -1))
}

/** Between the titles of a step and of the steps above it, where a view has only lines. */
export const ABOVE = ' / '

/** `compile 412/1130 objects`; the phase is left out where it only repeats the title. */
const progressText = (title: string, progress: StepProgress): string =>
  [progress.phase === title.split(ABOVE).at(-1) ? '' : brief(progress.phase), amount(progress) ?? '']
    .filter((part) => part !== '')
    .join(' ')

/** Metrics that a line has room for. */
const METRICS = 2

/** `read 412 ns (5 runs)`: the median so far. */
const soFarText = ({ soFar = [] }: StepProgress): string[] =>
  soFar.slice(0, METRICS).map(({ shown, runs }) => `${brief(shown)} (${plural(runs, 'run')})`)

const leftText = ({ secondsLeft }: StepProgress): string[] =>
  secondsLeft === undefined || secondsLeft < 1 ? [] : [`about ${duration(Math.round(secondsLeft))} left`]

/** `kernel v5.10 — compile 412/1130 objects, 1m12s`. Whole seconds, so that the text changes once a second. */
export function runningText(title: string, progress: StepProgress | undefined, seconds: number): string {
  const facts = [
    progress === undefined ? '' : progressText(title, progress),
    seconds < 1 ? '' : duration(Math.floor(seconds)),
    ...(progress === undefined ? [] : [...leftText(progress), ...soFarText(progress)]),
  ]
  const shown = facts.filter((fact) => fact !== '').join(', ')
  return shown === '' ? brief(title) : `${brief(title)} — ${shown}`
}

/**
 * How an outcome is said, with or without its time. Fresh and restored results took no time that anybody waited for.
 */
const OUTCOME: Readonly<Record<StepOutcome, (time: string) => string>> = {
  fresh: () => 'fresh',
  restored: () => 'restored',
  built: (time) => `built in ${time}`,
  done: (time) => `done in ${time}`,
  skipped: () => 'skipped',
  failed: (time) => `failed after ${time}`,
}

/** `kernel v5.10 — built in 3m20s (kernel/config/tracing.config changed)`. */
export function endedText(title: string, { outcome, detail, seconds }: StepEnd): string {
  const why = detail ?? (outcome === 'restored' ? 'same inputs' : undefined)
  const end = OUTCOME[outcome](duration(seconds))
  return `${brief(title)} — ${end}${why === undefined || why === '' ? '' : ` (${brief(why)})`}`
}

/** A step that was under way when the view was closed. */
export const stoppedText = (title: string, seconds: number): string =>
  `${brief(title)} — stopped after ${duration(Math.floor(seconds))}`

/** Longest command line that is shown; the log of the command has all of it. */
const COMMAND_LINE = 400

/** `$ make -j2`, `guest $ uname -r`; `make ended with status 2 after 3.2 s`. Only with `--verbose`. */
export function programText(event: ProgramEvent): string {
  const where = event.where === 'guest' ? 'guest ' : ''
  if (event.type === 'program-start') return `${where}$ ${printable(event.argv.join(' '), COMMAND_LINE)}`
  const how = typeof event.status === 'number' ? `status ${event.status}` : printable(event.status, TITLE_LENGTH)
  return `${where}${brief(event.name)} ended: ${how}, ${duration(event.seconds)}`
}

/** `vm default: no /dev/kvm, using TCG (10 times slower) - modprobe kvm_intel`: place, text, way out, one line. */
export function noticeText({ place, text, wayOut }: Notice): string {
  const fact = place === undefined ? printable(text) : `${printable(place)}: ${printable(text)}`
  return wayOut === undefined ? fact : `${fact} - ${printable(wayOut)}`
}
