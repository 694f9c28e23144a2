/** The figures and tables of a report: each is shown once, and can be written to files of its own. */
import { html, idOf, raw, type Html } from './html.ts'
import { tableHtml, type Decorate, type Table, type TableContent } from './table.ts'
import { draw, type FigureSpec } from './vega.ts'

export interface Figure {
  readonly name: string
  readonly caption: string
  /** Colours are variables of the page. */
  readonly svg: string
}

/** Without a first column that says the same in every row. Only where the experiment has no other arm. */
function withoutArm({ columns, rows, ...rest }: Table): Table {
  const same = columns[0]?.head === 'arm' && new Set(rows.map(([first]) => first)).size === 1
  return same
    ? { ...rest, columns: columns.slice(1), rows: rows.map((row) => row.slice(1)) }
    : { ...rest, columns, rows }
}

export class Exhibits {
  readonly figures: Figure[] = []
  readonly tables: Table[] = []
  /** What Vega has against figures: a mistake of ours, which the figure may survive. */
  readonly warnings: string[] = []
  /** The experiment that a figure or table is about, by its name. */
  readonly subjects = new Map<string, string>()
  readonly #names = new Set<string>()
  readonly #notes = new Map<string, string>()
  readonly #severalArms = new Set<string>()

  /** Ends the caption of every figure and table whose first word is this experiment. */
  note(experiment: string, note: string): void {
    this.#notes.set(experiment, note)
  }

  /** Tables of this experiment keep their column of arms, even where only one of the arms is in a table. */
  hasSeveralArms(experiment: string): void {
    this.#severalArms.add(experiment)
  }

  #caption(words: readonly string[], caption: string): string {
    return `${caption}${this.#notes.get(words[0] ?? '') ?? ''}`
  }

  /** A name for files that no other figure or table has. */
  #name(wanted: readonly string[]): string {
    const base = idOf(...wanted).slice(0, 100) || 'figure'
    let name = base
    for (let count = 2; this.#names.has(name); count++) name = `${base}-${count}`
    this.#names.add(name)
    this.subjects.set(name, wanted[0] ?? '')
    return name
  }

  /** Draws a description. */
  async figure(name: readonly string[], caption: string, spec: FigureSpec, label = caption): Promise<Html> {
    const { svg, warnings } = await draw(spec, label)
    this.warnings.push(...warnings.map((warning) => `figure ${name.join(' ')}: ${warning}`))
    return this.picture(name, caption, svg)
  }

  /** An SVG that is drawn already. */
  picture(words: readonly string[], drawn: string, svg: string): Html {
    const name = this.#name(words)
    const caption = this.#caption(words, drawn)
    this.figures.push({ name, caption, svg })
    return html`<figure id="${name}">
      <div class="scroll" role="region" tabindex="0" aria-label="${caption}">${raw(svg)}</div>
      <figcaption>${caption}</figcaption>
    </figure>`
  }

  table(words: readonly string[], table: TableContent, decorate?: Decorate): Html {
    const whole = { ...table, caption: this.#caption(words, table.caption), name: this.#name(words) }
    const named = this.#severalArms.has(words[0] ?? '') ? whole : withoutArm(whole)
    this.tables.push(named)
    return tableHtml(named, decorate)
  }
}
