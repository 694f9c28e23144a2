/** Questions to the schema: what may be at a path, and where a key belongs. */
import { z } from 'zod'
import { SECTIONS, isSection } from '../describe.ts'
import type { Path } from '../text/diagnostic.ts'
import { Lab } from './schema.ts'
import { suggest } from '../text/suggest.ts'

const asType = (schema: unknown): z.ZodType | undefined => (schema instanceof z.ZodType ? schema : undefined)

/** Without "optional" around it. */
export function bare(schema: z.ZodType | undefined): z.ZodType | undefined {
  return schema instanceof z.ZodOptional ? bare(asType(schema.unwrap())) : schema
}

function child(schema: z.ZodType, segment: string | number): z.ZodType | undefined {
  const own = bare(schema)
  if (own instanceof z.ZodObject) {
    const shape: Record<string, unknown> = own.shape
    return Object.hasOwn(shape, segment) ? asType(shape[segment]) : undefined
  }
  if (own instanceof z.ZodRecord) return asType(own.valueType)
  if (own instanceof z.ZodArray) return asType(own.element)
  if (!(own instanceof z.ZodUnion)) return undefined
  for (const option of own.options) {
    const found = asType(option)
    const inner = found && child(found, segment)
    if (inner !== undefined) return inner
  }
  return undefined
}

/** The schema of the value at a path, or undefined where the schema knows no such place. */
export function schemaAt(path: Path): z.ZodType | undefined {
  let schema: z.ZodType | undefined = Lab
  for (const segment of path) schema = schema && child(schema, segment)
  return schema
}

/** The schema's keys of a mapping with fixed keys; empty for anything else. */
export function keysOf(schema: z.ZodType | undefined): string[] {
  const own = bare(schema)
  if (own instanceof z.ZodObject) return Object.keys(own.shape)
  if (own instanceof z.ZodUnion) return [...new Set(own.options.flatMap((option) => keysOf(asType(option))))]
  return []
}

/** What the schema says about a value, or undefined. */
export function descriptionOf(schema: z.ZodType | undefined): string | undefined {
  return schema?.description ?? bare(schema)?.description
}

/** Forms of a mapping that may take several: the keys that each must have. `url + sha256`. */
export function formsOf(schema: z.ZodType | undefined): string[] {
  const own = bare(schema)
  if (own instanceof z.ZodUnion) return own.options.flatMap((option) => formsOf(asType(option)))
  if (!(own instanceof z.ZodObject)) return []
  const shape: Record<string, unknown> = own.shape
  return [
    Object.keys(shape)
      .filter((key) => !(shape[key] instanceof z.ZodOptional))
      .join(' + '),
  ]
}

/** What people write who come from other tools, and what it is called here. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  patch: 'patches',
  diffs: 'patches',
  base: 'extends',
  inherits: 'extends',
  fragments: 'config',
  configs: 'config',
  kconfig: 'options',
  ram: 'memory',
  mem: 'memory',
  cores: 'cpus',
  vcpus: 'cpus',
  smp: 'cpus',
  accelerator: 'accel',
  rootfs: 'image',
  volumes: 'disks',
  filesystem: 'fs',
  mountpoint: 'mount',
  description: 'about',
  command: 'run',
  cmd: 'run',
  exec: 'run',
  args: 'params',
  matrix: 'params',
  iterations: 'repeat',
  runs: 'repeat',
  deadline: 'timeout',
  events: 'trace',
  expected: 'expect',
  assert: 'expect',
  count: 'times',
  checksum: 'sha256',
  hash: 'sha256',
  commit: 'ref',
  tag: 'ref',
  branch: 'ref',
  directory: 'tree',
  path: 'source',
  name: 'lab',
}

/** The mappings with fixed keys, each by a path that leads to it, and what it is called. */
const HOMES: readonly (readonly [path: Path, name: string])[] = [
  [[], 'the top of the file'],
  ...Object.entries(SECTIONS).map(([section, thing]): [Path, string] => [[section, ''], `a ${thing}`]),
  [['kernels', '', 'source'], 'the source of a kernel'],
  [['kernels', '', 'parallelPath'], 'parallelPath'],
  [['vms', '', 'disks', ''], 'a disk'],
  [['experiments', '', 'workload'], 'a workload'],
  [['experiments', '', 'trace'], 'trace'],
  [['experiments', '', 'expect', 0], 'an entry of expect'],
]

/** The known key that an unknown one probably stands for. */
export function meantKey(key: string, known: readonly string[]): string | undefined {
  const others = Object.keys(OTHER_WORDS).filter((word) => known.includes(OTHER_WORDS[word] ?? ''))
  const exact = others.includes(key) ? key : undefined
  const near = exact ?? suggest(key, [...known, ...others])
  return near === undefined || known.includes(near) ? near : OTHER_WORDS[near]
}

/** The way out for an unknown key of the mapping at a path. */
export function unknownKeyWayOut(key: string, path: Path): string {
  const known = keysOf(schemaAt(path))
  if (key === '<<') {
    const other = path[0] === 'kernels' ? 'use "extends"' : 'write the keys out, or *name as the whole value'
    return `YAML merge keys are not part of this format: ${other}`
  }
  // Most often a key of the right spelling in the wrong place: the indentation is off by one step.
  const home = HOMES.find(([place]) => keysOf(schemaAt(place)).includes(key))
  if (home !== undefined && !Object.hasOwn(OTHER_WORDS, key))
    return `"${key}" is a key of ${home[1]}: look at the indentation`
  const meant = meantKey(key, known)
  if (meant !== undefined) return `did you mean "${meant}"?`
  const where = isSection(path[0]) && path.length === 2 ? `a ${SECTIONS[path[0]]}` : 'this mapping'
  return `the keys of ${where} are ${known.join(', ')}`
}
