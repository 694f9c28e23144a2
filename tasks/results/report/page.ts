/**
 * The page itself: one file that fetches nothing, may run one script of ours, and says so (Content-Security-Policy).
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { timelineStyle } from '../../trace/export/timeline-svg.ts'
import { escaped, html, type Html } from './html.ts'
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
  /** Links to the parts, by their ids. */
  readonly parts: readonly { readonly id: string; readonly title: string }[]
  readonly body: Html
}

/** HTML, whole. */
export function pageText({ title, subtitle, parts, body }: Page): string {
  const style = `${themeCss()}\n${own('page.css')}${TIMELINE_STYLE}\n`
  const script = own('page.js')
  // Nothing is loaded; what of a guest's text would still come to be markup can run no script and set no style.
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const nav =
    parts.length < 2
      ? html``
      : html`<nav aria-label="Parts">
          <ul>
            ${parts.map((part) => html`<li><a href="#${part.id}">${part.title}</a></li>`)}
          </ul>
        </nav>`
  const content = html`<a class="skip" href="#content">Skip to the content</a>
    <header>
      <h1>${title}</h1>
      <p class="soft">${subtitle}</p>
      ${nav}
    </header>
    <main id="content">${body}</main>`
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
