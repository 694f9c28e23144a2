/** `lab doctor`: what the host has, what it lacks, and the way out of each. */
import { dirname } from 'node:path'
import { EXIT, Failure } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { plural } from '../engine/text.ts'
import { writeBundle } from '../upkeep/bundle.ts'
import { findLab } from '../config/find.ts'
import type { ResolvedLab } from '../config/resolved.ts'
import { clusterDoctor } from '../upkeep/cluster/cluster-doctor.ts'
import { answerAsNode } from '../upkeep/cluster/on-node.ts'
import { doctorStep } from '../upkeep/doctor.ts'
import { findingsText, type Finding } from '../upkeep/doctor/finding.ts'
import { KERNEL_BUILD } from '../host/packages.ts'
import { hostStep } from '../build/host-tools.ts'
import { toolsFor } from '../build/artefacts.ts'
import { openApp, type Session } from './shared/app.ts'
import { defineCommand, type Outcome } from './command.ts'
import { outputFile } from './output-file.ts'
import { onlyWith, without } from './shared/exclusive.ts'
import { logsOfCache, logsOfLab } from './shared/logged.ts'
import { onCluster, ownProgram, profileFor } from './shared/on-cluster.ts'
import { wholeNumber } from './shared/values.ts'

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

/** Seconds that the job of `--on` may wait in the queue. */
const PATIENCE = 300

/** A cluster, as the profile means it. */
async function ofCluster(on: string, patience: number, session: Session): Promise<readonly Finding[]> {
  const { lab, context } = openApp(session)
  const profile = await profileFor(on, lab)
  return await clusterDoctor({ lab, profile, program: ownProgram(), patience }, context)
}

function answerOf(findings: readonly Finding[]): Outcome {
  const bad = findings.some(({ status }) => status === 'problem')
  return { text: findingsText(findings), data: { findings }, status: bad ? EXIT.lab : EXIT.done }
}

export const command = defineCommand({
  usage: 'doctor',
  about: 'check the host: tools, whether KVM really works, disk space, mirrors; each problem with its fix',
  options: [
    [
      '--on <where>',
      'slurm or slurm:PROFILE: check a cluster instead, with a short job that looks at one node',
      onCluster,
    ],
    [
      '--patience <seconds>',
      `with --on: how long the job may wait in the queue (default: ${PATIENCE})`,
      wholeNumber('a number of seconds', 1, 7 * 86_400),
    ],
    ['--as-node <dir>', 'look at this node and answer in a directory; the job of --on calls this'],
    ['--fix', 'install what is missing, and ask unreachable sources again'],
    [
      '--bundle <file>',
      'for a bug report: logs of the last commands, findings, versions and lab.yaml in one tar.gz, without secrets',
    ],
  ],
  examples: [
    ['lab doctor --fix', 'install what is missing'],
    ['lab doctor --on slurm:uni', 'whether a cluster can carry out plans'],
    ['lab doctor --bundle report.tar.gz', 'what a bug report needs'],
  ],
  work: async (session, _args, options) => {
    const { context } = session
    without(options, 'on', ['fix', 'bundle', 'asNode'], 'nothing is changed on a cluster')
    onlyWith(options, 'on', ['patience'])
    if (options.on !== undefined) return answerOf(await ofCluster(options.on, options.patience ?? PATIENCE, session))
    if (options.asNode !== undefined) {
      const answer = await answerAsNode(options.asNode, openApp(session).lab, context)
      return { text: `answered as node ${printable(answer.node, 60)}`, data: answer }
    }
    const { lab, finding } = labOf(session)
    if (options.fix === true) await install(session, lab)
    const findings = [...(await doctorStep(lab, context)), finding]
    if (options.bundle !== undefined) return await bundle(options.bundle, findings, session)
    return answerOf(findings)
  },
})
