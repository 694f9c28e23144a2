/** `lab check`: the whole lab file, before anything else; with --probes their C too. */
import { named } from '../config/open.ts'
import { EXIT } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { lintLab, type ProbeLint } from '../lint.ts'
import { openApp } from './app.ts'
import type { CommandModule } from './index.ts'

const findingText = ({ place, level, message, wayOut, kernels, expected }: ProbeLint): string =>
  [
    `${place}: ${level}: ${printable(message, 300)} (${kernels.join(', ')})${expected ? '; an experiment expects it' : ''}`,
    `  ${printable(wayOut, 300)}`,
  ].join('\n')

export const work: CommandModule['work'] = async (session, _, options) => {
  const { lab, context } = openApp(session)
  const count = {
    kernels: Object.keys(lab.kernels),
    images: Object.keys(lab.images),
    vms: Object.keys(lab.vms),
    probes: Object.keys(lab.probes),
    experiments: Object.keys(lab.experiments),
  }
  const text = Object.entries(count).map(([kind, names]) => `${kind.padEnd(12)} ${names.join(', ')}`)
  const only = typeof options['kernel'] === 'string' ? named(lab.kernels, 'kernel', options['kernel']).name : undefined
  const findings =
    options['probes'] === true || only !== undefined ? await lintLab(lab, context.toolRoot, only) : undefined
  const wrong = findings?.filter(({ level, expected }) => level === 'error' && !expected) ?? []
  const sum =
    findings && `probes: ${findings.length} finding${findings.length === 1 ? '' : 's'}, ${wrong.length} to correct`
  return {
    text: [
      `${lab.file} is right`,
      ...text,
      ...(findings ?? []).map(findingText),
      ...(sum === undefined ? [] : [sum]),
    ].join('\n'),
    data: { file: lab.file, lab: lab.name, ...count, ...(findings && { findings }) },
    status: wrong.length > 0 ? EXIT.user : EXIT.done,
  }
}
