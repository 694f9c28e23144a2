/** librsvg's converter: an SVG as PDF, with its lines as lines and its letters as letters. */
import { run } from './sh.ts'

/** A figure of a thousand points takes a tenth of a second. Milliseconds. */
const TIMEOUT = 60_000

/** Writes `file`. The SVG may name nothing outside itself: it comes through a pipe, and librsvg then loads no other file. */
export async function svgToPdf(svg: string, file: string, signal: AbortSignal): Promise<void> {
  await run(['rsvg-convert', '--format=pdf', `--output=${file}`], {
    ...{ input: svg, signal, timeout: TIMEOUT, place: `figure ${file}` },
  })
}
