/**
 * A comparison for people: what is the same in a word, what is not with both sides. All that comes from a run came from
 * a guest.
 */
import { scaleOf } from '../../config/units.ts'
import { sizeOf } from '../../trace/stats/rank-test.ts'
import type { CaptureCompared, Order, RunsCompared } from './diff.ts'
import type { Manifest } from '../manifest.ts'
import { MOST_EVENTS } from '../events.ts'
import { fitTable } from '../../engine/fit-table.ts'
import { plural, shortNumber } from '../../engine/text.ts'
import { printable } from '../../engine/printable.ts'
import { safe } from '../runs-table.ts'
import type { Difference } from './facts.ts'
import type { KernelsCompared } from './kernels.ts'
import type { NumberCompared, Unit } from './numbers.ts'
import type { Side } from './side.ts'

/** Lines of one file, and rows of one list; `--full` shows all. */
const MOST_LINES = 40
const MOST_ROWS = 20
const CELL = 60

const indented = (lines: readonly string[], by = 2): string[] => lines.map((line) => `${' '.repeat(by)}${line}`)
const NAME = 12
const headed = (name: string, text: string): string => `${name.padEnd(NAME)}${text}`
const rest = (hidden: number, what: string): string[] =>
  hidden > 0 ? [`... ${hidden} more ${what}: --full, or --json`] : []

export interface TextOptions {
  readonly width: number | undefined
  readonly full: boolean
}

const SIDES = [
  { head: '', least: 16 },
  { head: 'A', least: 16 },
  { head: 'B', least: 16 },
]

/** Facts as rows, and below them the files with their lines. */
export function differencesText(found: readonly Difference[], { width, full }: TextOptions): string[] {
  const facts = found.filter(({ lines }) => lines === undefined)
  const rows = facts.map(({ what, a, b }) => [
    safe(what),
    printable(a, full ? 1000 : CELL),
    printable(b, full ? 1000 : CELL),
  ])
  const shown = full ? rows : rows.slice(0, MOST_ROWS)
  const files = found.flatMap(({ what, lines }) => {
    if (lines === undefined) return []
    const some = full ? lines : lines.slice(0, MOST_LINES)
    return [
      safe(what),
      ...indented([
        ...some.map((line) => safe(line.replaceAll('\t', '    '))),
        ...rest(lines.length - some.length, 'lines'),
      ]),
    ]
  })
  return [
    ...(shown.length === 0 ? [] : fitTable(SIDES, shown, width).split('\n')),
    ...rest(rows.length - shown.length, 'differences'),
    ...files,
  ]
}

/** `v5.10 (5.10.223) tcg`; of an import what is known. */
function kernelText({ kernel: { name, release }, guest }: Manifest): string {
  const words = [name, release === name ? '' : `(${release})`, guest.accel.accel]
  return words.filter((word) => word !== '' && word !== 'unknown').join(' ') || 'made elsewhere'
}

function sideLine(letter: string, { label, runs }: Side): string {
  const values = (of: (run: Side['runs'][number]) => string) => [...new Set(runs.map(of))].join(', ')
  const verdicts = Map.groupBy(runs, ({ manifest }) => `${manifest.verdict}, trace ${manifest.trace.completeness}`)
  const outcome = [...verdicts].map(([text, list]) => (runs.length === 1 ? text : `${list.length} ${text}`)).join('; ')
  const where = values(({ manifest }) => `${kernelText(manifest)}`)
  return `${letter}  ${safe(label)}: ${safe(where)}; ${safe(outcome)}`
}

const short = (id: string): string => id.slice(0, 8)

const NAMES = {
  release: 'kernel releases',
  bootId: 'boots',
  started: 'times',
  command: 'commands',
  raw: 'raw files',
} as const

function captureText({ identical, provenance: [a, b], contradictions }: CaptureCompared): string[] {
  if (identical === null) {
    const boots = [a, b].map(({ bootId }) =>
      bootId === 'unknown' ? 'a boot that nobody noted' : `boot ${short(bootId)}`,
    )
    return [
      headed('captures', `two, ${safe(boots[0] === boots[1] ? `both of ${boots[0]}` : `of ${boots.join(' and ')}`)}`),
    ]
  }
  const how =
    identical === 'raw file'
      ? `the same raw file, sha256 ${short(a.raw)}`
      : 'every event is the same, although the files are not'
  return [
    headed('captures', `IDENTICAL CAPTURES: ${how}`),
    ...contradictions.map((name) =>
      headed(
        '',
        `and yet their manifests name two ${NAMES[name]}: ${safe(a[name])} and ${safe(b[name])}; one of them is wrong`,
      ),
    ),
  ]
}

const ordersText = (orders: readonly Order[]): string =>
  orders.length === 1 ? 'one order' : `${orders.length} orders (${orders.map(({ runs }) => runs).join(', ')} runs)`

/** What each side says from the difference on; where only one message is another, the next ones stand for both. */
function sideBySide(first: readonly string[], second: readonly string[]): string[] {
  const [a, b] = [first.slice(1), second.slice(1)]
  const again = first.length > 0 && a.length === b.length && a.every((line, index) => line === b[index])
  const side = (letter: string, lines: readonly string[]) =>
    (lines.length === 0 ? ['(nothing more)'] : lines).map((line) => `${letter} ${safe(line)}`)
  return again
    ? [...side('A', first.slice(0, 1)), ...side('B', second.slice(0, 1)), ...a.map((line) => `  ${safe(line)}`)]
    : [...side('A', first), ...side('B', second)]
}

function messagesText({ messages, orders, cut, sides }: RunsCompared, width: number | undefined): string[] {
  const {
    divergence,
    kinds,
    messages: [a, b],
  } = messages
  const notes = [
    ...(orders?.some((order) => order.length > 1)
      ? [
          `over whole runs, A has ${ordersText(orders[0])} of messages, B has ${ordersText(orders[1])}; the most frequent ones are compared (\`lab results order\` compares sequence by sequence)`,
        ]
      : []),
    ...(cut ? [`only the first ${MOST_EVENTS} messages of each were compared`] : []),
  ].map((note) => headed('', note))
  if (a === 0 && b === 0) return [headed('messages', 'none of the workload on either side'), ...notes]
  if (divergence === undefined)
    return [headed('messages', `the same ${a} in the same order (addresses are not compared)`), ...notes]
  const { process, message, before, first, second } = divergence
  const several = messages.processes.some((count) => count > 1)
  const of = several ? ` of process ${process}` : ''
  const many = kinds.length > MOST_ROWS
  return [
    headed(
      'messages',
      `differ from message ${message}${of} on (A has ${a}, B has ${b}${sides[0].single ? '' : ' in those runs'})`,
    ),
    ...indented([...before.map((line) => `  ${safe(line)}`), ...sideBySide(first, second)]),
    ...(kinds.length === 0
      ? []
      : indented(
          fitTable(
            [
              { head: 'more often on one side', least: 22 },
              { head: 'A', align: 'right' },
              { head: 'B', align: 'right' },
            ],
            kinds.slice(0, MOST_ROWS).map(({ kind, counts }) => [safe(kind), ...counts.map(String)]),
            width,
          ).split('\n'),
        )),
    ...(many ? indented(rest(kinds.length - MOST_ROWS, 'kinds')) : []),
    ...notes,
  ]
}

/** Both with four digits, in the unit that fits the larger one. */
function valueTexts(values: readonly (number | null)[], recorded: Unit): string[] {
  const { unit = '', factor } = scaleOf(recorded, Math.max(...values.map((value) => Math.abs(value ?? 0))))
  return values.map((value) => (value === null ? '-' : `${shortNumber(value * factor)} ${unit}`.trimEnd()))
}

const pText = (p: number): string => (p < 0.0001 ? '<0.0001' : p.toFixed(4))

/** What the row says, in words. */
function verdictOf({ test, counts }: NumberCompared): string {
  if (counts[0] === 0) return 'only in B'
  if (counts[1] === 0) return 'only in A'
  if (!test) return 'one value: no test'
  if (test.least > 0.05) return `too few values (p >= ${pText(test.least)})`
  if (test.corrected > 0.05) return 'no difference shown'
  const nodes = test.apart ? ', on other nodes' : ''
  return `B is ${test.delta > 0 ? 'higher' : 'lower'} (${sizeOf(test.delta)})${nodes}`
}

/** How runs of several nodes are compared, and whether that was possible. */
function nodeLines(numbers: readonly NumberCompared[]): string[] {
  const tests = numbers.flatMap(({ test }) => test ?? [])
  const nodes = Math.max(0, ...tests.map((test) => test.nodes.length))
  const unused = Math.max(0, ...tests.map((test) => test.unused))
  return [
    ...(nodes > 1
      ? [`Runs of ${nodes} nodes are compared within nodes (van Elteren): delta and p are of ranks on each node.`]
      : []),
    ...(unused > 0 ? [`Up to ${plural(unused, 'value')} on nodes that the other side lacks are not compared.`] : []),
    ...(tests.some(({ apart }) => apart)
      ? ['A and B have no node in common: what differs may be their nodes. Run both on the same nodes to tell.']
      : []),
  ]
}

function numbersText({ numbers, sides }: RunsCompared, { width, full }: TextOptions): string[] {
  if (numbers.length === 0) return []
  const single = sides.every((side) => side.single)
  const shown = full ? numbers : numbers.slice(0, MOST_ROWS)
  const rows = shown.map((row) => {
    const [a, b] = row.medians
    return [
      safe(row.what),
      ...valueTexts(row.medians, row.unit),
      a === null || b === null || a === 0 ? '' : `${(b / a).toFixed(2)}x`,
      row.counts.join(', '),
      row.test ? row.test.delta.toFixed(2) : '',
      row.test ? `${row.test.method === 'exact' ? '' : '~'}${pText(row.test.corrected)}` : '',
      verdictOf(row),
    ]
  })
  const columns = [
    { head: '', least: 20 },
    { head: 'A', align: 'right' },
    { head: 'B', align: 'right' },
    { head: 'B/A', align: 'right', spare: 1 },
    { head: 'n', align: 'right' },
    { head: 'delta', align: 'right' },
    { head: 'p', align: 'right' },
    { head: '', least: 12 },
  ] as const
  return [
    headed('numbers', single ? 'medians of what was seen in each run' : 'medians; each run gives one value'),
    ...indented(fitTable(columns, rows, width === undefined ? undefined : width - 2).split('\n')),
    ...indented(rest(numbers.length - shown.length, 'numbers')),
    ...indented([
      "delta: Cliff's; 1 where all of B is above all of A, -1 where it is below, 0 where neither is",
      `p: Mann-Whitney, two-sided, corrected for ${plural(numbers.filter(({ test }) => test).length, 'question')} (Holm); ~ where approximated (beyond 50 values)`,
      ...nodeLines(numbers),
      ...(single
        ? ['Values of one run depend on one another: p is about these two runs. Compare groups for more.']
        : []),
    ]),
  ]
}

/** The whole comparison. */
export function diffText(found: RunsCompared, options: TextOptions): string {
  const { sides, capture, inputs, unused, outcomes, maps } = found
  const inner: TextOptions = { ...options, width: options.width === undefined ? undefined : options.width - 2 }
  return [
    sideLine('A', sides[0]),
    sideLine('B', sides[1]),
    '',
    ...(capture ? captureText(capture) : []),
    headed(
      'made of',
      inputs.length === 0
        ? 'the same: lab file, kernel, image, probes, workload, parameters, host'
        : `${plural(inputs.length, 'input')} ${inputs.length === 1 ? 'differs' : 'differ'}`,
    ),
    ...indented(differencesText(inputs, inner)),
    ...(unused.length > 0
      ? [
          headed(
            '',
            `${plural(unused.length, 'file')} of the lab that neither used differ too: ${safe(unused.slice(0, 5).join(', '))}${unused.length > 5 ? ', ...' : ''}`,
          ),
        ]
      : []),
    headed('came out', outcomes.length === 0 ? 'the same: verdict, losses, hits of each program' : 'otherwise'),
    ...indented(differencesText(outcomes, inner)),
    ...messagesText(found, inner.width),
    ...(maps ? mapsText(maps, inner) : []),
    ...numbersText(found, options),
  ].join('\n')
}

function mapsText({ entries: [a, b], differences }: NonNullable<RunsCompared['maps']>, options: TextOptions): string[] {
  if (a === null && b === null) return []
  if (a === null || b === null) return [headed('maps', `only ${a === null ? 'B' : 'A'} has its maps`)]
  if (differences.length === 0) return a === 0 ? [] : [headed('maps', `the same ${plural(a, 'value')}`)]
  return [
    headed('maps', `${plural(differences.length, 'value')} ${differences.length === 1 ? 'differs' : 'differ'}`),
    ...indented(differencesText(differences, options)),
  ]
}

/** Of two kernels. */
export function kernelsText({ kernels: [a, b], differences, same }: KernelsCompared, options: TextOptions): string {
  return [
    `A  ${safe(a.label)}`,
    `B  ${safe(b.label)}`,
    '',
    ...(same ? ['the same, bit for bit'] : differencesText(differences, options)),
  ].join('\n')
}
