/**
 * The fonts of a paper. T1 alone gives bitmaps (Type 3) where neither lmodern nor cm-super is installed, from which no
 * text can be copied; the fonts of OT1 are outlines everywhere (amsfonts), and lack some characters.
 */

/** Characters of code that OT1 has in its typewriter fonts only, by their places there. */
const OF_TYPEWRITER: Readonly<Record<string, number>> = {
  textquotedbl: 34,
  textdollar: 36,
  textless: 60,
  textgreater: 62,
  textbackslash: 92,
  textasciicircum: 94,
  textunderscore: 95,
  textbraceleft: 123,
  textbar: 124,
  textbraceright: 125,
  textasciitilde: 126,
  // Of TS1 otherwise, which is a bitmap font here.
  textquotesingle: 13,
  textasciigrave: 18,
}

/** Of TS1 otherwise. */
const OF_MATHEMATICS: Readonly<Record<string, string>> = {
  textmu: '\\mu',
  textpm: '\\pm',
  texttimes: '\\times',
  textbullet: '\\bullet',
  textdegree: '{}^\\circ',
}

/** Letters that only T1 has: a bitmap is better than a paper that cannot be compiled. */
const LETTERS = 'DH dh TH th DJ dj NG ng quotedblbase guillemotleft guillemotright guillemetleft guillemetright'.split(
  ' ',
)

const command = (name: string, meaning: string): string => `  \\DeclareTextCommand{\\${name}}{OT1}{${meaning}}`

/** Lines of a preamble, before inputenc. */
export const FONTS: readonly string[] = [
  '\\usepackage{textcomp}',
  '\\input{glyphtounicode}\\pdfgentounicode=1',
  '\\IfFileExists{lmodern.sty}{\\usepackage[T1]{fontenc}\\usepackage{lmodern}}{%',
  '  \\usepackage[T1,OT1]{fontenc}',
  ...Object.entries(OF_TYPEWRITER).map(([name, place]) => command(name, `{\\ttfamily\\char${place}}`)),
  ...Object.entries(OF_MATHEMATICS).map(([name, sign]) => command(name, `\\ensuremath{${sign}}`)),
  ...LETTERS.map((name) => `  \\DeclareTextSymbolDefault{\\${name}}{T1}`),
  '  \\DeclareTextAccentDefault{\\k}{T1}',
  '}',
]
