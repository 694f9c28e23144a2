/** The lab file from bytes to a validated lab, with all its problems at once. */
import path from 'node:path'
import type { Section } from './describe.ts'
import { type Diagnostic, sorted } from './text/diagnostic.ts'
import { textsAt } from './leaves.ts'
import { type Files, resolvePath } from './paths.ts'
import { RECIPE_FILE, readRecipe } from './recipe.ts'
import { readYaml } from './text/read-yaml.ts'
import { relationProblems } from './checks/relations.ts'
import type { Context, HostFacts } from './checks/check.ts'
import { Lab, ONCE } from './schema/schema.ts'
import { shapeProblems } from './text/shape.ts'
import { validParts } from './valid-parts.ts'
import { type YamlText, locate, pathText } from './text/yaml-location.ts'

/** What loading needs from outside. */
export interface LoadInput {
  /** The file as messages name it. */
  readonly shown: string
  readonly bytes: Uint8Array
  /** Where `lab:` names are. */
  readonly toolRoot: string
  readonly host: HostFacts
  /** Undefined: whether the files that the lab names are there is not asked. */
  readonly files: Files | undefined
}

export interface LoadedLab {
  /** Present if there are no errors. */
  readonly lab?: Lab
  readonly text: string
  readonly errors: readonly Diagnostic[]
  readonly warnings: readonly Diagnostic[]
}

/** The names in each section as the data has them and as the text writes them (`5.10:` is the key 5.1 for YAML). */
function declaredNames(data: unknown, keyDiagnostics: readonly Diagnostic[], { text }: YamlText): Context['names'] {
  const namesIn = (section: Section): string[] | undefined => {
    const entries: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, section) : undefined
    if (entries === undefined || entries === null) return []
    if (typeof entries !== 'object' || Array.isArray(entries)) return undefined
    const written = keyDiagnostics
      .filter((found) => found.path.startsWith(`${section}.`))
      .map(({ range }) => text.slice(...range))
    return [...Object.keys(entries), ...written]
  }
  return {
    kernels: namesIn('kernels'),
    images: namesIn('images'),
    vms: namesIn('vms'),
    probes: namesIn('probes'),
    experiments: namesIn('experiments'),
  }
}

/** What is wrong with the recipes that the lab names; a recipe that is not there is the lab file's problem. */
function recipeProblems(data: unknown, file: string, { shown, toolRoot, files }: LoadInput): Diagnostic[] {
  if (files === undefined) return []
  const labDir = path.dirname(file)
  const named = [...textsAt(data, 'images.*.recipe')].map(([, text]) =>
    resolvePath('recipe', text, { labDir, toolRoot }),
  )
  return [...new Set(named)].flatMap((directory) => {
    const recipe = path.join(directory, RECIPE_FILE)
    const bytes = files.kind(recipe) === 'file' ? files.read(recipe) : undefined
    const inside = path.relative(labDir, recipe)
    const name = inside.startsWith('..') ? recipe : path.join(path.dirname(shown), inside)
    return bytes === undefined ? [] : readRecipe(name, bytes).diagnostics
  })
}

function result(text: string, found: readonly Diagnostic[], lab?: Lab): LoadedLab {
  const diagnostics = sorted(found)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const warnings = diagnostics.filter(({ severity }) => severity === 'warning')
  return { text, errors, warnings, ...(errors.length === 0 && lab !== undefined && { lab }) }
}

/**
 * Reads, validates and relates. Never throws for what a file can hold: every problem is a diagnostic, in the order of
 * the text.
 * @param file absolute path of the lab file
 */
export function loadLab(file: string, input: LoadInput): LoadedLab {
  const { shown, bytes, toolRoot, host, files } = input
  const read = readYaml(shown, bytes)
  const { yaml, data } = read
  if (yaml === undefined || data === undefined) return result(yaml?.text ?? '', read.diagnostics)

  const parsed = Lab.safeParse(data, ONCE)
  const shape = shapeProblems(parsed.error?.issues ?? [], data, yaml)
  const related = relationProblems({
    lab: validParts(data, parsed.data, shape),
    data,
    wrong: new Set(shape.map(({ path: at }) => pathText(at))),
    names: declaredNames(data, read.diagnostics, yaml),
    labDir: path.dirname(file),
    toolRoot,
    host,
    files,
  })
  const located = [...shape, ...related].map((problem) => locate(yaml, problem))
  return result(yaml.text, [...read.diagnostics, ...located, ...recipeProblems(data, file, input)], parsed.data)
}
