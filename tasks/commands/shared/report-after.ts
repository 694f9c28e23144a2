/** A report at the end of `lab run`: about what was run. It must not change how the runs ended. */
import { basename, dirname } from 'node:path'
import { declaredIn } from '../../config/open.ts'
import { EXIT, Failure, messageOf } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { App } from './app.ts'

/**
 * @param words experiments; none: the whole lab
 * @returns a line that says where it is; none where it could not be made, which is said as a warning
 */
export async function reportAfter({ lab, context, places }: App, words: readonly string[]): Promise<string[]> {
  try {
    const { reportStep } = await import('../../results/report/report.ts')
    const { file } = await reportStep(
      {
        words,
        since: undefined,
        results: places.results,
        declared: declaredIn(lab),
        output: undefined,
        labName: lab.name === '' ? basename(dirname(lab.file)) : lab.name,
      },
      context,
    )
    return [`report: ${printable(file, 300)}`]
  } catch (error) {
    if (error instanceof Failure && error.exitCode === EXIT.interrupted) throw error
    const text = error instanceof Failure ? error.parts.fact : messageOf(error)
    context.emit({ type: 'notice', level: 'warning', place: 'report', text: printable(text, 300) })
    return []
  }
}
