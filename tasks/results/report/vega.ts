/**
 * Vega: a figure's description in, SVG out. The only file that knows the packages; they are loaded when a figure is
 * drawn.
 */
import type { TopLevelSpec } from 'vega-lite'
import { escaped } from './html.ts'
import { colour, SERIES } from './theme.ts'

export type FigureSpec = TopLevelSpec

/** What the reader's system has; `sans-serif` is what is left of it elsewhere. */
export const FONT = 'system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif'

/** How all figures look: colours are variables of the page, see theme.ts. */
const CONFIG = {
  // A thin space, as in the tables.
  locale: { number: { decimal: '.', thousands: '\u202f', grouping: [3], currency: ['', ''] } },
  // The figure has one label, and its numbers are in a table: a label at each of a thousand points helps nobody.
  aria: false,
  background: 'transparent',
  font: FONT,
  padding: 4,
  view: { stroke: 'transparent' },
  axis: {
    labelColor: colour('soft'),
    titleColor: colour('ink'),
    domainColor: colour('line'),
    tickColor: colour('line'),
    gridColor: colour('line'),
    gridOpacity: 0.6,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 500,
    labelLimit: 320,
    titlePadding: 8,
  },
  legend: {
    labelColor: colour('ink'),
    titleColor: colour('soft'),
    labelFontSize: 12,
    titleFontSize: 12,
    labelLimit: 360,
    titleFontWeight: 500,
    orient: 'top',
    columns: 3,
    symbolStrokeWidth: 2,
  },
  header: { labelColor: colour('ink'), titleColor: colour('soft'), labelFontSize: 12, labelLimit: 480 },
  title: { color: colour('ink'), fontSize: 13, fontWeight: 600, anchor: 'start' },
  range: { category: SERIES },
} as const

interface TextItem {
  readonly fontSize?: number
}

/**
 * Average widths of Latin letters in the fonts above, in parts of their size: Vega's own estimate of 0.8 leaves a
 * quarter empty.
 */
const LETTER = 0.63

async function load() {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
  // A part of Vega's scene graph that its types leave out.
  const { textMetrics } = vega as unknown as {
    textMetrics: { width: (item: TextItem, text: string | number | undefined) => number }
  }
  textMetrics.width = ({ fontSize = 11 }, text) => Math.ceil(String(text ?? '').length * fontSize * LETTER)
  return { vega, compile }
}
let loading: ReturnType<typeof load> | undefined

const labelled = (svg: string, label: string): string =>
  svg.replace('<svg ', `<svg role="img" aria-label="${escaped(label)}" `)

/**
 * Draws a figure; `warnings` is what Vega has against its description. What is in the description's data is text to
 * Vega and to the SVG.
 * @param label what it shows, for those who cannot see it
 */
export async function draw(
  spec: FigureSpec,
  label: string,
): Promise<{ readonly svg: string; readonly warnings: readonly string[] }> {
  loading ??= load()
  const { vega, compile } = await loading
  const warnings: string[] = []
  const logger = {
    level: () => logger,
    error: (...all: unknown[]) => (warnings.push(all.join(' ')), logger),
    warn: (...all: unknown[]) => (warnings.push(all.join(' ')), logger),
    info: () => logger,
    debug: () => logger,
  }
  const { spec: compiled } = compile(spec, { config: CONFIG as never, logger: logger as never })
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logger: logger as never })
  try {
    const svg = await view.toSVG()
    return { svg: labelled(svg, label), warnings: [...new Set(warnings)] }
  } finally {
    view.finalize()
  }
}
