/**
 * Makes the .config from fragments and options, and fails when the tree's own rules dropped a request: which, and why.
 */
import { existsSync, readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { labError, userError } from '../../engine/error.ts'
import { make } from '../../host/kbuild.ts'
import { run } from '../../host/sh.ts'
import { suggest } from '../../config/text/suggest.ts'
import {
  definitionsIn,
  droppedRequests,
  foreignArchitectures,
  foreignHead,
  fragmentText,
  mergeRequests,
  parseConfig,
  parseFragment,
  unmetOf,
  whyDropped,
  type Definition,
  type Request,
} from '../../linux/kbuild/kconfig.ts'
import { conditionsOfSource } from '../../linux/kbuild/kconfig-sources.ts'
import { versionText, type Version } from '../../linux/version.ts'

export interface ConfigWanted {
  /** Absolute paths of fragments. */
  readonly fragments: readonly string[]
  readonly options: Readonly<Record<string, string | number>>
}

/** All requests in order of precedence; a fragment line that is not one is the user's error. */
export async function requestsFor(wanted: ConfigWanted, version: Version): Promise<Request[]> {
  const requests: Request[] = []
  for (const file of wanted.fragments) {
    const text = await readFile(file, 'utf8')
    const foreign = foreignHead(text)
    if (foreign)
      throw userError({
        place: `${file}:${foreign.line}`,
        fact: `it is a configuration for ${foreign.architecture}, and the lab builds for x86-64`,
        wayOut: 'take a fragment for x86',
      })
    const { requests: found, bad } = parseFragment(text, file, version)
    if (bad[0])
      throw userError({
        place: `${file}:${bad[0].line}`,
        fact: `not a line of a kernel configuration: ${bad[0].text}`,
        wayOut: 'write CONFIG_NAME=value, or `# CONFIG_NAME is not set`',
      })
    requests.push(...found)
  }
  for (const [symbol, value] of Object.entries(wanted.options))
    requests.push({
      symbol: symbol.replace(/^CONFIG_/, ''),
      value: valueText(value),
      from: 'options',
      number: typeof value === 'number',
    })
  return mergeRequests(requests)
}

/** Values that a line of .config has as they are: y, m, n, numbers, and texts that somebody has quoted. */
const PLAIN = /^(?:[ymn]|-?\d+|0[xX][0-9a-fA-F]+|"(?:\\.|[^"\\])*")$/

/**
 * A value of `options:` as .config has it; a text is quoted there, or it would be ignored (scripts/kconfig/confdata.c,
 * conf_set_sym_val).
 */
const valueText = (value: string | number): string => {
  const text = String(value)
  return PLAIN.test(text) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

/** The deepest nesting of Kconfig files that is followed; real trees have five. */
const DEEPEST = 12

/** What must hold for a Kconfig file to be read at all, up to the tree's first. */
async function conditionsOf(path: string, tree: string, signal: AbortSignal, depth = 0): Promise<string[]> {
  if (path === 'Kconfig' || depth > DEEPEST) return []
  const name = path.replace(/^arch\/x86\//, '')
  const { stdout } = await run(['grep', '-rlF', '--include=Kconfig*', `${name}`, '.'], {
    cwd: tree,
    signal,
    accept: [0, 1],
  })
  for (const by of stdout.split('\n').map((one) => one.replace(/^\.\//, ''))) {
    if (by === '' || by === path || /^arch\/(?!x86\/)/.test(by)) continue
    const own = conditionsOfSource(readFileSync(join(tree, by), 'utf8'), path)
    if (own) return [...own, ...(await conditionsOf(by, tree, signal, depth + 1))]
  }
  return []
}

/** Definitions of a symbol in the tree, and symbols with a similar name. */
async function lookUp(tree: string, symbol: string, signal: AbortSignal) {
  const files = await run(
    ['grep', '-rlE', '--include=Kconfig*', `^[[:space:]]*(menu)?config[[:space:]]+${symbol}[[:space:]]*$`, '.'],
    { cwd: tree, signal, accept: [0, 1] },
  )
  const paths = files.stdout.split('\n').filter((path) => path !== '' && !/^\.\/arch\/(?!x86\/)/.test(path))
  const definitions: Definition[] = []
  for (const path of paths.map((one) => one.replace(/^\.\//, ''))) {
    const found = definitionsIn(readFileSync(join(tree, path), 'utf8'), path, symbol)
    const outer = await conditionsOf(path, tree, signal)
    definitions.push(...found.map((one) => ({ ...one, dependencies: [...outer, ...one.dependencies] })))
  }
  if (definitions.length > 0) return { definitions, similar: [], foreign: [] }
  const foreign = foreignArchitectures(files.stdout.split('\n'))
  if (foreign.length > 0) return { definitions, similar: [], foreign }
  const all = await run(['grep', '-rhoE', '--include=Kconfig*', '^(menu)?config [A-Z0-9_]+', '.'], {
    cwd: tree,
    signal,
    accept: [0, 1],
  })
  const names = [...new Set(all.stdout.split('\n').map((line) => line.replace(/^(menu)?config /, '')))]
  return { definitions, similar: [suggest(symbol, names)].filter((name) => name !== undefined), foreign: [] }
}

/**
 * Numbers of symbols that the tree's Kconfig calls hexadecimal are written so: YAML has made 16777216 of 0x1000000, and
 * the symbol would read that as 0x16777216 without a word.
 */
async function inHexadecimal(tree: string, requests: readonly Request[], signal: AbortSignal): Promise<Request[]> {
  const written: Request[] = []
  for (const request of requests) {
    const { definitions } = request.number === true ? await lookUp(tree, request.symbol, signal) : { definitions: [] }
    const isHexadecimal = definitions.some(({ type }) => type === 'hex')
    written.push(isHexadecimal ? { ...request, value: `0x${Number(request.value).toString(16)}` } : request)
  }
  return written
}

/** So many options are followed from one that was dropped. */
const FOLLOWED = 40

/**
 * What the options that a dropped request lacks lack themselves, to the end: all that is to be requested besides, as if
 * each were set already.
 */
async function furtherFor(
  unmet: readonly string[],
  tree: string,
  config: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const assumed = new Map(config)
  const further: string[] = []
  const waiting = unmet.filter((name) => /^\w+$/.test(name))
  for (const name of waiting) assumed.set(name, 'y')
  for (let next = waiting.shift(); next !== undefined && further.length < FOLLOWED; next = waiting.shift()) {
    const { definitions } = await lookUp(tree, next, signal)
    for (const name of unmetOf(definitions, assumed)) {
      if (unmet.includes(name) || further.includes(name)) continue
      further.push(name)
      if (!/^\w+$/.test(name)) continue
      assumed.set(name, 'y')
      waiting.push(name)
    }
  }
  return further
}

/** Dropped requests that are explained; a .config for something else has hundreds of them. */
const EXPLAINED = 12

const namesOf = (requests: readonly Request[]): string => {
  const names = requests.slice(0, EXPLAINED).map(({ symbol }) => symbol)
  return `${names.join(', ')}${requests.length > names.length ? ', …' : ''}`
}

/** What the tree's own rules make of the requests: the text of a .config. */
async function resolved(
  tree: string,
  requests: readonly Request[],
  place: string,
  assignments: Readonly<Record<string, string>>,
  options: { signal: AbortSignal; log: string },
): Promise<string> {
  const wanted = 'lab.allconfig'
  const result = '.config.lab'
  await writeFile(join(tree, wanted), fragmentText(requests))
  await rm(join(tree, result), { force: true })
  await make(
    {
      tree,
      targets: ['-s', 'allnoconfig'],
      assignments: { ...assignments, KCONFIG_ALLCONFIG: wanted, KCONFIG_CONFIG: result },
    },
    { ...options, place },
  )
  return await readFile(join(tree, result), 'utf8')
}

/** Configures the tree. `.config` is replaced only when it differs, so that make does not rebuild the world. */
export async function configure(
  tree: string,
  asked: readonly Request[],
  version: Version,
  place: string,
  assignments: Readonly<Record<string, string>>,
  options: { signal: AbortSignal; log: string },
): Promise<string> {
  const requests = await inHexadecimal(tree, asked, options.signal)
  const text = await resolved(tree, requests, place, assignments, options)
  const config = parseConfig(text)
  const dropped = droppedRequests(requests, config)
  if (dropped.length > 0) {
    const lines: string[] = []
    for (const request of dropped.slice(0, EXPLAINED)) {
      const { definitions, similar, foreign } = await lookUp(tree, request.symbol, options.signal)
      const further = await furtherFor(unmetOf(definitions, config), tree, config, options.signal)
      const { reason, wayOut } = whyDropped(request, config, definitions, similar, foreign, further)
      lines.push(`${request.from}: CONFIG_${request.symbol}=${request.value} was dropped: ${reason}`, `  ${wayOut}`)
    }
    if (dropped.length > EXPLAINED)
      lines.push(`and ${dropped.length - EXPLAINED} more: ${namesOf(dropped.slice(EXPLAINED))}`)
    throw userError({
      place,
      fact: `${dropped.length} requested option${dropped.length === 1 ? ' does' : 's do'} not survive in ${versionText(version)}`,
      lines,
      wayOut: 'each line says what to change in the fragment or under `options:`',
    })
  }
  const current = join(tree, '.config')
  if (!existsSync(current) || (await readFile(current, 'utf8')) !== text) await writeFile(current, text)
  if (config.get('64BIT') !== 'y')
    throw labError({
      place,
      fact: 'the configuration is not for x86-64',
      wayOut: 'request CONFIG_64BIT=y (kernel/config/base.config has it)',
    })
  return text
}
