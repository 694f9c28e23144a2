/** What was asked and on what: kernel, patch, configuration, sources, as they were kept with the runs. */
import { plural } from '../../engine/text.ts'
import type { Manifest } from '../manifest.ts'
import { html, idOf, type Html } from './html.ts'
import type { Kept, KeptFile } from './kept.ts'

/** Lines of one file that are shown. */
const MOST_LINES = 4000

/** Lines from which on something is left out of print: the page on the screen has it. */
const LONG = 400

function fold(title: string | Html, note: string, lines: number, body: Html): Html {
  return html`<details class="${lines > LONG ? 'long' : 'short'}">
    <summary>${title}${note === '' ? '' : html` <span class="soft">${note}</span>`}</summary>
    ${body}
  </details> `
}

const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^(\+\+\+|---|diff |index )/, 'file'],
  [/^\+/, 'add'],
  [/^-/, 'del'],
  [/^@@/, 'hunk'],
]

function diffHtml(text: string): Html {
  const lines = text.replace(/\n$/, '').split('\n').slice(0, MOST_LINES)
  // The line end is explicit: one in the template itself is a blank to the formatter.
  const marked = lines.map((line) => {
    const name = CLASSES.find(([pattern]) => pattern.test(line))?.[1]
    return name === undefined ? html`${line}${'\n'}` : html`<span class="${name}">${line}</span>${'\n'}`
  })
  return html`<pre class="diff" tabindex="0">${marked}</pre>`
}

const lineCount = (text: string): number => text.replace(/\n$/, '').split('\n').length

/** What is not shown of a file; empty where all of it is. */
function restOf({ text, cut }: KeptFile): string {
  if (lineCount(text) > MOST_LINES) return ` (only the first ${MOST_LINES} are shown)`
  return cut ? ' (the file goes on)' : ''
}

function fileFold(file: KeptFile, what: string): Html {
  const { name, text } = file
  return fold(
    html`<code>${name}</code>`,
    `${what}, ${plural(lineCount(text), 'line')}${restOf(file)}`,
    lineCount(text),
    html`<pre tabindex="0">${text.split('\n').slice(0, MOST_LINES).join('\n')}</pre>`,
  )
}

/** What several experiments share is shown at the first of them, and the others point to it. */
export class Material {
  readonly #kept: Kept
  readonly #shown = new Set<string>()

  constructor(kept: Kept) {
    this.#kept = kept
  }

  #once(key: string, title: string, make: () => Html): Html {
    const anchor = idOf('kept', key)
    if (this.#shown.has(anchor)) return html`<p><a href="#${anchor}">${title}</a> (above)</p>`
    this.#shown.add(anchor)
    return html`<div id="${anchor}">${make()}</div>`
  }

  kernel(manifest: Manifest): Html {
    const { kernel } = manifest
    const kept = this.#kept.kernel(manifest)
    const said = html`<p>
      <strong>Linux ${kernel.release}</strong> (${kernel.name}, from
      ${kernel.source})${
        kernel.fallback
          ? html` <strong class="warn">taken instead of ${kernel.wanted}, whose source could not be fetched</strong>`
          : ''
      }${kernel.compat.length > 0 ? html`; built with the compatibility rows ${kernel.compat.join(', ')}` : ''}
    </p> `
    if (kept === undefined)
      return html`${said}
        <p class="soft">Its patch and configuration were not kept.</p>`
    const patch = () =>
      kept.patch === undefined || kept.patch.text.trim() === ''
        ? html`<p class="soft">Its source is as published: the lab changes nothing in it.</p>`
        : fold(
            'Patch',
            `what the lab changes in the source: ${plural(lineCount(kept.patch.text), 'line')} of diff${restOf(kept.patch)}`,
            lineCount(kept.patch.text),
            diffHtml(kept.patch.text),
          )
    const options = () =>
      fold(
        'Configuration',
        `${kept.options.length} options are set`,
        kept.options.length,
        html`<pre tabindex="0">${kept.options.join('\n')}</pre>`,
      )
    return html`${said}${this.#once(kept.id, `Patch and configuration of ${kernel.name}`, () => html`${patch()}${options()}`)}`
  }

  /** Sources of the probes and workloads of these runs. */
  sources(manifests: readonly Manifest[]): Html {
    const found = manifests.flatMap((manifest) => {
      const { probes, workload } = this.#kept.sources(manifest)
      const all = workload === undefined ? probes : [...probes, workload]
      return all.map((file) => ({
        file,
        key: `${manifest.inputs?.lab ?? ''}-${file.name}`,
        what: file === workload ? 'workload' : 'probe',
      }))
    })
    if (found.length === 0) return html`<p class="soft">Sources of probes and workload were not kept.</p>`
    const each = [...new Map(found.map((entry) => [entry.key, entry])).values()]
    return html`${each.map(({ file, key, what }) => this.#once(key, file.name, () => fileFold(file, what)))}`
  }
}
