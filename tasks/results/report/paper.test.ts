import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { which } from '../../host/which.ts'
import { paperLatex, type Paper } from './paper.ts'
import { tableLatex, type Table } from './table.ts'
import { needs } from '../../test/needs.ts'

const table = (name: string, over: Partial<Table> = {}): Table => ({
  name,
  caption: '',
  columns: [],
  rows: [],
  ...over,
})
const paper = (methods: string, tables: readonly Table[] = []): Paper => ({
  title: 't',
  subtitle: '',
  methods,
  parts: [{ experiment: 'x', about: undefined, figures: [], tables, published: [] }],
})

test('code in the methods is printed as it was typed, also with backticks in it', () => {
  const text = paperLatex(paper('The workload `a --count 2` and `` echo `date` `` ran.'))
  expect(text).toContain('\\texttt{a -{}-count 2} and \\texttt{echo \\textasciigrave{}date\\textasciigrave{}} ran.')
})

test('claims have a section only where there are some, and their tables are not there twice', () => {
  const text = paperLatex(paper('', [table('x-calls-claims', { notInPaper: true }), table('x-numbers')]))
  expect(text).not.toContain('Claims')
  expect(text).not.toContain('x-calls-claims')
  expect(text).toContain('\\input{x-numbers.tex}')
})

test('a table that is longer than a page is named by its file', () => {
  const rows = Array.from({ length: 41 }, (_, index) => [index])
  const text = paperLatex(paper('', [table('x-runs', { rows }), table('x-claims', { rows, notInPaper: true })]))
  expect(text).toContain('longer than a page are files: \\texttt{x-runs.csv}.')
})

/** Of texlive-latex-recommended and poppler-utils. */
const POPPLER = 'there is no pdflatex, or no poppler-utils (packages texlive-latex-recommended, poppler-utils)'
const [latex, toText, fonts] = [which('pdflatex'), which('pdftotext'), which('pdffonts')]
const CODE = `a --count 2 --- << >> 'q' "d" \\_{}~^|<>$&%#,,`

/** Compiles a paper in a directory that is removed after the test. */
function compiled(methods: string, tables: readonly Table[] = []): string {
  const dir = mkdtempSync(join(tmpdir(), 'lab-paper-'))
  onTestFinished(() => {
    rmSync(dir, { recursive: true })
  })
  writeFileSync(join(dir, 'paper.tex'), paperLatex(paper(methods, tables)))
  for (const table of tables) writeFileSync(join(dir, `${table.name}.tex`), tableLatex(table))
  const made = spawnSync(latex ?? '', ['-interaction=nonstopmode', '-halt-on-error', 'paper.tex'], {
    cwd: dir,
    encoding: 'utf8',
  })
  expect([made.status, made.stdout.match(/^!.*/m)?.[0]]).toEqual([0, undefined])
  return join(dir, 'paper.pdf')
}

test(
  'text can be copied out of the paper, and its fonts are outlines',
  needs(latex !== undefined && toText !== undefined && fonts !== undefined, POPPLER),
  () => {
    const file = compiled(`Different buffers: \`${CODE}\` 5 µs ± 1 × 2.\n\nBackticks: \`\`\`x\`\`y!\`\`\`.`)
    const output = (program: string | undefined, ...args: string[]) =>
      spawnSync(program ?? '', args, { encoding: 'utf8' }).stdout
    const text = output(toText, file, '-').replaceAll(/\s+/g, ' ')
    expect(text).toContain(`Different buffers: ${CODE} 5`)
    expect(text).toContain('x``y!.')
    expect(output(fonts, file)).not.toContain('Type 3')
  },
)

test(
  'letters beyond ASCII can be compiled',
  needs(latex !== undefined, 'there is no pdflatex (package texlive-latex-recommended)'),
  () => {
    expect(compiled('é ü ß ø ą đ ð þ ŋ « » „ “ ” † ‡ • … ‰ € ™ £ ° µ ł ő ı œ Æ § ® ½ `é « ŋ`')).toMatch(/pdf$/)
    expect(compiled(Array.from({ length: 0x17f }, (_, at) => String.fromCodePoint(at + 1)).join(' '))).toMatch(/pdf$/)
  },
)

test(
  'a table of a paper has every cell, whatever a guest called it',
  needs(latex !== undefined && toText !== undefined, POPPLER),
  () => {
    const columns = [
      { head: 'arm', kind: 'text' },
      { head: 'message', kind: 'code' },
    ] as const
    const rows = [
      ['[1cm]first', 'ħ 中 ❤'],
      ['*second', '\\input{x} ^^5c'],
    ]
    const file = compiled('m', [table('x-cells', { caption: 'c 中', columns, rows })])
    const text = spawnSync(toText ?? '', ['-layout', file, '-'], { encoding: 'utf8' }).stdout
    expect(text).toMatch(/\[1cm\]first +\? \? \?/)
    expect(text).toMatch(/\*second +\\input\{x\} \^\^5c/)
  },
)
