/** `lab check`: the whole lab file, before anything else; with --probes their C too. */
import { refreshSchema, SCHEMA_FILE } from '../config/editor.ts'
import { named } from '../config/open.ts'
import { EXIT, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import type { ProbeLint } from '../build/probe/lint.ts'
import { plural } from '../engine/text.ts'
import { openApp } from './shared/app.ts'
import { defineCommand } from './command.ts'
import { path } from './shared/values.ts'

const findingText = ({ place, level, message, wayOut, kernels, expected }: ProbeLint): string =>
  [
    `${place}: ${level}: ${printable(message, 300)} (${kernels.join(', ')})${expected ? '; an experiment expects it' : ''}`,
    `  ${printable(wayOut, 300)}`,
  ].join('\n')

export const command = defineCommand({
  usage: 'check',
  about: 'validate the whole lab file; nothing is built',
  options: [
    ['--probes', 'also the probes: their C, and whether each hook can be attached, on every kernel; before any boot'],
    ['--kernel <name>', '--probes for this kernel'],
    ['--source <dir>', 'with --kernel: this tree instead of the declared source', path],
  ],
  examples: [
    ['lab check', 'all problems of lab.yaml at once'],
    ['lab check --probes', "also the probes' C and hooks, for each kernel"],
    ['lab check --json', 'for editors and CI'],
  ],
  work: async (session, _, options) => {
    const { lab, context } = openApp(session)
    const stale = refreshSchema(lab.file)
    if (stale !== undefined)
      context.emit({
        type: 'notice',
        level: 'warning',
        place: SCHEMA_FILE,
        text: `editors get no schema of this version: ${printable(stale, 200)}`,
        wayOut: 'make `.lab` beside the lab file writable',
      })
    const { source } = options
    const count = {
      kernels: Object.keys(lab.kernels),
      images: Object.keys(lab.images),
      vms: Object.keys(lab.vms),
      probes: Object.keys(lab.probes),
      experiments: Object.keys(lab.experiments),
    }
    const text = Object.entries(count).map(([kind, names]) => `${kind.padEnd(12)} ${names.join(', ')}`)
    const only = options.kernel === undefined ? undefined : named(lab.kernels, 'kernel', options.kernel).name
    const head = [`${lab.file} is right`, ...text]
    const data = { file: lab.file, lab: lab.name, ...count }
    if (source !== undefined && only === undefined)
      throw userError({ place: '--source', fact: 'it is the source of one kernel', wayOut: 'say which: --kernel NAME' })
    if (options.probes !== true && only === undefined) return { text: head.join('\n'), data }
    const [{ lintLab }, { checkHooks, wrongHooks, wrongProbes }, { failuresText, hooksText }] = await Promise.all([
      import('../build/probe/lint.ts'),
      import('../build/preflight/check.ts'),
      import('../build/preflight/text.ts'),
    ])
    const findings = await lintLab(lab, context.toolRoot, only)
    const check = await checkHooks(lab, context, { only, source })
    const errors = findings.filter(({ level, expected }) => level === 'error' && !expected)
    const uncompiled = new Set(check.failed.map(({ probe }) => probe)).size
    const wrong = [...errors, ...wrongHooks(check), ...wrongProbes(check)]
    const refused = check.hooks.filter(({ attachable }) => attachable === false)
    const sum = [
      `probes: ${plural(findings.length, 'finding')} in the C`,
      ...(uncompiled > 0 ? [`${plural(uncompiled, 'probe')} that will not load`] : []),
      ...(check.hooks.length === 0
        ? []
        : [`${plural(refused.length, 'hook')} of ${check.hooks.length} cannot be attached`]),
      `${wrong.length} to correct`,
    ]
    return {
      text: [
        ...head,
        '',
        ...(check.hooks.length === 0 ? [] : [hooksText(check, session.view.width), '']),
        ...failuresText(check),
        ...findings.map(findingText),
        sum.join(', '),
      ].join('\n'),
      data: { ...data, findings, ...check },
      status: wrong.length > 0 ? EXIT.user : EXIT.done,
    }
  },
})
