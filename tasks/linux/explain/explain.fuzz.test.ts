/**
 * Texts that were cut, joined and spoiled: whatever they say, nothing is thrown, and every line number is one of the
 * text.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { explainedText } from '../../explain/explain.ts'
import { Explainer } from './index.ts'
import { ATTACH, BOOT, BUILD, LOAD, POSTED, SHELL } from './messages/examples.fixture.ts'
import { ROWS } from './messages/index.ts'
import { GOLDEN } from '../splats/splats.fixture.ts'

const TEXTS = [
  ...[...ATTACH, ...LOAD, ...BUILD, ...BOOT, ...SHELL, ...POSTED].map(([text]) => text),
  ...GOLDEN.map(({ text }) => text),
]
const JUNK = [
  '\u001B]0;title\u0007',
  '\u001B[2J',
  '\0',
  '\u009B31m',
  '\r',
  '\u202E',
  '\uD800',
  'é',
  '\\n',
  ': ',
  '(',
  "'",
]

const piece = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.constantFrom(...JUNK),
  fc.constantFrom(...ROWS.flatMap(({ needle }) => needle)),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
const spoiled = fc
  .array(fc.record({ text: piece, from: fc.nat(80), times: fc.constantFrom(1, 1, 1, 2, 400) }), {
    minLength: 1,
    maxLength: 12,
  })
  .chain((pieces) =>
    fc
      .constantFrom('\n', ' ', '')
      .map((glue) =>
        pieces.map(({ text, from, times }) => text.slice(from % (text.length + 1)).repeat(times)).join(glue),
      ),
  )

// oxlint-disable-next-line no-control-regex -- these are what matters
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E]/

test('any text is explained without an error, and nothing of it controls a terminal', () => {
  fc.assert(
    fc.property(spoiled, (text) => {
      const explainer = new Explainer()
      for (const line of text.split('\n')) explainer.feed(line)
      const result = explainer.end()
      expect(explainedText([{ source: 'x', ...result }])).not.toMatch(CONTROL)
      for (const { lines, what, cause } of result.findings) {
        expect(lines.every((line) => line >= 1 && line <= result.lines)).toBe(true)
        expect(`${what}${cause}`).toMatch(/\w/)
      }
    }),
    { numRuns: 300 },
  )
})
