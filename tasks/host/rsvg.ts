/**
 * librsvg's converter: an SVG as PDF, with its lines as lines and its letters as letters. Texts of guests are in it,
 * so it runs confined.
 */
import { runConfined } from './sandbox.ts'

/** A figure of a thousand points takes a tenth of a second and some megabytes. */
const BOUNDS = { timeout: 60_000, output: 256 * 2 ** 20, memory: 2 ** 30 }

/**
 * Writes `file`. The SVG may name nothing outside itself: it comes through a pipe, and librsvg then loads no other
 * file.
 */
export async function svgToPdf(svg: string, file: string, signal: AbortSignal): Promise<void> {
  await runConfined(() => ['rsvg-convert', '--format=pdf'], {
    input: svg,
    signal,
    stdoutFile: file,
    bounds: BOUNDS,
    place: `figure ${file}`,
  })
}
