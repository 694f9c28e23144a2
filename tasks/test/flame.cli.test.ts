/** A flame graph in a real browser: a click zooms, a word marks functions, and nothing is fetched. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { flamePage } from '../results/report/flame-page.ts'
import type { Frame } from '../trace/stacks/folded.ts'
import { Browser, IN_CHROMIUM, lowContrast } from './browser.ts'
import { tempDir } from './temp-dir.ts'

const stack = (weight: number, ...names: string[]) => ({
  frames: names.map((name): Frame => ({ name, kind: 'kernel' })),
  weight,
})
const STACKS = [stack(6, 'vfs_read', 'ext4_read'), stack(2, 'vfs_read', 'copy_page'), stack(2, 'vfs_write')]
const MANIFEST = { experiment: 'x', arm: { name: 'a' }, run: 'r', kernel: { release: '5.10' }, trace: {} } as Manifest

describe('a flame graph', IN_CHROMIUM, () => {
  const browser = new Browser()
  afterAll(() => browser.close())

  test.each(['light', 'dark'] as const)('%s: is zoomed by a click, and shown whole again', async (scheme) => {
    const file = join(tempDir(), 'flame.html')
    writeFileSync(file, flamePage(MANIFEST, { name: 'reads', stacks: STACKS, total: 10, notes: [] }))
    const { page, complaints } = await browser.open(file, { scheme })
    const box = (name: string) => page.locator('svg.flame g[data-x]', { hasText: `${name}: ` })
    const widthOf = async (name: string) => Number(await box(name).locator('rect').getAttribute('width'))
    const [whole, before] = [await widthOf('all'), await widthOf('ext4_read')]
    expect(before / whole).toBeCloseTo(0.6, 2)
    expect(await lowContrast(page)).toEqual([])

    await box('ext4_read').locator('rect').click()
    expect(await widthOf('ext4_read')).toBe(whole)
    expect(await widthOf('vfs_read')).toBe(whole)
    expect(await box('copy_page').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Whole graph' }).click()
    expect(await widthOf('ext4_read')).toBe(before)
    expect(await box('copy_page').isVisible()).toBe(true)

    await page.getByRole('searchbox').fill('VFS')
    expect(await page.locator('svg.flame g.found').count()).toBe(2)
    expect(await page.locator('output').textContent()).toBe('100.0% of the graph')
    expect(complaints).toEqual([])
    await page.close()
  })
})
