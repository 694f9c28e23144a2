/** A report in a real browser (Debian's package chromium), and everything that a browser may hold against it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { which } from '../host/which.ts'
import { needs } from './needs.ts'

/** Where Debian puts it; `./test` installs it (host/packages.ts). */
const CHROMIUM = which('chromium')

/** Options of tests that need it. */
export const IN_CHROMIUM = needs(CHROMIUM !== undefined, 'there is no chromium (package chromium)')

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface View {
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
}

export class Browser {
  readonly #profile = mkdtempSync(join(tmpdir(), 'lab-chromium-'))
  #context: BrowserContext | undefined

  /**
   * Opens a file; `complaints` has what came on the console, what went wrong, and every request that is not this file.
   */
  async open(
    file: string,
    { scheme = 'light', width = 1100 }: View = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    this.#context ??= await chromium.launchPersistentContext(this.#profile, {
      executablePath: CHROMIUM ?? 'chromium',
      args: FLAGS,
    })
    const page = await this.#context.newPage()
    const url = pathToFileURL(file).href
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(`console: ${message.text()}`))
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
    page.on('request', (request) => {
      if (request.url() !== url) complaints.push(`request: ${request.url().slice(0, 200)}`)
    })
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme: scheme })
    await page.goto(url)
    return { page, complaints }
  }

  async close(): Promise<void> {
    await this.#context?.close()
    rmSync(this.#profile, { recursive: true, force: true })
  }
}

/**
 * Text whose contrast with what is behind it is too low (WCAG 2.1: 4.5, of large text 3), and lines and points of
 * figures below 3.
 */
export const lowContrast = async (page: Page): Promise<string[]> =>
  // A text, because it runs in the page: the types of a browser are none of the project's.
  await page.evaluate<string[]>(`(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const rgba = (css) => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = css
      canvas.fillRect(0, 0, 1, 1)
      return [...canvas.getImageData(0, 0, 1, 1).data].map((value, index) => (index === 3 ? value / 255 : value))
    }
    const over = ([r, g, b, a], back) => [r, g, b].map((value, index) => value * a + back[index] * (1 - a))
    const luminance = (color) => {
      const [r, g, b] = color.map((value) => {
        const part = value / 255
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const behind = (element) => {
      const layers = []
      for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor))
      const scheme = matchMedia('(prefers-color-scheme: dark)').matches && matchMedia('screen').matches ? [18, 18, 18] : [255, 255, 255]
      return layers.reduceRight((back, layer) => over(layer, back), scheme)
    }
    const ratio = (one, other) => {
      const [a, b] = [luminance(one), luminance(other)]
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    }
    const found = new Set()
    const check = (css, element, least, what) => {
      const back = behind(element)
      const color = rgba(css)
      const value = ratio(over(color, back), back)
      if (value < least) found.add(what + ': ' + css + ' ' + value.toFixed(2) + ' < ' + least)
    }
    for (const element of document.querySelectorAll('body *')) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
      const style = getComputedStyle(element)
      if (element.closest('svg')) {
        if (element.tagName === 'text' && element.textContent.trim() !== '') check(style.fill, element.closest('figure'), 4.5, 'figure text')
        else if (element.tagName === 'path' && element.closest('.mark-symbol') && style.fill !== 'none') check(style.fill, element.closest('figure'), 3, 'point')
        else if (element.tagName === 'path' && element.closest('.mark-line') && style.stroke !== 'none') check(style.stroke, element.closest('figure'), 3, 'line')
      } else if (own && !['SCRIPT', 'STYLE', 'OPTION'].includes(element.tagName)) {
        const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700)
        check(style.color, element, large ? 3 : 4.5, element.tagName + ' ' + element.className)
      }
    }
    return [...found]
  })()`)
