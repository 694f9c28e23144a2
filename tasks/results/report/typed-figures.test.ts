import { describe, expect, test } from 'vitest'
import { Exhibits } from './exhibits.ts'
import type { ReportRun } from './runs.ts'
import type { TypedFacts } from './typed-facts.ts'
import { unitOfName } from '../../config/metric-unit.ts'
import { barsFigure, typedFigures } from './typed-figures.ts'

type Field = TypedFacts['fields'][number]

const facts = (label: string, fields: readonly Partial<Field>[], runs = 2): TypedFacts => ({
  label,
  channel: 'waits',
  of: runs,
  runs: Array.from({ length: runs }, () => ({ completeness: 'complete', table: true }) as ReportRun),
  fields: fields.map((field) => ({
    field: 'ns',
    records: 1,
    ofHolder: 0,
    different: 1,
    range: null,
    values: new Float32Array(),
    counts: [],
    ...field,
  })),
})

async function drawn(list: readonly TypedFacts[]): Promise<readonly { name: string; svg: string; caption: string }[]> {
  const exhibits = new Exhibits()
  await typedFigures('x', list, exhibits)
  expect(exhibits.warnings).toEqual([])
  return exhibits.figures
}

describe('figures of typed events', () => {
  test('a duration is drawn as a distribution, in the unit that its name says and its size asks for', async () => {
    const values = Float32Array.from({ length: 50 }, (_, index) => 1e6 + index * 1e5)
    const [figure, ...others] = await drawn([facts('idle', [{ values }]), facts('busy', [{ values }])])
    expect(others).toEqual([])
    expect(figure?.svg).toContain('ns (ms)')
    expect(figure?.svg).toContain('busy')
  })

  test('names are drawn as bars; one value in all records, and what has no values, is not drawn', async () => {
    const figures = await drawn([
      facts('idle', [
        { field: 'holder', counts: [['writer', 4]] },
        { field: 'kind', counts: [['mutex', 4]] },
        { field: 'address' },
      ]),
      facts('busy', [
        { field: 'holder', counts: [['', 2]] },
        { field: 'kind', counts: [['mutex', 9]] },
        { field: 'address' },
      ]),
    ])
    expect(figures.map(({ name }) => name)).toEqual(['x-waits-holder'])
    expect(figures[0]?.svg).toMatch(/writer[^]*\(empty\)/)
  })

  test('of many values the most frequent are drawn, and the caption counts the rest', async () => {
    const counts = Array.from({ length: 30 }, (_, index) => [`f${index}`, 30 - index] as const)
    const [figure] = await drawn([facts('idle', [{ field: 'file', different: 30, counts }])])
    expect(figure?.caption).toContain(' 14 less frequent values are not drawn')
    const [part] = await drawn([facts('idle', [{ field: 'file', different: 500, counts }])])
    expect(part?.caption).toContain(' At least 14 less frequent values are not drawn')
    expect(part?.caption).not.toContain('without a bar')
    expect(figure?.svg).toContain('f15')
    expect(figure?.svg).not.toContain('f16')
  })

  test('a name that an arm has too rarely to be counted is not drawn as 0 there', () => {
    const arm = { label: 'idle', runs: 1, values: new Float32Array() }
    const bars = (different: number) =>
      barsFigure('file', [
        {
          ...arm,
          different: 2,
          counts: [
            ['a', 9],
            ['b', 1],
          ],
        },
        { ...arm, label: 'busy', different, counts: [['a', 5]] },
      ])
    const rowsOf = ({ spec }: ReturnType<typeof bars>) => (spec as { data: { values: object[] } }).data.values
    const rare = { value: 'b', arm: 'busy', records: 0 }
    expect(bars(1).uncounted).toEqual([])
    expect(rowsOf(bars(1))).toContainEqual(rare)
    expect(bars(70).uncounted).toEqual(['busy'])
    expect(rowsOf(bars(70))).not.toContainEqual(rare)
  })
})

test.each([
  ['ns', 'ns'],
  ['wait_ns', 'ns'],
  ['bytes', 'B'],
  ['lens', undefined],
  ['spans', undefined],
])('the unit of a field called %s is %s', (name, unit) => expect(unitOfName(name)).toBe(unit))
