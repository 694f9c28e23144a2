/**
 * What went wrong in a run, as facts that an experiment may have declared: from the holder's lines and the workload's
 * end.
 */
import type { Failed } from '../../trace/expect/expect-failure.ts'
import { explainRejection } from '../../linux/verifier/index.ts'
import { of, type HolderLine } from '../guest/holder.ts'

const linesOf = (...texts: readonly (string | undefined)[]): string[] =>
  texts.flatMap((text) => (text ?? '').split('\n')).filter((line) => line.trim() !== '')

function loadFailed({ program, section, log, libbpf, text }: Extract<HolderLine, { event: 'load-failed' }>): Failed {
  const rejection = log === undefined ? undefined : explainRejection(log)
  const said = linesOf(log, libbpf, text)
  if (rejection)
    return {
      stage: 'verifier',
      program,
      fact: `the verifier rejects ${program ?? '?'} (${section ?? ''}): ${rejection.message}`,
      said,
    }
  return { stage: 'load', program, fact: `the object does not load: ${text}`, said }
}

/** Each refused program with what the kernel logged about it. */
function attachFailed(lines: readonly HolderLine[]): Failed[] {
  const failed: (Failed & { said: string[] })[] = []
  for (const line of lines) {
    if (line.event === 'attach-failed')
      failed.push({
        stage: 'attach',
        program: line.program,
        fact: `${line.program} (${line.section}) cannot be attached: ${line.text}`,
        said: [line.text],
      })
    else if (line.event === 'kernel-said') failed.at(-1)?.said.push(line.text)
    else if (line.event === 'started') break
  }
  return failed
}

/** The end of a workload that is no success. */
function workloadFailed(lines: readonly HolderLine[], stderr: string): Failed[] {
  return of(lines, 'exited').flatMap(({ status, signal }): Failed[] => {
    if (status === 0) return []
    const how = signal === undefined ? `status ${status ?? '?'}` : `signal ${signal}`
    return [
      { stage: 'workload', fact: `the workload ended with ${how}`, said: [...linesOf(stderr), how], status, signal },
    ]
  })
}

/** @param stderr of the workload */
export function failuresOf(lines: readonly HolderLine[], stderr: string): Failed[] {
  const slot = of(lines, 'error').filter(({ doing }) => doing === 'fill map slot')
  const deadline = of(lines, 'done').some(({ outcome }) => outcome === 'deadline')
  return [
    ...of(lines, 'load-failed').map(loadFailed),
    ...slot.map(({ value, text }): Failed => ({
      stage: 'slot',
      fact: `the map slot ${value} cannot be filled: ${text}`,
      said: [text],
    })),
    ...attachFailed(lines),
    ...(deadline
      ? [{ stage: 'deadline', fact: 'the workload did not end in time', said: linesOf(stderr) } as const]
      : []),
    ...workloadFailed(lines, stderr),
  ]
}
