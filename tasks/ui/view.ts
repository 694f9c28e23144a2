/**
 * How `lab` speaks: the one interface, and the one place that picks a view. Progress goes to stderr, the answer to
 * stdout.
 */
import type { Emit, LabEvent } from '../engine/event.ts'
import type { BugLog, CommandLogName } from './failures.ts'
import { reporter, reportLines } from './failures.ts'
import { openJsonView } from './json.ts'
import { LiveProgress } from './live.ts'
import { Output, type TextStream } from './output.ts'
import { openPlainProgress } from './plain.ts'
import { painter, wrapText } from '../engine/text.ts'
import type { View } from './types.ts'

export interface ViewOptions {
  readonly json: boolean
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether stderr is a terminal. */
  readonly isTTY: boolean
  /** Lines come that a drawing would move away. */
  readonly follow?: boolean | undefined
  /** Say which programs are run. Lines come that a drawing would move away. */
  readonly verbose?: boolean | undefined
  readonly bugLog: BugLog
  readonly commandLog?: CommandLogName | undefined
  /**
   * The reader of stdout has gone (`lab ... | head`); nothing more will be written there. For a command that can stop
   * early.
   */
  readonly onReaderGone?: (() => void) | undefined
}

export type ViewKind = 'live' | 'plain' | 'json'

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ''

/**
 * Live only where a person sits at a terminal that can move its cursor. CI systems set CI, some with a pseudo-terminal.
 */
export function pickView({
  json,
  isTTY,
  env,
  follow,
  verbose,
}: Pick<ViewOptions, 'json' | 'isTTY' | 'env' | 'follow' | 'verbose'>): ViewKind {
  if (json) return 'json'
  if (follow === true || verbose === true) return 'plain'
  const machine = isSet(env['CI']) && env['CI'] !== 'false'
  return isTTY && !machine && env['TERM'] !== 'dumb' ? 'live' : 'plain'
}

/** Colours: on a terminal, unless NO_COLOR is set to anything (no-color.org) or the terminal is dumb. */
export const usesColours = ({ isTTY, env }: Pick<ViewOptions, 'isTTY' | 'env'>): boolean =>
  isTTY && !isSet(env['NO_COLOR']) && env['TERM'] !== 'dumb'

/** Passes every event but a notice that was said before. */
function oncePerNotice(emit: Emit): Emit {
  const said = new Set<string>()
  return (event: LabEvent) => {
    if (event.type === 'notice') {
      const key = JSON.stringify([event.place, event.text])
      if (said.has(key)) return
      said.add(key)
    }
    emit(event)
  }
}

export function openView(options: ViewOptions): View {
  const stdout = new Output(options.stdout, { name: 'stdout', onReaderGone: options.onReaderGone })
  const kind = pickView(options)
  if (kind === 'json') return openJsonView({ ...options, stdout, verbose: options.verbose === true })

  const stderr = new Output(options.stderr, { name: 'stderr' })
  const paint = painter(usesColours(options))
  const progress =
    kind === 'live'
      ? new LiveProgress({ stderr, stdout: options.stdout, paint })
      : openPlainProgress({
          stderr,
          verbose: options.verbose === true,
          gitlab: options.env['GITLAB_CI'] === 'true',
        })
  const reports = reporter(options.bugLog, options.commandLog)
  const width = options.stdout.isTTY === true ? options.stdout.columns : undefined
  const failureWidth = options.isTTY ? options.stderr.columns : undefined
  const waiting: (() => void)[] = []
  let closed = false
  const say = (speak: () => void): void => {
    if (closed || kind === 'plain') speak()
    else waiting.push(speak)
  }
  return {
    emit: oncePerNotice(progress.emit),
    width,
    answer: ({ text, onStderr, verbatim }) =>
      say(() =>
        (onStderr === true ? stderr : stdout).text(
          verbatim === true ? text : wrapText(text, onStderr === true ? failureWidth : width),
        ),
      ),
    raw: async (bytes, to) => {
      const output = to === 'stdout' ? stdout : stderr
      output.write(bytes)
      await output.flushed()
      return !output.gone
    },
    pipe: (from) => void from.on('data', (chunk: Buffer) => stdout.write(chunk)),
    failure: (thrown) => {
      for (const report of reports(thrown))
        say(() => stderr.write(`${reportLines(report, paint, failureWidth).join('\n')}\n`))
    },
    close: async () => {
      try {
        await progress.close()
      } finally {
        closed = true
        for (const speak of waiting.splice(0)) speak()
      }
      await stdout.flushed()
      // Nothing can be said on stderr when stderr cannot be written; waiting for it is all there is to do.
      await stderr.flushed().catch(() => undefined)
    },
  }
}
