import { describe, expect, test } from 'vitest'
import { changed, problemsIn } from '../lab.fixture.ts'

const lab = (published: string, repeat = 5) =>
  changed(
    ['params: { bytes: [16], count: [3] }', 'params: { bytes: [16, 64], count: [3] }'],
    [
      '    repeat: 5\n',
      `    repeat: ${repeat}\n    metrics: { took: { stdout: 'took ([0-9]+)', unit: ns }, bare: { stdout: 'n=([0-9]+)' } }\n    published: [{ source: a paper, ${published} }]\n`,
    ],
  )

describe('published', () => {
  test.each<[string, string[]]>([
    ['metric: took, unit: ms, values: { "bytes=16,count=3": [1, 2] }', []],
    ['metric: took, claims: [{ ratio: [1, 2], of: bytes=64, to: bytes=16 }, { monotone: rising, over: bytes }]', []],
    ['metric: tok, values: { "bytes=16,count=3": 1 }', ['there is no metric "tok" | did you mean "took"?']],
    [
      'metric: took, unit: MiB, values: { "bytes=16,count=3": 1 }',
      [
        'the published values are in MiB, and metric took is in ns: they cannot be compared | correct one of the two units, or compare another metric',
      ],
    ],
    [
      'metric: bare, unit: ms, values: { "bytes=16,count=3": 1 }',
      ['metric bare has no unit, and the published values are in ms | add "unit:" to the metric'],
    ],
    [
      'metric: took, values: { "bytes=17,count=3": 1 }',
      ['no arm of the experiment is called "bytes=17,count=3" | did you mean "bytes=16,count=3"?'],
    ],
    [
      'metric: took, values: { "count=3,bytes=17": 1 }',
      ['no arm of the experiment is called "count=3,bytes=17" | did you mean "bytes=16,count=3"?'],
    ],
    [
      'metric: took, claims: [{ atMost: 5, arm: "count=3,bytes=17" }]',
      ['no arm of the experiment has bytes=17 | did you mean "bytes=16"?'],
    ],
    [
      'metric: took, values: { bytes=16: 1 }',
      ['no arm of the experiment is called "bytes=16" | did you mean "bytes=16,count=3"?'],
    ],
    [
      'metric: took, claims: [{ noDifference: 5%, of: bytes=64, to: bytes=17 }]',
      ['no arm of the experiment has bytes=17 | did you mean "bytes=16"?'],
    ],
    [
      'metric: took, claims: [{ noDifference: 5%, of: bytes=64, to: bytes=64 }]',
      [
        'no arm with bytes=64 differs from one with bytes=64 in these values alone | name values of the same parameters on both sides',
      ],
    ],
    [
      'metric: took, claims: [{ monotone: rising, over: byte }]',
      ['there is no parameter or axis "byte" | did you mean "bytes"?'],
    ],
    [
      'metric: took, claims: [{ shape: 5% }]',
      ['the claim is about published values, and there are none | add "values:"'],
    ],
    ['metric: took', ['it has neither values nor claims | add "values:" or "claims:"']],
    [
      'metric: took, claims: [{ order: [count=3, bytes=64] }]',
      ['count=3 stands for 2 arms, and an order is one of single arms | name a value of every parameter'],
    ],
  ])('%s', (published, is) => expect(problemsIn(lab(published))).toEqual(is))

  test('a claim with one run', () => {
    expect(problemsIn(lab('metric: took, claims: [{ atMost: 5 }]', 1))).toEqual([
      'a claim needs 5 runs of each arm, and the experiment makes 1 | write "repeat: 5" or more',
    ])
  })
})
