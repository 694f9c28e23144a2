/** `lab report` by the whole program, and its pages in a real Chromium. */
import {
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, IN_CHROMIUM, lowContrast, type View } from './browser.ts'
import { COST_RUNS, HOSTILE, makeRuns, MIXED_RUNS, runOf, traceFacts, traceText } from './report-runs.ts'
import { Rig } from './rig.ts'

const rig = new Rig(false)
const browser = new Browser()
afterAll(async () => {
  await browser.close()
  rig.remove()
})

const page = (name: string) => join(rig.dir, 'results', `${name}.html`)
const html = (name: string) => readFileSync(page(name), 'utf8')

beforeAll(async () => {
  expect((await rig.lab(['init', '.'])).status).toBe(0)
  await makeRuns(rig, traceText(10), [...COST_RUNS, ...MIXED_RUNS])
  await makeRuns(rig, traceText(10, [HOSTILE, `b ${HOSTILE}`, 'c'], '<img/src=x>'), [
    runOf(
      'hostile',
      200,
      { [HOSTILE]: HOSTILE },
      {
        verdict: 'failed',
        expectations: [{ ok: false, lines: [HOSTILE] }],
        metrics: { [HOSTILE]: 4 },
        workload: { argv: [HOSTILE], pid: 95, status: 1, signal: null, ms: 4 },
      },
    ),
    runOf('hostile', 201, { [HOSTILE]: `2${HOSTILE}` }, { metrics: { [HOSTILE]: 5 } }),
  ])
  for (const words of [[], ['cost'], ['mixed'], ['20260101-000100'], ['--since', '2025-12-31']])
    expect(await rig.lab(['report', ...words])).toMatchObject({
      status: 0,
      stderr: expect.not.stringMatching(/warning/),
    })
})

/** `index` holds every section there is, of hostile runs too. */
const VIEWS: [string, View][] = [
  ['index', { scheme: 'light' }],
  ['index', { scheme: 'dark', width: 360 }],
  ['since-2025-12-31', { scheme: 'dark' }],
  ['mixed-20260101-000100-aaaa', { scheme: 'light', width: 360 }],
]

test('a file says what came out first, with every number of every arm', () => {
  const text = html('cost')
  expect(text.indexOf('18 passed')).toBeGreaterThan(0)
  expect(text.indexOf('18 passed')).toBeLessThan(text.indexOf('>The path of one read</h3>'))
  expect(text).toContain('data-v="12313"')
  expect(text).toMatch(/10(?:\u202f)? whole reads|60 times the same messages/)
})

test('an experiment that is not about reads is told in its own word', async () => {
  const unit = 'page fault'
  await makeRuns(rig, traceText(10, ['entered', 'mapped', 'left'], 'worker'), [
    runOf('faults', 310, { size: 1 }, { unit }),
    runOf('faults', 311, { size: 2 }, { unit }),
  ])
  expect((await rig.lab(['report', 'faults'])).status).toBe(0)
  const text = html('faults')
  expect(text).toContain('>The path of one page fault</h3>')
  expect(text).toContain('median of its page faults')
  expect(text).toContain('>the whole page fault<')
  // The page's own code may name anything.
  expect(text.replaceAll(/<(style|script)[^]*?<\/\1>/g, '')).not.toMatch(/\breads?\b/)
  rmSync(join(rig.dir, 'results/faults'), { recursive: true })
})

describe('runs of two definitions', () => {
  const edited = [100, 900].flatMap((read_ns, of) =>
    [0, 1, 2].map((index) => {
      const image = { name: 'minimal', fingerprint: String(of).repeat(64) }
      return runOf('edited', 110 + of * 10 + index, {}, { metrics: { read_ns: read_ns + index }, image })
    }),
  )
  beforeAll(() => makeRuns(rig, traceText(10), edited))
  afterAll(() => rmSync(join(rig.dir, 'results/edited'), { recursive: true }))
  const files = () => join(rig.dir, 'figures')
  const csv = (name: string) => readFileSync(join(files(), `${name}.csv`), 'utf8').split('\n')

  test('are no one number: the newest is shown, and the page, CSV and LaTeX say what was left out and why', async () => {
    const { status, stderr } = await rig.lab(['report', 'edited', '--figures', files()])
    expect(status).toBe(0)
    expect(stderr).toMatch(
      /3 runs of edited \(.*, definition [0-9a-f]{12}\) are left out, because this differs: image minimal/,
    )
    expect(csv('edited-numbers')[1]).toMatch(/^read_ns,3,901,/)
    expect(csv('left-out')[1]).toMatch(/^edited,[0-9a-f]{12},3,.*,image minimal$/)
    expect(csv('runs')[0]).toContain('definition')
    const latex = readFileSync(join(files(), 'edited-numbers.tex'), 'utf8')
    expect(latex).toMatch(/Only runs of definition [0-9a-f]{12}: 3 runs of other definitions are left out/)
    expect(html('edited')).toContain('3 runs of other definitions left out')
    expect(html('edited')).toContain('<strong>3 runs of other definitions</strong> are in no number')
  })

  test('the other one can be asked for, by its name or a run that has it', async () => {
    const { stdout } = await rig.lab([
      'query',
      '--csv',
      "SELECT definition FROM runs WHERE experiment = 'edited' ORDER BY run LIMIT 1",
    ])
    for (const name of [stdout.split('\n')[1] ?? '', '20260101-000110-aaaa']) {
      const { status } = await rig.lab(['report', 'edited', '--definition', name, '--figures', files()])
      expect(status).toBe(0)
      expect(csv('edited-numbers')[1]).toMatch(/^read_ns,3,101,/)
    }
    expect(await rig.lab(['report', 'edited', '--definition', 'ffff'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--definition ffff: no run has this definition'),
    })
  })

  test('runs that are named one by one are arms of their own', async () => {
    const names = ['20260101-000110-aaaa', '20260101-000120-aaaa']
    const { status, stderr } = await rig.lab(['report', ...names, '--figures', files()])
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('left out')])
    expect(csv('edited-numbers').filter((line) => / definition [0-9a-f]{12}/.test(line))).toHaveLength(2)
  })

  test('lab query has the newest as a view, and the definition as a column', async () => {
    const sql = `SELECT count(*), (SELECT count(*) FROM newest WHERE experiment = 'edited'),
      count(DISTINCT definition) FROM runs WHERE experiment = 'edited'`
    expect((await rig.lab(['query', '--csv', sql])).stdout.split('\n')[1]).toBe('6,3,2')
  })

  test('lab results order and ls know it too', async () => {
    expect((await rig.lab(['results', 'order', 'edited'])).stdout).toMatch(/^3 runs of edited .* left out/m)
    const { stdout } = await rig.lab(['results', 'ls', '--definition', '20260101-000110-aaaa'])
    expect(stdout.match(/^\d{8}-\d{6}-aaaa/gm)).toEqual(edited.slice(0, 3).map(({ run }) => run.slice(0, 20)))
  })
})

test('what failed or lost events is named, and figures that draw on it say so', () => {
  const text = html('mixed')
  expect(text).toContain('3 reads expected, 2 found')
  expect(text).toContain('1 of 3 traces cannot be shown to be complete')
  expect(text).toContain('overrun 7')
  expect(text).toMatch(/<figcaption>[^<]*INCOMPLETE DATA: 1 of 2 runs/)
  expect(html('mixed-20260101-000100-aaaa')).not.toContain('INCOMPLETE DATA')
})

test("nothing of a guest's text is markup", () => {
  for (const name of ['index', 'since-2025-12-31']) {
    const text = html(name)
    expect(text.match(/<script/g)).toHaveLength(1)
    expect(text).not.toMatch(/<img|<b onclick|\u202e/)
    expect(text).toContain('&lt;script&gt;alert(1)')
  }
})

describe('in Chromium', IN_CHROMIUM, () => {
  test.each(VIEWS)(
    '%s, %j: nothing fetched, no error, text readable, no overflow',
    async (name, view) => {
      const { page: shown, complaints } = await browser.open(page(name), view)
      await shown.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
      expect(await lowContrast(shown)).toEqual([])
      expect(await shown.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      expect(
        await shown.evaluate(
          `[...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at)`,
        ),
      ).toEqual([])
      expect(await shown.evaluate(`document.querySelectorAll('figure svg:not([role=img][aria-label])').length`)).toBe(0)
      expect(complaints).toEqual([])
      await shown.close()
    },
    60_000,
  )

  test('the policy stops a script that would have come in', async () => {
    const file = join(rig.dir, 'injected.html')
    rig.write('injected.html', html('cost').replace('</main>', '<script>document.title = "taken"</script></main>'))
    const { page: shown, complaints } = await browser.open(file)
    expect(await shown.title()).toBe('cost')
    expect(complaints.join()).toMatch(/Content Security Policy/)
    await shown.close()
  })

  test('filters by arm and by text, and sorting, by keyboard', async () => {
    const { page: shown, complaints } = await browser.open(page('cost'))
    const rows = shown.locator('#runs tbody tr:visible')
    expect(await rows.count()).toBe(18)
    await shown.locator('label', { hasText: /^arm/ }).locator('select').selectOption('bytes=16')
    expect(await rows.count()).toBe(6)
    await shown.getByLabel('text', { exact: true }).fill('000003')
    expect(await rows.allInnerTexts()).toEqual([expect.stringContaining('20260101-000003-aaaa')])
    expect(await shown.locator('#runs output').innerText()).toBe('1 of 18 runs')
    await shown.getByLabel('text', { exact: true }).fill('')
    const events = shown.locator('#runs th button', { hasText: 'run' }).first()
    await events.focus()
    await shown.keyboard.press('Enter')
    expect(await rows.first().innerText()).toContain('20260101-000000-aaaa')
    await shown.keyboard.press('Enter')
    expect(await rows.first().innerText()).toContain('20260101-000005-aaaa')
    expect(await shown.locator('#runs th[aria-sort=descending]').count()).toBe(1)
    expect(complaints).toEqual([])
    await shown.close()
  })

  test('long tables can be filtered, short ones not', async () => {
    const { page: shown, complaints } = await browser.open(page('index'))
    const table = shown.locator('table', { hasText: /^cost: time between the steps/ })
    const rows = table.locator('tbody tr:visible')
    const all = await rows.count()
    await shown.getByLabel('rows with').first().fill('the whole')
    expect(all).toBeGreaterThan(10)
    expect(await rows.count()).toBe(3)
    expect(await shown.locator('form.filters output').first().innerText()).toBe(`3 of ${all} rows`)
    const isRight = `[...document.querySelectorAll('main :not(#runs) table.sortable')].every((table) =>
      table.closest('#runs') !== null ||
      (table.tBodies[0].rows.length >= 10) === (table.closest('.scroll').previousElementSibling?.matches('form.filters') ?? false))`
    expect(await shown.evaluate(isRight)).toBe(true)
    expect(complaints).toEqual([])
    await shown.close()
  })

  test('a picture of a path is zoomed by keys, by buttons and by dragging, and back', async () => {
    const { page: shown, complaints } = await browser.open(page('cost'))
    const figure = shown.locator('figure', { has: shown.locator('svg.timeline') }).first()
    const picture = figure.locator('svg.timeline')
    const range = figure.locator('output')
    const bars = async () =>
      await picture.locator('rect.gap').evaluateAll((all) => all.map((one) => Number(one.getAttribute('width'))))
    const before = await bars()
    const axis = await picture.locator('text', { hasText: 'µs' }).allInnerTexts()
    await figure.locator('.scroll').focus()
    await shown.keyboard.press('+')
    expect(await range.innerText()).toMatch(/^[\d.]+ µs to [\d.]+ µs are shown$/)
    expect(Math.max(...(await bars()))).toBeGreaterThan(Math.max(...before))
    expect(await picture.locator('rect.step[visibility=hidden]').count()).toBeGreaterThan(0)
    await shown.keyboard.press('0')
    expect([await range.innerText(), await bars()]).toEqual(['', before])
    expect(await picture.locator('text', { hasText: 'µs' }).allInnerTexts()).toEqual(axis)

    const box = await picture.boundingBox()
    const at = (part: number) => [(box?.x ?? 0) + (box?.width ?? 0) * part, (box?.y ?? 0) + 70] as const
    await shown.mouse.move(...at(0.4))
    await shown.mouse.down()
    await shown.mouse.move(...at(0.5))
    await shown.mouse.up()
    expect(await range.innerText()).toMatch(/are shown$/)
    await figure.getByRole('button', { name: 'The whole time' }).click()
    expect(await bars()).toEqual(before)
    expect(await figure.getByRole('button', { name: 'Zoom out' }).isDisabled()).toBe(true)
    expect(complaints).toEqual([])
    await shown.close()
  })

  test('R-3001-1: the summary since a day is one page of paper, without what only a screen can do', async () => {
    const { page: shown } = await browser.open(page('since-2025-12-31'), { scheme: 'dark' })
    await shown.emulateMedia({ media: 'print' })
    expect(await shown.locator('.filters').first().isVisible()).toBe(false)
    expect(await shown.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
    const pdf = (await shown.pdf({ format: 'A4' })).toString('latin1')
    expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(1)
    await shown.close()
  })

  test('without its script the page is whole', async () => {
    rig.write('plain.html', html('cost').replace(/<script>[^]*<\/script>/, ''))
    const { page: shown } = await browser.open(join(rig.dir, 'plain.html'))
    expect(await shown.locator('#runs tbody tr:visible').count()).toBe(18)
    expect(await shown.locator('.filters').isVisible()).toBe(false)
    await shown.close()
  })
})

test('figures as SVG and PDF, tables as CSV and LaTeX', async () => {
  const { status, stdout } = await rig.lab(['report', 'cost', '--figures', 'paper', '-o', 'cost.html'])
  expect([status, stdout]).toEqual([0, expect.stringContaining('cost.html: 18 runs')])
  const files = readdirSync(join(rig.dir, 'paper'))
  const figures = files.filter((name) => name.endsWith('.svg'))
  expect(figures).toContain('cost-read-ns-over-bytes.svg')
  expect(figures.map((name) => name.replace('.svg', '.pdf')).filter((name) => !files.includes(name))).toEqual([])
  for (const name of figures) {
    const svg = readFileSync(join(rig.dir, 'paper', name), 'utf8')
    expect(svg).not.toMatch(/var\(|<script/)
    expect(
      readFileSync(join(rig.dir, 'paper', name.replace('.svg', '.pdf')))
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-')
  }
  const numbers = readFileSync(join(rig.dir, 'paper', 'cost-numbers.csv'), 'utf8').split('\n')
  expect(numbers[0]).toBe('arm,metric,runs,median,95 % from,to,min,max,far from the rest')
  expect(numbers[1]).toMatch(/^bytes=16,read_ns,6,73,/)
  expect(readFileSync(join(rig.dir, 'paper', 'cost-numbers.tex'), 'utf8')).toContain('\\toprule')
  expect(readFileSync(join(rig.dir, 'paper', 'report.tex'), 'utf8')).toContain('{cost-read-ns-over-bytes.pdf}')
  expect(files.filter((name) => name.startsWith('.'))).toEqual([])
})

test.each([
  [['report', 'nothing'], /there are no runs of "nothing"/],
  [['report', 'kost'], /did you mean cost\?/],
  [['report', '--since', 'tomorrow'], /not a day/],
  [['report', '--since', '2030-01-01'], /no run was started since 2030-01-01/],
  [['report', 'cost', '-o', 'no/such/dir/x.html'], /directory does not exist/],
  [['report', 'cost', '--figures', 'lab.yaml'], /is a file/],
])('%j is reported: exit 2, no stack', async (args, text) => {
  const { status, stderr } = await rig.lab(args)
  expect([status, stderr]).toEqual([2, expect.stringMatching(text)])
  expect(stderr).not.toMatch(/^\s+at |bug in lab/m)
})

test('a half-deleted run, a damaged table and a deleted one: named, and the rest is reported', async () => {
  const results = join(rig.dir, 'results')
  await makeRuns(
    rig,
    traceText(10),
    [0, 1, 2, 3].map((index) => runOf('broken', 300 + index, {})),
  )
  const [half = '', cut = '', gone = ''] = readdirSync(join(results, 'broken'))
  await makeRuns(rig, traceText(10), [
    runOf('broken', 304, {}, { workload: { argv: ['x'], pid: -1, status: 0, signal: null, ms: 1 } }),
  ])
  rmSync(join(results, 'broken', half, 'manifest.json'))
  truncateSync(
    join(results, 'broken', cut, 'events.parquet'),
    statSync(join(results, 'broken', cut, 'events.parquet')).size >> 1,
  )
  await rig.lab(['results'])
  rmSync(join(results, 'broken', gone, 'events.parquet'))
  const { status, stderr, stdout } = await rig.lab(['report', 'broken'])
  expect([status, stdout]).toEqual([0, expect.stringContaining('broken.html: 3 runs')])
  expect(stderr).toMatch(/000304-aaaa.*this version of lab cannot read manifest\.json/)
  expect(stderr).toMatch(new RegExp(`${half}.*half of it was deleted`))
  expect(stderr).toMatch(new RegExp(`${cut}.*events.parquet cannot be read`))
  expect(stderr).toMatch(new RegExp(`${gone}.*it was deleted`))
  expect(html('broken')).toContain('10 times the same messages')
})

test('arms of one run each: no effect is claimed, and each keeps its own expectations when a manifest cannot be read', async () => {
  await makeRuns(
    rig,
    traceText(10),
    [16, 1024, 4096].map((bytes, index) =>
      runOf(
        'few',
        400 + index,
        { bytes },
        {
          metrics: { read_ns: bytes },
          expectations: [{ ok: true, lines: [`for ${bytes} bytes`] }],
          trace: traceFacts(bytes === 16 ? 'incomplete' : 'complete', []),
        },
      ),
    ),
  )
  await rig.lab(['results'])
  // As the index knows it, and yet not to be read: of the same size and time.
  const file = join(rig.dir, 'results', 'few', '20260101-000401-aaaa', 'manifest.json')
  const { atime, mtime } = statSync(file)
  writeFileSync(file, readFileSync(file, 'utf8').replace('"expectations"', '"expectationz"'))
  utimesSync(file, atime, mtime)
  const { stderr } = await rig.lab(['report', 'few'])
  expect(stderr).toMatch(/000401-aaaa.*manifest.json cannot be read/)
  const text = html('few')
  expect(text).toContain('nothing was tested, because every arm has too few runs')
  expect(text).not.toContain('0 questions')
  expect(text).toMatch(/<h4>bytes=16 [^]{0,200}for 16 bytes/)
  expect(text).toMatch(/<h4>bytes=4096 [^]{0,200}for 4096 bytes/)
  expect(text).not.toContain('for 1024 bytes')
  expect(text).toContain('too few runs')
  expect(text).toContain('1 and 1')
  expect(text).not.toMatch(/>(large|none shown)</)
  expect(html('cost')).toMatch(/>6 and 6<[^]*>large</)
  // What draws on an incomplete trace says so: the overview, the order of events.
  await rig.lab(['report'])
  expect(html('index')).toMatch(/<caption>Experiments: [^<]*INCOMPLETE DATA: \d+ of \d+ runs/)
  expect(html('index')).toContain('bytes=16: 16 (incomplete)')
})

test('no runs at all: told, and nothing is written', async () => {
  const empty = new Rig(false)
  try {
    await empty.lab(['init', '.'])
    const { status, stderr } = await empty.lab(['report'])
    expect([status, stderr]).toEqual([2, expect.stringMatching(/no runs to report[^]*lab run/)])
    expect(existsSync(join(empty.dir, 'results', 'index.html'))).toBe(false)
  } finally {
    empty.remove()
  }
})
