/** Checked hooks for people: a table of hooks and kernels, then what is wrong with each and what to do. */
import { printable } from '../../engine/printable.ts'
import type { VerdictKind } from '../../linux/symbols/verdict.ts'
import { hookOf } from '../../linux/symbols/hook.ts'
import { fitTable } from '../../engine/fit-table.ts'
import type { CheckedHook, HookCheck, CheckedProbe } from './check.ts'

/** In a cell of the table. */
const SHORT: Readonly<Record<VerdictKind, string>> = {
  attachable: 'ok',
  covered: 'ok*',
  notrace: 'notrace',
  blacklisted: 'blacklist',
  init: 'init',
  rewritten: 'rewritten',
  offset: 'offset',
  'not modifiable': 'fixed',
  ambiguous: 'ambiguous',
  'not code': 'no code',
  suffix: 'suffix',
  module: 'module',
  'system call': 'syscall',
  inlined: 'inlined',
  'not built': 'left out',
  'too old': 'too old',
  macro: 'macro',
  'unknown name': 'no such',
  absent: 'absent',
  'no event': 'no event',
  'no tracepoint': 'no such',
  'no section': 'no section',
  'no loader': 'no loader',
  'not a symbol': '.',
  'not known': '?',
}

const MOST_PROBES = 3

function probesText(names: readonly string[]): string {
  const all = [...new Set(names)]
  return all.length > MOST_PROBES
    ? `${all.slice(0, MOST_PROBES).join(', ')} and ${all.length - MOST_PROBES} more`
    : all.join(', ')
}

/** A row for each hook, a column for each kernel. */
export function hookTable({ kernels, hooks }: HookCheck, width?: number): string {
  const sections = [...new Set(hooks.map(({ hook }) => hook))]
  const rows = sections.map((section) => {
    const own = hooks.filter(({ hook }) => hook === section)
    const cells = kernels.map(({ kernel }) => {
      const kind = own.find((row) => row.kernel === kernel)?.kind
      return kind === undefined ? '-' : SHORT[kind]
    })
    return [printable(section, 60), ...cells, probesText(own.map(({ probe }) => probe))]
  })
  const columns = [
    { head: 'HOOK', least: 24 },
    ...kernels.map(({ kernel }) => ({ head: kernel })),
    { head: 'PROBES', least: 16, spare: 1 },
  ]
  return fitTable(columns, rows, width)
}

const indent = (lines: readonly string[], by: string): string[] => lines.map((line) => `${by}${printable(line, 400)}`)

/** The ways out, one after the other. */
export const waysText = (ways: CheckedHook['ways'], by: string): string[] =>
  ways.flatMap((way, index) => [...(index > 0 ? [`${by}or`] : []), ...indent(way, `${by}  `)])

/** What is wrong with one hook: kernels of which the same is true stand together. */
function problemText(section: string, all: readonly CheckedHook[]): string {
  const [first] = all
  const expected = all.every((hook) => hook.expected) ? '; an experiment expects it' : ''
  const facts = [...new Set(all.map(({ fact, details }) => [fact, ...details].join('\n')))]
  return [
    `${printable(section, 80)} (${probesText(all.map(({ probe }) => probe))}; ${printable(first?.place ?? '', 120)})${expected}`,
    ...facts.flatMap((text) => {
      const same = all.filter(({ fact, details }) => [fact, ...details].join('\n') === text)
      const [fact = '', ...details] = text.split('\n')
      return [
        `  ${[...new Set(same.map(({ kernel }) => kernel))].join(', ')}: ${printable(fact, 300)}`,
        ...indent(details, '    '),
        ...waysText(same[0]?.ways ?? [], '    '),
      ]
    }),
  ].join('\n')
}

/** What a "." in the table means. A workload may not even be compiled yet, so that nobody knows its functions. */
function legendOf(hooks: readonly CheckedHook[]): string[] {
  const others = hooks.filter(({ kind }) => kind === 'not a symbol')
  if (others.length === 0) return []
  const isInProgram = others.some(({ hook }) => ['user', 'usdt'].includes(hookOf(hook).kind))
  const more = isInProgram ? '; what it names in the workload is looked for when the workload is built' : ''
  return [`. uses no symbol of the kernel${more}`]
}

/** Table, kernels of which less is known, and each hook that is not attachable. */
export function hooksText(check: HookCheck, width?: number): string {
  const { kernels, hooks } = check
  const bad = hooks.filter(({ attachable }) => attachable === false)
  const covered = hooks.some(({ kind }) => kind === 'covered')
  return [
    hookTable(check, width),
    ...legendOf(hooks),
    ...(covered ? ['* notrace, but this kernel allows probing it anyway'] : []),
    ...kernels.flatMap(({ kernel, note }) => (note === undefined ? [] : [`${kernel}: ${printable(note, 300)}`])),
    ...[...new Set(bad.map(({ hook }) => hook))].map((section) =>
      problemText(
        section,
        bad.filter(({ hook }) => hook === section),
      ),
    ),
  ].join('\n')
}

/** What the compiler said of a probe; kernels for which it said the same stand together. */
function failureText(same: readonly CheckedProbe[]): string[] {
  const [first] = same
  if (!first) return []
  const kernels = [...new Set(same.map(({ kernel }) => kernel))].join(', ')
  const expected = same.every((probe) => probe.expected) ? '; an experiment expects it' : ''
  return [
    `${printable(first.place, 200)}: error: ${printable(first.fact, 300)} (${kernels})${expected}`,
    ...indent(first.lines, '    '),
    `  ${printable(first.wayOut, 300)}`,
  ]
}

/** Probes that do not compile, each with its kernels. */
export function failuresText({ failed }: Pick<HookCheck, 'failed'>): string[] {
  const keyOf = ({ place, fact }: CheckedProbe) => `${place}\n${fact}`
  return [...new Set(failed.map(keyOf))].flatMap((key) => failureText(failed.filter((probe) => keyOf(probe) === key)))
}
