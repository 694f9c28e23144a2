/** The recipe of an image (`image.yaml`): its schema, and what is wrong with one, at its place in the file. */
import { z } from 'zod'
import type { Diagnostic, Problem } from './text/diagnostic.ts'
import { type Words, readYaml } from './text/read-yaml.ts'
import { text } from './schema/schema-text.ts'
import { nameWayOut } from './text/suggest.ts'
import { locate } from './text/yaml-location.ts'

export const RECIPE_FILE = 'image.yaml'

/** A program of the image: its path goes into a shell of mmdebstrap and onto the kernel's command line. */
const program = text(/^\/[A-Za-z0-9._/-]+$/, 'write an absolute path of letters, digits, ".", "_" and "-"')

export const Recipe = z.strictObject({
  suite: text(/^[a-z][a-z-]*$/, 'write the name of a Debian suite, for example trixie'),
  variant: z.enum(['minbase', 'essential', 'required', 'important', 'apt', 'standard']).default('minbase'),
  packages: z.array(text(/^[a-z0-9][a-z0-9.+-]+$/, 'write the name of a Debian package')),
  // A line of dpkg's configuration: a second one would be another option.
  // oxlint-disable-next-line no-control-regex -- finding them is the purpose
  exclude: z.array(text(/^\/[^\x00-\x1f\x7f]*$/, 'write a pattern of absolute paths on one line')).default([]),
  size: text(/^[1-9][0-9]{0,5}[MG]$/, 'write a whole number with M or G, for example 1G'),
  init: program,
  /** Login shell of root: ssh runs every command through it. */
  shell: program.default('/bin/sh'),
})
export type Recipe = z.infer<typeof Recipe>

const EXAMPLE = 'lab:minimal (vm-images/minimal/image.yaml) is a complete example'
const RECIPE: Words = { name: 'recipe', top: 'a recipe (keys such as "suite:" and "packages:")', start: EXAMPLE }

/** What a value should be, by the words of zod. */
const EXPECTED: Readonly<Record<string, string>> = { string: 'text', array: 'a list', object: 'a mapping' }

function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  const at = { severity: 'error', path, at: 'value' } as const
  const what = path.join('.') || 'the recipe'
  const known = Object.keys(Recipe.shape)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        ...at,
        path: [...path, key],
        at: 'key',
        message: `unknown key "${key}" in a recipe`,
        wayOut: nameWayOut(key, known, 'keys', ''),
      }))
    case 'invalid_type': {
      const missing = issue.input === undefined && path.length === 1
      const message = missing
        ? `missing key "${what}" in a recipe`
        : `${what}: expected ${EXPECTED[issue.expected] ?? issue.expected}`
      const wayOut = missing ? `add "${what}:"` : EXAMPLE
      return [missing ? { ...at, path: [], at: 'missing', message, wayOut } : { ...at, message, wayOut }]
    }
    case 'invalid_value':
      return [{ ...at, message: `${what}: this value is not known`, wayOut: `write ${issue.values.join(', ')}` }]
    case 'invalid_format':
      return [{ ...at, message: `${what}: ${JSON.stringify(issue.input)} is not allowed`, wayOut: issue.message }]
    default:
      return [{ ...at, message: `${what}: ${issue.message}` }]
  }
}

/**
 * Reads a recipe's bytes. Never throws for what a file can hold.
 * @param shown the file as the person would name it
 */
export function readRecipe(
  shown: string,
  bytes: Uint8Array,
): { readonly recipe?: Recipe; readonly diagnostics: readonly Diagnostic[] } {
  const { yaml, data, diagnostics } = readYaml(shown, bytes, RECIPE)
  if (yaml === undefined || data === undefined || diagnostics.length > 0) return { diagnostics }
  const result = Recipe.safeParse(data, { reportInput: true })
  if (result.success) return { recipe: result.data, diagnostics: [] }
  return { diagnostics: result.error.issues.flatMap(problemsOf).map((problem) => locate(yaml, problem)) }
}
