/**
 * The page itself: one file that fetches nothing, may run one script of ours, and says so (Content-Security-Policy).
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { timelineStyle } from '../../trace/export/timeline-svg.ts'
import { escaped, html, raw, type Html } from './html.ts'
import { colour, themeCss } from './theme.ts'

const own = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')
const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Of the pictures of reads, in the page and alone. */
export const TIMELINE_STYLE = timelineStyle({
  ink: colour('ink'),
  soft: colour('soft'),
  line: colour('line'),
  step: colour('s1'),
})

export interface Page {
  readonly title: string
  readonly subtitle: string
  readonly body: Html
}

interface Heading {
  readonly level: number
  readonly id: string
  /** Its content without elements. */
  readonly title: Html
}

/**
 * The body with an id at each of its headings, and these headings. Only our own templates write elements: what comes
 * from a guest is escaped text.
 */
function withHeadings(body: Html): { readonly headings: readonly Heading[]; readonly body: Html } {
  const headings: Heading[] = []
  const text = body.text.replaceAll(/<h([23])>([^]*?)<\/h\1>/g, (_, level: string, content: string) => {
    const id = `part-${headings.length + 1}`
    headings.push({ level: Number(level), id, title: raw(content.replaceAll(/<[^>]*>/g, '').trim()) })
    return `<h${level} id="${id}">${content}</h${level}>`
  })
  return { headings, body: raw(text) }
}

/** Fewer headings need no contents. */
const ENOUGH_FOR_CONTENTS = 3

const contents = (headings: readonly Heading[]): Html =>
  headings.length < ENOUGH_FOR_CONTENTS
    ? html``
    : html`<nav aria-label="Contents">
        <ul>
          ${headings.map(({ level, id, title }) => html`<li class="level${level}"><a href="#${id}">${title}</a></li>`)}
        </ul>
      </nav>`

/** HTML, whole. */
export function pageText({ title, subtitle, body }: Page): string {
  const style = `${themeCss()}\n${own('page.css')}${own('flame.css')}${TIMELINE_STYLE}\n`
  const script = own('page.js') + own('flame.js') + own('zoom.js')
  // Nothing is loaded; what of a guest's text would still come to be markup can run no script and set no style.
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const page = withHeadings(body)
  const content = html`<a class="skip" href="#content">Skip to the content</a>
    <header>
      <h1>${title}</h1>
      <p class="soft">${subtitle}</p>
    </header>
    ${contents(page.headings)}
    <main id="content">${page.body}</main>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="lab report">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${content.text}
<script>${script}</script>
</body>
</html>
`
}
