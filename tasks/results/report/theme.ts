/**
 * The colours of reports and their figures, by name. The page uses them as CSS variables, so that one figure serves
 * light, dark and print; a figure that stands alone in an SVG or PDF file gets the light ones put in (not every program
 * that draws SVG knows variables).
 */

/** Text on paper needs a contrast of 4.5:1 (WCAG 2.1, 1.4.3), lines and points 3:1 (1.4.11); a test computes both. */
export const THEMES = {
  light: {
    paper: '#ffffff',
    panel: '#f6f8fa',
    ink: '#1f2328',
    soft: '#57606a',
    line: '#d0d7de',
    link: '#0550ae',
    good: '#116329',
    bad: '#b42318',
    warn: '#8a5a00',
    'good-panel': '#e6f4ea',
    'bad-panel': '#fdecea',
    'warn-panel': '#fff4dc',
    s1: '#0550ae',
    s2: '#c2410c',
    s3: '#11734b',
    s4: '#7c3aed',
    s5: '#b5156c',
    s6: '#5b6570',
    s7: '#8a6100',
    s8: '#0e7490',
  },
  dark: {
    paper: '#0d1117',
    panel: '#161b22',
    ink: '#e6edf3',
    soft: '#9aa4af',
    line: '#3d444d',
    link: '#79b8ff',
    good: '#56d364',
    bad: '#ff8a80',
    warn: '#e3b341',
    'good-panel': '#12261a',
    'bad-panel': '#2d1517',
    'warn-panel': '#2b2111',
    s1: '#58a6ff',
    s2: '#ff9248',
    s3: '#4ac26b',
    s4: '#b392f0',
    s5: '#f778ba',
    s6: '#a5b0bb',
    s7: '#d4a72c',
    s8: '#56c4d6',
  },
} as const

export type Colour = keyof (typeof THEMES)['light']

/** A colour as CSS. */
export const colour = (name: Colour): string => `var(--${name})`

/** Colours of series, in their order; after the last they begin again, which is why a series has a shape, too. */
export const SERIES = (['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'] as const).map(colour)

const declared = (theme: Readonly<Record<string, string>>): string =>
  Object.entries(theme)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')

/** Both themes as CSS. Paper is white whatever the screen was. */
export const themeCss = (): string =>
  `:root{color-scheme:light dark;${declared(THEMES.light)}}
@media screen and (prefers-color-scheme:dark){:root{${declared(THEMES.dark)}}}`

/** A figure for a file of its own: light, on white. */
export const standalone = (svg: string): string =>
  svg.replaceAll(/var\(--([a-z0-9-]+)\)/g, (whole, name: string) =>
    Object.hasOwn(THEMES.light, name) ? THEMES.light[name as Colour] : whole,
  )
