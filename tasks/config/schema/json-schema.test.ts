import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { labJsonSchema } from './json-schema.ts'
import { EXAMPLE } from '../lab.fixture.ts'
import { Lab } from './schema.ts'

type Schema = Readonly<Record<string, unknown>>

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const schemasIn = (value: unknown): Schema[] => (isSchema(value) ? Object.values(value).filter(isSchema) : [])

/** Every schema below one, with itself. */
function* all(schema: Schema): Iterable<Schema> {
  yield schema
  for (const inner of schemasIn(schema['properties'])) yield* all(inner)
  for (const inner of Array.isArray(schema['anyOf']) ? schema['anyOf'].filter(isSchema) : []) yield* all(inner)
  for (const key of ['items', 'additionalProperties']) if (isSchema(schema[key])) yield* all(schema[key])
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  array: Array.isArray,
  object: isSchema,
}

/**
 * As much of a JSON Schema validator as the lab's schema needs; an unknown keyword would be a hole, so it is an error.
 */
const KEYWORDS: Readonly<Record<string, (rule: unknown, value: unknown, schema: Schema) => boolean>> = {
  type: (rule, value) => TYPES[String(rule)]?.(value) ?? false,
  const: (rule, value) => rule === value,
  enum: (rule, value) => Array.isArray(rule) && rule.includes(value),
  pattern: (rule, value) => typeof value !== 'string' || new RegExp(String(rule), 'u').test(value),
  minLength: (rule, value) => typeof value !== 'string' || value.length >= Number(rule),
  minItems: (rule, value) => !Array.isArray(value) || value.length >= Number(rule),
  maxItems: (rule, value) => !Array.isArray(value) || value.length <= Number(rule),
  minimum: (rule, value) => typeof value !== 'number' || value >= Number(rule),
  maximum: (rule, value) => typeof value !== 'number' || value <= Number(rule),
  anyOf: (rule, value) => Array.isArray(rule) && rule.some((option) => isSchema(option) && accepts(option, value)),
  items: (rule, value) => !Array.isArray(value) || (isSchema(rule) && value.every((item) => accepts(rule, item))),
  required: (rule, value) =>
    !isSchema(value) || (Array.isArray(rule) && rule.every((key) => Object.hasOwn(value, String(key)))),
  propertyNames: (rule, value) =>
    !isSchema(value) || (isSchema(rule) && Object.keys(value).every((key) => accepts(rule, key))),
  properties: (rule, value) =>
    !isSchema(value) ||
    !isSchema(rule) ||
    Object.entries(rule).every(
      ([key, inner]) => !Object.hasOwn(value, key) || (isSchema(inner) && accepts(inner, value[key])),
    ),
  additionalProperties: (rule, value, schema) => {
    if (!isSchema(value)) return true
    const known = isSchema(schema['properties']) ? Object.keys(schema['properties']) : []
    const rest = Object.keys(value).filter((key) => !known.includes(key))
    return isSchema(rule) ? rest.every((key) => accepts(rule, value[key])) : rest.length === 0
  },
  $schema: () => true,
  title: () => true,
  description: () => true,
  format: () => true,
}

function accepts(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    const check = KEYWORDS[keyword]
    if (check === undefined) throw new Error(`the test does not know the keyword ${keyword}`)
    return check(rule, value, schema)
  })
}

const schema = labJsonSchema()

test('is draft 2020-12 and plain JSON', () => {
  expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema')
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
})

test('every mapping with fixed keys refuses others, and each of its keys is described', () => {
  const mappings = [...all(schema)].filter((each) => isSchema(each['properties']))
  expect(mappings.length).toBeGreaterThan(12)
  for (const mapping of mappings) {
    expect(mapping['additionalProperties']).toBe(false)
    for (const [key, inner] of Object.entries(isSchema(mapping['properties']) ? mapping['properties'] : {})) {
      expect
        .soft(inner, `${JSON.stringify(mapping['title'] ?? Object.keys(mapping['properties'] ?? {}))}: ${key}`)
        .toHaveProperty('description')
    }
  }
})

describe('judges as the loader does', () => {
  const example: unknown = parse(EXAMPLE)
  const shipped: unknown = parse(readFileSync(new URL('../../../lab.yaml', import.meta.url), 'utf8'))

  test('accepts the example and the shipped lab', () => {
    expect(accepts(schema, example)).toBe(true)
    expect(accepts(schema, shipped)).toBe(true)
    expect(Lab.safeParse(shipped).success).toBe(true)
  })

  test.each([
    ['an unknown key at the top', (lab: typeof Lab._output) => Object.assign(lab, { zebra: 1 })],
    [
      'an unknown key in a kernel',
      (lab: typeof Lab._output) => Object.assign(lab.kernels['v5.4'] ?? {}, { patchs: [] }),
    ],
    [
      'an unknown key in a source',
      (lab: typeof Lab._output) => Object.assign(lab.kernels['v5.4']?.source ?? {}, { zip: 1 }),
    ],
    ['a missing key', (lab: typeof Lab._output) => Reflect.deleteProperty(lab.vms['default'] ?? {}, 'image')],
    ['a number as a name', (lab: typeof Lab._output) => Object.assign(lab.vms['default'] ?? {}, { image: 5.1 })],
    ['a bad name', (lab: typeof Lab._output) => Object.assign(lab.images, { 'a b': { recipe: 'x' } })],
    ['too many CPUs', (lab: typeof Lab._output) => Object.assign(lab.vms['default'] ?? {}, { cpus: 65 })],
    ['a size without a unit', (lab: typeof Lab._output) => Object.assign(lab.vms['default'] ?? {}, { memory: '512' })],
    [
      'an empty list of sources',
      (lab: typeof Lab._output) => Object.assign(lab.experiments?.['readiter']?.workload ?? {}, { source: [] }),
    ],
  ])('refuses %s', (_, spoil) => {
    const lab = Lab.parse(parse(EXAMPLE))
    spoil(lab)
    expect(Lab.safeParse(lab).success).toBe(false)
    expect(accepts(schema, lab)).toBe(false)
  })
})
