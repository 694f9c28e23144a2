/**
 * A flame graph as SVG, the outermost function above. Colours are given, so that it suits a page and a file of its own;
 * a script (report/flame.js) finds the boxes by their data-* and zooms into them, and without it the picture is whole.
 */
import { printable } from '../../engine/printable.ts'
import type { Flame, FlameBox } from '../stacks/flame-boxes.ts'
import { xml } from './timeline-svg.ts'

/** Between neighbours there is a gap of `GAP`. */
const [WIDTH, ROW, TOP, PAD, GAP] = [960, 18, 28, 4, 0.5]
const FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace'
const FONT_SIZE = 11
/** Of a character of these fonts: 0.6 em. The script has the same number. */
const CHARACTER = 6.65

/** What boxes are painted with, by what they are. */
export interface FlameColours {
  readonly ink: string
  readonly soft: string
  readonly kernel: string
  readonly program: string
  readonly task: string
  readonly lost: string
  readonly more: string
  readonly less: string
}

export interface FlameOptions {
  readonly colours: FlameColours
  /** A weight with its unit: "12", "3.4 ms". */
  readonly show: (weight: number) => string
  /** Of a differential graph: the names of its two sides. */
  readonly sides?: readonly [before: string, after: string]
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)}%`

/** A number from 0 to 1 that is the same for the same name: neighbours can be told apart. */
function shadeOf(name: string): number {
  let sum = 0
  for (let at = 0; at < name.length; at++) sum = (sum * 31 + name.charCodeAt(at)) % 997
  return sum / 996
}

/** What the title of a box says behind its name. */
function measureOf({ weight, shares, width }: FlameBox, { show, sides }: FlameOptions): string {
  if (shares === undefined) return `${show(weight ?? 0)}, ${percent(width)}`
  const [before, after] = shares
  const points = 100 * (after - before)
  return `${percent(before)} of ${sides?.[0] ?? ''}, ${percent(after)} of ${sides?.[1] ?? ''} (${points >= 0 ? '+' : ''}${points.toFixed(2)} points)`
}

function paintOf(
  { name, kind, shares }: FlameBox,
  most: number,
  colours: FlameColours,
): [fill: string, opacity: number] {
  if (shares !== undefined) {
    const change = shares[1] - shares[0]
    if (Math.abs(change) < 1e-9) return [colours.task, 0.12]
    return [change > 0 ? colours.more : colours.less, 0.12 + 0.43 * Math.sqrt(Math.abs(change) / most)]
  }
  return [kind === 'all' ? colours.task : colours[kind], 0.26 + 0.18 * shadeOf(name)]
}

const LEGENDS: readonly (readonly [kind: FlameBox['kind'] & keyof FlameColours, text: string])[] = [
  ['task', 'process'],
  ['program', 'program'],
  ['kernel', 'kernel'],
  ['lost', 'lost, or not there'],
]

function legendOf(flame: Flame, { colours, sides }: FlameOptions): [colour: string, text: string][] {
  if (sides !== undefined)
    return [
      [colours.less, `less in ${printable(sides[1], 40)}`],
      [colours.more, `more in ${printable(sides[1], 40)}`],
    ]
  const kinds = new Set(flame.boxes.map(({ kind }) => kind))
  return LEGENDS.filter(([kind]) => kinds.has(kind)).map(([kind, text]) => [colours[kind], text])
}

function legend(entries: readonly (readonly [colour: string, text: string])[], { soft }: FlameColours): string {
  let x = 0
  return entries
    .map(([colour, text]) => {
      const at = x
      x += 26 + CHARACTER * text.length
      return (
        `<rect x="${at + 0.5}" y="6.5" width="11" height="11" fill="${colour}" fill-opacity="0.4" stroke="${soft}"/>` +
        `<text x="${at + 17}" y="16">${xml(text)}</text>`
      )
    })
    .join('')
}

const text = (name: string, width: number): string => {
  const room = Math.floor((width - 2 * PAD) / CHARACTER)
  return room < 3 ? '' : name.length <= room ? name : `${name.slice(0, room - 1)}…`
}

/** @param label what it shows, for those who cannot see it */
export function flameSvg(flame: Flame, label: string, options: FlameOptions): string {
  const { colours } = options
  const depth = Math.max(...flame.boxes.map((box) => box.depth)) + 1
  const height = TOP + depth * ROW + 2
  const most = Math.max(...flame.boxes.map(({ shares }) => (shares ? Math.abs(shares[1] - shares[0]) : 0)), 1e-9)
  const boxes = flame.boxes.map((box) => {
    const [x, width, y] = [box.x * WIDTH, box.width * WIDTH, TOP + box.depth * ROW]
    const [fill, opacity] = paintOf(box, most, colours)
    const name = printable(box.name, 200)
    return (
      // The length of the name within the title: names and arms may have ": " in them.
      `<g data-x="${box.x.toFixed(6)}" data-w="${box.width.toFixed(6)}" data-d="${box.depth}" data-n="${name.length}">` +
      `<title>${xml(`${name}: ${measureOf(box, options)}`)}</title>` +
      `<rect x="${x.toFixed(2)}" y="${y}" width="${Math.max(width - GAP, 0.3).toFixed(2)}" height="${ROW - 1}" fill="${fill}" fill-opacity="${opacity.toFixed(2)}"/>` +
      `<text x="${(x + PAD).toFixed(2)}" y="${y + 12.5}">${xml(text(name, width))}</text></g>`
    )
  })
  return [
    `<svg class="flame" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${xml(label)}" font-family="${FONT}" font-size="${FONT_SIZE}" fill="${colours.ink}">`,
    `<g class="legend">${legend(legendOf(flame, options), colours)}</g>`,
    ...boxes,
    '</svg>',
    '',
  ].join('\n')
}
