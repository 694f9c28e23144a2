/** HTML as a template tag: whatever is put into it is text, unless it came out of a template itself. */
import { printable } from '../../engine/printable.ts'

/** Markup that is ours. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
}

export type Part = string | number | Html | undefined | false | readonly Part[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text that came from anywhere as HTML, in content and in quoted attributes. Control characters and what reorders or
 * hides its neighbours become visible escapes (engine/printable); line ends and tabs stay, for `<pre>`.
 */
export const escaped = (text: string): string =>
  text
    .replaceAll(/[^\n\t]+/g, (line) => printable(line))
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

function shown(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Html) return part.text
  return typeof part === 'object' ? part.map(shown).join('') : escaped(String(part))
}

/** html`<p>${anything}</p>` */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.map((text, index) => text + (index < parts.length ? shown(parts[index]) : '')).join(''))

/** Markup by another program or file of ours (the style sheet, a figure), which is as it is. */
export const raw = (text: string): Html => new Html(text)

/** A name for id=""; other characters become "-". */
export const idOf = (...words: readonly string[]): string =>
  words
    .join('-')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase()
