/**
 * What the schema has against the data, rewritten for people. zod's issues say what was expected; the file shows what
 * is there.
 */
import { z } from 'zod'
import { describe, quoted } from '../describe.ts'
import type { Path, Problem } from './diagnostic.ts'
import { bare, descriptionOf, formsOf, keysOf, meantKey, schemaAt, unknownKeyWayOut } from '../schema/schema-keys.ts'
import { suggest } from './suggest.ts'
import { ENOUGH, changedNumbers, numberFinding } from './yaml-lint.ts'
import { type YamlText, pathText, sourceOf } from './yaml-location.ts'

type Issue = z.core.$ZodIssue

const asPath = (path: readonly PropertyKey[]): Path =>
  path.map((part) => (typeof part === 'number' ? part : String(part)))

/** A problem of shape; the key is told apart from the message so that one misspelling is not reported twice. */
interface ShapeProblem extends Problem {
  readonly key?: { readonly name: string; readonly is: 'unknown' | 'missing' }
}

const error = (path: Path, at: Problem['at'], message: string, wayOut?: string): ShapeProblem => ({
  severity: 'error',
  path,
  at,
  message,
  wayOut,
})

/** The value at a path of plain data. */
function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = Reflect.get(value, part)
  }
  return value
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  // zod says "int" of 1.5 and "number" of anything else; the format has whole numbers only.
  number: 'a whole number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return `the truth value ${String(value)}`
  return Number.isInteger(value) ? 'a number' : 'a number with a fraction'
}

/** Ways out of a wrong type, by what was expected and what was found; the first that fits. */
const TYPE_WAYS_OUT: readonly (readonly [
  expected: RegExp,
  found: RegExp,
  wayOut: (source: string, path: Path) => string,
])[] = [
  [
    /text$/,
    /^the truth value/,
    (source, path) => (path.includes('options') ? 'write y or n' : `quote it: "${source}"`),
  ],
  [/^text$/, /^a list/, () => 'write one value, without "-" and without [ ]'],
  [/^a list$/, /^(text|a number)/, (source) => `write it as a list: [${source}]`],
  [/^a list$/, /^a mapping/, () => 'begin each entry with "- "'],
  [/^a mapping$/, /^a list/, () => 'write "name: value" entries, without "- "'],
  [/^a mapping$/, /^nothing/, () => 'indent its entries below it, or delete the key'],
  [/^a whole number$/, /^text/, () => 'write digits, without quotes'],
  [/./, /^nothing/, () => 'write a value, or delete the key'],
]

/** A scalar as it would be printed. A mapping may have a key `toString`, with which it has no text. */
const plainText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? String(value)
    : ''

function wrongType(expected: string, value: unknown, path: Path, yaml: YamlText): ShapeProblem {
  const source = sourceOf(yaml, path) ?? plainText(value)
  if (expected === 'text' && typeof value === 'number') {
    const { message, wayOut } = numberFinding(source, value)
    // Quotes help only where the same characters are right as text: not for a size without its unit, nor for a URL.
    const rule = schemaAt(path)?.safeParse(source).error?.issues[0]
    const better = rule?.code === 'invalid_format' || rule?.code === 'invalid_union' ? rule.message : undefined
    return error(path, 'value', `${describe(path)}: expected text; ${message}`, better ?? wayOut)
  }
  const found = kindOf(value)
  const schema = schemaAt(path)
  if (expected.startsWith('a whole number') && typeof value === 'string' && /^[0-9]{1,15}$/.test(value))
    return error(
      path,
      'value',
      `${describe(path)}: expected ${expected}, found text`,
      `write ${Number(value)}, without quotes`,
    )
  const forms = formsOf(schema)
  const special = TYPE_WAYS_OUT.find(([wanted, pattern]) => wanted.test(expected) && pattern.test(found))
  const keys = forms.length > 0 ? `its keys are ${forms.join('; or ')}` : undefined
  const known = expected === 'a mapping' ? (keys ?? descriptionOf(schema)) : (descriptionOf(schema) ?? keys)
  return error(
    path,
    'value',
    `${describe(path)}: expected ${expected}, found ${found}`,
    special?.[2](source, path) ?? known,
  )
}

function missingKey(path: Path): ShapeProblem {
  const key = String(path.at(-1))
  const parent = path.slice(0, -1)
  const description = descriptionOf(schemaAt(path))
  const wayOut = description === undefined ? `add "${key}:"` : `add "${key}:", ${description}`
  const problem = error(parent, 'missing', `missing key "${key}" in ${describe(parent)}`, wayOut)
  return { ...problem, key: { name: key, is: 'missing' } }
}

function unknownKey(key: string, path: Path): ShapeProblem {
  const message = `unknown key ${quoted(key)} in ${describe(path)}`
  return { ...error([...path, key], 'key', message, unknownKeyWayOut(key, path)), key: { name: key, is: 'unknown' } }
}

/**
 * Which option of a union is meant is told by the kind of the value and, between mappings, by the first key of each
 * form.
 */
function unionProblems(path: Path, value: unknown, yaml: YamlText, data: unknown): ShapeProblem[] {
  const schema = bare(schemaAt(path))
  const options = optionsOf(schema)
  const again = (option: z.ZodType) => problemsOf(option.safeParse(value).error?.issues ?? [], path, yaml, data)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { forms, present } = formsMeant(path, value)
    if (present.length > 1) return [bothForms(path, present)]
    const meant = present[0] ?? (forms.length === 1 ? forms[0] : undefined)
    if (meant !== undefined) return again(meant)
    if (forms.length > 0) return [noForm(path, Object.keys(value), forms)]
    const record = options.find((option) => option instanceof z.ZodRecord)
    if (record !== undefined) return again(record)
  }
  const lists = options.find((option) => option instanceof z.ZodArray)
  if (Array.isArray(value) && lists !== undefined) return again(lists)
  const texts = options.find((option) => option instanceof z.ZodString)
  if (typeof value === 'string' && texts !== undefined) return again(texts)
  const numbers = options.find((option) => option instanceof z.ZodNumber)
  const words = options.flatMap(wordsOf)
  if (typeof value === 'string' && words.length > 0 && !(numbers !== undefined && /^[0-9]+$/.test(value)))
    return [noWord(path, value, words, numbers !== undefined)]
  const expected = options.flatMap((option) => {
    const own = wordsOf(option)
    return own.length > 0 ? own : (EXPECTED[option instanceof z.ZodNumber ? 'int' : option.def.type] ?? option.def.type)
  })
  // No map holds a fraction: in quotes it would be refused when the run begins.
  const quotable = expected.includes('text') && path[2] !== 'maps'
  if (quotable && typeof value === 'number' && !Number.isInteger(value)) return [wrongType('text', value, path, yaml)]
  if (typeof value === 'number' && numbers !== undefined) return again(numbers)
  return [wrongType([...new Set(expected)].join(' or '), value, path, yaml)]
}

/** What a value may be, each by itself. */
function optionsOf(schema: z.ZodType | undefined): z.ZodType[] {
  if (!(schema instanceof z.ZodUnion)) return schema === undefined ? [] : [schema]
  return schema.options.flatMap((option) => (option instanceof z.ZodType ? optionsOf(bare(option)) : []))
}

/** Words that stand for themselves: `drop-caches`, `auto`. */
const wordsOf = (option: z.ZodType): string[] =>
  option instanceof z.ZodLiteral || option instanceof z.ZodEnum
    ? [...(option instanceof z.ZodLiteral ? option.values : option.options)].map(String)
    : []

function noWord(path: Path, value: string, words: readonly string[], number: boolean): ShapeProblem {
  const near = suggest(value, words)
  const forms = formsOf(schemaAt(path)).filter((form) => form !== '')
  const others = [
    ...(number ? ['a whole number'] : []),
    words.join(' or '),
    forms.map((form) => `{ ${form}: ... }`).join(', '),
  ]
  const wayOut = near === undefined ? `write ${others.filter(Boolean).join(', or ')}` : `did you mean "${near}"?`
  return error(path, 'value', `${describe(path)}: ${quoted(value)} is not ${words.join(' or ')}`, wayOut)
}

/** The forms of a mapping whose first key is there: the ones that are meant. */
function formsMeant(path: Path, value: unknown): { forms: z.ZodObject[]; present: z.ZodObject[] } {
  const schema = bare(schemaAt(path))
  const forms = schema instanceof z.ZodUnion ? schema.options.filter((option) => option instanceof z.ZodObject) : []
  const has = (form: z.ZodObject) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, keysOf(form)[0] ?? '')
  return { forms, present: forms.filter(has) }
}

const bothForms = (path: Path, [first, second]: readonly z.ZodObject[]) =>
  error(
    path,
    'key',
    `${describe(path)} has both "${keysOf(first)[0]}" and "${keysOf(second)[0]}"`,
    'keep one of the two',
  )

/** A mapping with several forms that has the first key of none. */
function noForm(path: Path, keys: readonly string[], forms: readonly z.ZodType[]): ShapeProblem {
  const first = forms.map((form) => keysOf(form)[0] ?? '')
  const near = keys.map((key) => suggest(key, first)).find((key) => key !== undefined)
  const wayOut = near === undefined ? `its keys are ${forms.flatMap(formsOf).join('; or ')}` : `did you mean "${near}"?`
  return error(path, 'key', `${describe(path)} has none of the keys ${first.join(', ')}`, wayOut)
}

function wrongSize(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, path: Path, value: unknown): ShapeProblem {
  const small = issue.code === 'too_small'
  const limit = Number(small ? issue.minimum : issue.maximum)
  if (issue.origin === 'array') return error(path, 'value', `${describe(path)}: the list is empty`, 'name at least one')
  if (issue.origin === 'string')
    return error(path, 'value', `${describe(path)}: the text is empty`, descriptionOf(schemaAt(path)))
  const bound = small ? `at least ${limit}` : `at most ${limit}`
  return error(
    path,
    'value',
    `${describe(path)}: ${plainText(value)} is too ${small ? 'small' : 'large'}`,
    `write ${bound}`,
  )
}

function wrongValue(values: readonly unknown[], path: Path, value: unknown, yaml: YamlText): ShapeProblem {
  if (value === null) return wrongType('text', value, path, yaml)
  if (typeof value !== 'string') {
    // In YAML 1.2 these are no truth values; in other programs they are.
    const word = typeof value === 'boolean' ? { true: 'yes', false: 'no' }[`${value}`] : undefined
    const known = word !== undefined && values.includes(word) ? word : values.join(' or ')
    return error(
      path,
      'value',
      `${describe(path)}: expected ${values.join(' or ')}, found ${kindOf(value)}`,
      `write ${known}`,
    )
  }
  const near = suggest(value, values.map(String))
  const list = values.join(', ')
  const rule = values.length === 1 ? `${list}, the only value` : `one of ${list}`
  const message = `${describe(path)}: ${quoted(value)} is not ${rule}`
  return error(path, 'value', message, near === undefined ? `write ${values.join(' or ')}` : `did you mean "${near}"?`)
}

/** Problems of the first entries of a list; the others are counted. */
function some<T>(list: readonly T[], problems: (one: T) => ShapeProblem | ShapeProblem[], path: Path): ShapeProblem[] {
  const found = list.slice(0, ENOUGH).flatMap(problems)
  const more = list.length - ENOUGH
  return more <= 0 ? found : [...found, error(path, 'key', `${describe(path)} has ${more} more problems of this kind`)]
}

/** One issue of zod as problems. Codes that the schema cannot produce keep zod's own words. */
function problemsOfIssue(issue: Issue, base: Path, yaml: YamlText, data: unknown): ShapeProblem[] {
  const path = [...base, ...asPath(issue.path)]
  const value = valueAt(data, path)
  switch (issue.code) {
    case 'unrecognized_keys': {
      // zod takes the one form that parses but for its unknown keys, and does not say that there were others.
      const { present } = formsMeant(path, value)
      if (present.length > 1) return [bothForms(path, present)]
      return some(issue.keys, (key) => unknownKey(key, path), path)
    }
    case 'invalid_type':
      if (value === undefined && issue.path.length > 0) return [missingKey(path)]
      return [wrongType(EXPECTED[issue.expected] ?? issue.expected, value, path, yaml)]
    case 'invalid_union':
      return value === undefined ? [missingKey(path)] : unionProblems(path, value, yaml, data)
    case 'invalid_value':
      return [value === undefined ? missingKey(path) : wrongValue(issue.values, path, value, yaml)]
    case 'too_small':
    case 'too_big':
      return [wrongSize(issue, path, value)]
    case 'invalid_format':
      return [error(path, 'value', `${describe(path)}: ${quoted(value)} is not allowed`, issue.message)]
    case 'invalid_key':
      return [badName(issue, path), ...skippedProblems(path, value, yaml, data)]
    default:
      return [error(path, 'value', `${describe(path)}: ${issue.message}`)]
  }
}

function badName(issue: z.core.$ZodIssueInvalidKey, path: Path): ShapeProblem {
  const rule = issue.issues[0]?.message ?? issue.message
  return error(path, 'key', `the name ${quoted(path.at(-1))} in ${describe(path.slice(0, -1))} is not allowed`, rule)
}

/** zod does not look at the value behind a key that it refuses. */
function skippedProblems(path: Path, value: unknown, yaml: YamlText, data: unknown): ShapeProblem[] {
  const schema = schemaAt(path)
  return schema === undefined ? [] : problemsOf(schema.safeParse(value).error?.issues ?? [], path, yaml, data)
}

function problemsOf(issues: readonly Issue[], base: Path, yaml: YamlText, data: unknown): ShapeProblem[] {
  return some(issues, (issue) => problemsOfIssue(issue, base, yaml, data), base)
}

/** A key that is missing because it is misspelt, or was to come from a YAML merge key, is one problem and not two. */
function withoutEchoes(problems: readonly ShapeProblem[]): ShapeProblem[] {
  const unknown = problems.filter(({ key }) => key?.is === 'unknown')
  return problems.filter(({ key, path }) => {
    if (key?.is !== 'missing') return true
    const known = keysOf(schemaAt(path))
    return !unknown.some((other) => {
      const beside = pathText(other.path.slice(0, -1)) === pathText(path)
      return beside && (other.key?.name === '<<' || meantKey(other.key?.name ?? '', known) === key.name)
    })
  })
}

/** Numbers whose text and value differ; where only a number may stand, quotes would be the wrong advice. */
function numbersInDisguise(yaml: YamlText): Problem[] {
  if (yaml.isKnown === true) return []
  return changedNumbers(yaml).map((problem) => {
    const schema = bare(schemaAt(problem.path))
    const number = optionsOf(schema).some((option) => option instanceof z.ZodNumber)
    if (!number || schema?.safeParse(sourceOf(yaml, problem.path)).success === true) return problem
    return { ...problem, wayOut: 'write it in plain decimal digits' }
  })
}

/** All problems of shape, from what the schema says of the data. The same number is not complained about twice. */
export function shapeProblems(issues: readonly Issue[], data: unknown, yaml: YamlText): Problem[] {
  const problems = withoutEchoes(problemsOf(issues, [], yaml, data))
  const told = new Set(problems.map(({ path }) => pathText(path)))
  return [...problems, ...numbersInDisguise(yaml).filter(({ path }) => !told.has(pathText(path)))]
}
