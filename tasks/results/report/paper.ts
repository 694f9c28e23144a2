/** A report as a paper: LaTeX with a table of claims, the methods, and every figure and table by experiment. */
import type { PublishedReport } from '../published/evaluate.ts'
import { decidingText, wordOf } from '../published/text.ts'
import type { Figure } from './exhibits.ts'
import { spansOf } from './methods.ts'
import { FONTS } from './paper-fonts.ts'
import { latexCode, latexText, type Table } from './table.ts'

/** Rows of a table that fit on a page; longer ones are files only. */
const PAGE = 40

export interface PaperPart {
  readonly experiment: string
  readonly about: string | undefined
  readonly figures: readonly Figure[]
  readonly tables: readonly Table[]
  readonly published: readonly PublishedReport[]
}

export interface Paper {
  readonly title: string
  /** "41 runs of 3 experiments, ...". */
  readonly subtitle: string
  /** Markdown of our own: `## NAME`, paragraphs and `code`. */
  readonly methods: string
  readonly parts: readonly PaperPart[]
}

/** `code` is set in one width, and may be broken where it has a slash. */
const marked = (line: string): string =>
  spansOf(line)
    .map(({ text, isCode }) => (isCode ? latexCode(text).replaceAll('/', '/\\allowbreak{}') : latexText(text)))
    .join('')

function methodsLatex(methods: string): string[] {
  return methods.split(/\n+/).flatMap((line) => {
    if (line.startsWith('## ')) return [`\\subsection{${latexText(line.slice(3))}}`]
    return line.trim() === '' || line.startsWith('# ') ? [] : [marked(line), '']
  })
}

function claimsLatex(parts: readonly PaperPart[]): string[] {
  const rows = parts.flatMap(({ experiment, published }) =>
    published.flatMap(({ claims, source }) =>
      claims.map((claim) => {
        const measured = [decidingText(claim), claim.why ?? ''].filter((part) => part !== '').join('; ')
        return `${latexText(experiment)} & ${latexText(claim.claim)} (${latexText(source)}) & ${latexText(wordOf(claim.verdict))} & ${latexText(measured)} \\\\`
      }),
    ),
  )
  if (rows.length === 0) return []
  return [
    '\\section{Claims}',
    '{\\footnotesize',
    `\\begin{longtable}{${[0.14, 0.36, 0.13, 0.27].map((width) => `>{\\raggedright\\arraybackslash}p{${width}\\linewidth}`).join('')}}`,
    '\\caption{Published claims, and whether they hold here. Intervals are 95\\,\\% bootstrap intervals of medians.}\\\\',
    '\\toprule',
    'experiment & claim & verdict & measured \\\\',
    '\\midrule\\endhead',
    '\\bottomrule\\endfoot',
    ...rows,
    '\\end{longtable}}',
    '',
  ]
}

const figureLatex = ({ name, caption }: Figure): string[] => [
  '\\begin{figure}[htbp]',
  '  \\centering',
  `  \\includegraphics[width=\\linewidth,height=0.4\\textheight,keepaspectratio]{${name}.pdf}`,
  `  \\caption{${latexText(caption)}}`,
  `  \\label{fig:${name}}`,
  '\\end{figure}',
]

/** Tables of files beside the document; those that do not fit on a page are named. */
export function tablesLatex(tables: readonly Table[]): string[] {
  const long = tables.filter(({ rows }) => rows.length > PAGE).map(({ name }) => latexCode(`${name}.csv`))
  return [
    ...tables.filter(({ rows }) => rows.length <= PAGE).map(({ name }) => `\\input{${name}.tex}`),
    ...(long.length > 0 ? [`Tables that are longer than a page are files: ${long.join(', ')}.`] : []),
  ]
}

/** What is published comes first; a page break ends each part, since LaTeX holds back only so many floats. */
function partLatex({ experiment, about, figures, tables }: PaperPart): string[] {
  return [
    `\\subsection{${latexText(experiment)}}`,
    ...(about === undefined ? [] : [latexText(about), '']),
    ...figures.flatMap(figureLatex),
    ...tablesLatex(tables.filter(({ notInPaper }) => notInPaper !== true)),
    '\\clearpage',
  ]
}

/** The whole document; its figures (PDF) and tables (LaTeX) are files beside it. */
export function paperLatex({ title, subtitle, methods, parts }: Paper): string {
  return [
    '% pdflatex paper.tex, twice; packages of texlive-latex-recommended are enough.',
    '\\documentclass[11pt]{article}',
    ...FONTS,
    '\\usepackage[utf8]{inputenc}',
    '\\usepackage{textcomp,array,booktabs,longtable,graphicx}',
    '\\usepackage[a4paper,margin=2.2cm]{geometry}',
    '\\setlength{\\emergencystretch}{3em}',
    // Captions of tables are above them.
    '\\setlength{\\belowcaptionskip}{6pt}',
    `\\title{${latexText(title)}}`,
    `\\date{${latexText(subtitle)}}`,
    '\\begin{document}',
    '\\maketitle',
    ...claimsLatex(parts),
    '\\section{Methods}',
    ...methodsLatex(methods),
    '\\section{Results}',
    ...parts.flatMap(partLatex),
    '\\end{document}',
    '',
  ].join('\n')
}
