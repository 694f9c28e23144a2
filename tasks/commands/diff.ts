/**
 * `lab diff A B`: two runs, groups of runs or kernels side by side. The lab file is not read: results outlive its
 * changes.
 */
import { userError } from '../engine/error.ts'
import { diffStep, type RunsCompared } from '../results/diff/diff.ts'
import { before, side, type Side } from '../results/diff/side.ts'
import { compareKernels, KERNEL, kernelSide, type KernelsCompared } from '../results/diff/kernels.ts'
import { diffText, kernelsText } from '../results/diff/text.ts'
import { listRuns } from '../results/result.ts'
import { openApp } from './shared/app.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'
import type { Session } from './shared/session.ts'

/** For programs: the runs by name, everything else as it was compared. */
const asData = ({ sides, ...found }: RunsCompared) => ({
  sides: sides.map(({ label, single, runs }) => ({ label, single, runs: runs.map(({ run }) => run) })),
  ...found,
})

/** `kernel:A kernel:B`. */
async function kernels(
  session: Session,
  first: string,
  second: string | undefined,
  full: boolean,
): Promise<KernelsCompared & { text: string }> {
  const names = [KERNEL.exec(first)?.[1], KERNEL.exec(second ?? '')?.[1]]
  const [a, b] = names
  if (!a || !b)
    throw userError({
      fact: 'a kernel is compared with another one',
      wayOut: 'lab diff kernel:v5.4 kernel:v5.10; a name of the lab, a fingerprint, or the directory of a build',
    })
  const lab = () => openApp(session).lab
  const found = compareKernels([await kernelSide(a, lab, session.context), await kernelSide(b, lab, session.context)])
  return { ...found, text: kernelsText(found, { width: full ? undefined : session.view.width, full }) }
}

export const command = defineCommand({
  usage: 'diff <a> [b]',
  about:
    'compare two runs, or two groups of runs (EXPERIMENT/axis=value); a single run is compared with the one before it',
  options: [
    ['--full', 'show every differing line'],
    ['--exit-code', 'exit with 1 if anything but times and addresses differs'],
  ],
  work: async (session, [first, second], options) => {
    const full = options.full === true
    const differ = (same: boolean) => (options.exitCode === true && !same ? { status: 1 } : {})
    if ([first, second].some((word) => word !== undefined && KERNEL.test(word))) {
      const { text, ...found } = await kernels(session, first, second, full)
      return { text, data: found, ...differ(found.same) }
    }
    const { results } = labPlaces(session)
    const all = await listRuns(results)
    const named = side(all, first)
    const sides: readonly [Side, Side] = second !== undefined ? [named, side(all, second)] : [before(all, named), named]
    const [a, b] = sides
    if (a.single && b.single && a.runs[0]?.dir === b.runs[0]?.dir)
      throw userError({ fact: `A and B are the same run: ${a.label}`, wayOut: 'lab diff last~1 last' })
    const found = await diffStep(sides, results, session.context)
    return {
      text: diffText(found, { width: full ? undefined : session.view.width, full }),
      data: asData(found),
      ...differ(found.same),
    }
  },
})
