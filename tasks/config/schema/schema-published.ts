/** The part of the schema about published results: values and claims that an experiment is compared with. */
import { z } from 'zod'
import { paramName, path, text } from './schema-text.ts'

const arm = text(
  /^[A-Za-z][A-Za-z0-9._-]*=[^,=]+(,[A-Za-z][A-Za-z0-9._-]*=[^,=]+)*$/,
  'arms are chosen by their values, for example bytes=16,kernel=v5.10',
)
const percentage = text(/^[0-9]{1,3}(\.[0-9]{1,2})?%$/, 'a tolerance is a percentage, for example 5%')
const range = z
  .tuple([z.number(), z.number()])
  .refine(([low, high]) => low <= high, 'a range begins with its lower end')

const says = z.string().min(1).optional().describe('the claim in the words of its source')
const only = arm.optional().describe('arms that the claim is about; all when left out')
const of = arm.describe('the arms that are compared')
const to = arm.describe('the arms that they are compared with; arms that agree in everything else make a pair')
const over = paramName.describe('the parameter or axis that grows, in the order of the file')

/** One statement about medians. The first key tells which. */
export const Claim = z.union([
  z
    .strictObject({
      monotone: z.enum(['rising', 'falling']).describe('the metric rises, or falls, from each value to the next'),
      over,
      arm: only,
      says,
    })
    .meta({ title: 'Rises or falls' }),
  z
    .strictObject({ ratio: range.describe('how many times as much, from and to: [11, 16]'), of, to, says })
    .meta({ title: 'A ratio' }),
  z
    .strictObject({
      noDifference: percentage.describe('the largest difference that still counts as none, for example 5%'),
      of,
      to,
      says,
    })
    .meta({ title: 'No difference' }),
  z
    .strictObject({
      atLeast: z.number().describe('the smallest value, in the unit of the published values'),
      arm: only,
      says,
    })
    .meta({ title: 'At least' }),
  z
    .strictObject({
      atMost: z.number().describe('the largest value, in the unit of the published values'),
      arm: only,
      says,
    })
    .meta({ title: 'At most' }),
  z
    .strictObject({ order: z.array(arm).min(2).describe('arms, the one with the smallest value first'), says })
    .meta({ title: 'An order of arms' }),
  z
    .strictObject({
      slope: range.describe('what each step of 1 of a number adds, from and to, in the unit of the published values'),
      over,
      arm: only,
      says,
    })
    .meta({ title: 'A slope' }),
  z
    .strictObject({
      shape: percentage.describe(
        'how far each arm may be from its published share when both series are divided by their geometric mean',
      ),
      says,
    })
    .meta({ title: 'The same shape' }),
  z
    .strictObject({ equal: percentage.describe('how far each arm may be from its published value'), says })
    .meta({ title: 'The same values' }),
])

const value = z
  .union([z.number(), z.tuple([z.number(), z.number().min(0)])])
  .describe('a value, or a value and its spread: [47.6, 6.5]')

export const Published = z
  .strictObject({
    source: z.string().min(1).describe('where it was published: citation, and the table, figure or page'),
    metric: paramName.describe('the metric that it is compared with'),
    unit: z.string().min(1).max(20).optional().describe('of the published values; that of the metric when left out'),
    setup: z.string().min(1).optional().describe('what it was measured on, in a sentence'),
    clock: z
      .string()
      .min(1)
      .optional()
      .describe(
        'the clock source of its machine (kvm-clock, tsc, ...): on another one, absolute times are not compared',
      ),
    spread: z
      .enum(['sd', 'se', 'ci95', 'unknown'])
      .optional()
      .describe(
        'what the spread of a value is: standard deviation (sd, when left out), standard error, half of the 95 % interval, or not known',
      ),
    runs: z.int().min(1).optional().describe('runs behind each published value'),
    values: z
      .union([
        z.record(arm, value),
        z.strictObject({ csv: path.describe('a CSV file with the columns arm, value, and optionally spread') }),
      ])
      .optional()
      .describe('published values by arm, or { csv: FILE }'),
    claims: z.array(Claim).min(1).optional().describe('what the source claims, each with a verdict of its own'),
  })
  .meta({ title: 'Published results', description: 'results of others, to be shown beside the measured ones' })

export type Published = z.infer<typeof Published>
export type Claim = z.infer<typeof Claim>
