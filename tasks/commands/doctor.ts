/** `lab doctor`: what the host has, what it lacks, and the way out of each. */
import { dirname } from 'node:path'
import { EXIT, Failure } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { plural } from '../engine/text.ts'
import { writeBundle } from '../upkeep/bundle.ts'
import { findLab } from '../config/find.ts'
import type { ResolvedLab } from '../config/resolved.ts'
import { doctorStep } from '../upkeep/doctor.ts'
import { findingsText, type Finding } from '../upkeep/doctor/finding.ts'
import { KERNEL_BUILD } from '../host/packages.ts'
import { hostStep } from '../build/host-tools.ts'
import { toolsFor } from '../build/artefacts.ts'
import { openApp, type Session } from './shared/app.ts'
import { defineCommand, type Outcome } from './command.ts'
import { outputFile } from './output-file.ts'
import { logsOfCache, logsOfLab } from './shared/logged.ts'

/** The failure that an action of the user's making ends in; anything else that it throws passes through. */
function attempt<T>(action: () => T): T | Failure {
  try {
    return action()
  } catch (error) {
    if (error instanceof Failure && error.kind === 'user') return error
    throw error
  }
}

/** The host can be looked at without a lab, and with one that has mistakes. */
function labOf(session: Session): { lab?: ResolvedLab; finding: Finding } {
  const { file } = session.options
  const name = 'lab file'
  if (file === undefined && attempt(() => findLab(process.cwd())) instanceof Failure)
    return { finding: { name, status: 'ok', fact: 'no lab.yaml here or above: only the host was checked' } }
  const app = attempt(() => openApp(session))
  if (!(app instanceof Failure)) return { lab: app.lab, finding: { name, status: 'ok', fact: app.lab.file } }
  const { fact, wayOut = '`lab check` shows what and where' } = app.parts
  return { finding: { name, status: 'problem', fact, wayOut } }
}

/**
 * Installs what is missing. If that fails, the reason is said and the findings follow: they tell what is still missing.
 */
async function install({ context }: Session, lab: ResolvedLab | undefined): Promise<void> {
  const also = lab ? toolsFor(lab, Object.keys(lab.kernels), []) : KERNEL_BUILD
  try {
    await hostStep({ ...context, yes: true }, also)
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'lab') throw error
    const { fact, lines = [], log, wayOut } = error.parts
    const text = [fact, ...lines.slice(-3), ...(log === undefined ? [] : [`log: ${log}`])].join('; ')
    context.emit({
      type: 'notice',
      level: 'warning',
      place: '--fix',
      text,
      ...(wayOut === undefined ? {} : { wayOut }),
    })
  }
}

/** The file for a bug report. Its exit code says whether it was written, whatever was found. */
async function bundle(output: string, findings: readonly Finding[], session: Session): Promise<Outcome> {
  const { file, onStderr } = await outputFile(output, session)
  const ofLab = logsOfLab(session.options.file)
  const { context } = session
  const files = await writeBundle(
    file,
    {
      findings,
      logs: { ...(ofLab === undefined ? {} : { logs: ofLab }), 'cache-logs': logsOfCache(process.env) },
      labFile: ofLab === undefined ? undefined : findLab(process.cwd(), session.options.file),
      places: { ...(ofLab === undefined ? {} : { lab: dirname(dirname(ofLab)) }), cache: context.cache },
    },
    context,
  )
  return {
    text: [
      `${printable(file, 300)}: ${plural(files.length, 'file')}; secrets, home directories and names were taken out`,
      'review it before you send it: a secret of an unknown form is not recognised',
    ].join('\n'),
    data: { file, files, findings },
    onStderr,
  }
}

export const command = defineCommand({
  usage: 'doctor',
  about: 'check the host: tools, whether KVM really works, disk space, mirrors; each problem with its fix',
  options: [
    ['--fix', 'install what is missing, and ask unreachable sources again'],
    [
      '--bundle <file>',
      'for a bug report: logs of the last commands, findings, versions and lab.yaml in one tar.gz, without secrets',
    ],
  ],
  examples: [
    ['lab doctor --fix', 'install what is missing'],
    ['lab doctor --bundle report.tar.gz', 'what a bug report needs'],
  ],
  work: async (session, _args, options) => {
    const { context } = session
    const { lab, finding } = labOf(session)
    if (options.fix === true) await install(session, lab)
    const findings = [...(await doctorStep(lab, context)), finding]
    if (options.bundle !== undefined) return await bundle(options.bundle, findings, session)
    const bad = findings.some(({ status }) => status === 'problem')
    return { text: findingsText(findings), data: { findings }, status: bad ? EXIT.lab : EXIT.done }
  },
})
