/**
 * Which words can be at the end of a command line: from the declarations of the commands, the lab file and the
 * results.
 */
import { EVERYWHERE } from '../shared/options.ts'

/** A word and, where it helps to choose, what it is. */
export type Candidate = readonly [word: string, about?: string]

/** What a command's declaration says to a shell: `options` are rows of flags and what they do. */
export interface DeclaredCommand {
  readonly usage: string
  readonly about: string
  readonly options: readonly (readonly string[])[]
}

/** What there is to choose from. Each is asked for only where it is needed. */
export interface Facts {
  readonly commands: readonly DeclaredCommand[]
  /** Names under a key of the lab file (`experiments`), with the first line of their `about:`. */
  readonly declared: (key: string) => Promise<readonly Candidate[]>
  /** Values of the axes of an experiment, by the name of the axis: params and matrix. */
  readonly axes: (experiment: string) => Promise<Readonly<Record<string, readonly string[]>>>
  /** Examples of `lab init --from`, each with its question. */
  readonly examples: () => Promise<readonly Candidate[]>
  /** Every run, oldest first: `experiment/run`. */
  readonly runs: () => Promise<readonly string[]>
}

/** The words, and whether names of files fit as well. */
export interface Candidates {
  readonly words: readonly Candidate[]
  readonly files: boolean
}

const plain = (...words: string[]): readonly Candidate[] => words.map((word) => [word])

interface Line {
  /**
   * Words behind the command's name that are no options and no values of options; the word at the cursor is the last.
   */
  readonly args: readonly string[]
  readonly facts: Facts
}

type Source = (line: Line) => Promise<readonly Candidate[]>

/** How many runs are offered by their whole names; the older ones can be typed. */
const NEWEST = 50

const declared =
  (key: string): Source =>
  ({ facts }) =>
    facts.declared(key)

const runNames: Source = async ({ facts }) => {
  const runs = await facts.runs()
  const experiments = [...new Set(runs.map((run) => run.split('/')[0] ?? ''))]
  const newest = experiments.map((name): Candidate => [`${name}@last`, `the newest run of ${name}`])
  return runs.length === 0 ? [] : [['last', 'the newest run'], ...newest, ...plain(...runs.slice(-NEWEST).toReversed())]
}

/** `bytes=` and, behind the `=`, its declared values; of the experiments that the line names. */
const assignments: Source = async ({ args, facts }) => {
  const axes = await Promise.all(args.slice(0, -1).map((name) => facts.axes(name)))
  return axes.flatMap((ofExperiment) =>
    Object.entries(ofExperiment).flatMap(([axis, values]) => plain(...values.map((value) => `${axis}=${value}`))),
  )
}

/** Groups of runs: `read/bytes=16`. */
const groups: Source = async ({ facts }) => {
  const experiments = await facts.declared('experiments')
  const lists = experiments.map(async ([name]) =>
    Object.entries(await facts.axes(name)).flatMap(([axis, values]) =>
      values.map((value) => `${name}/${axis}=${value}`),
    ),
  )
  return plain(...(await Promise.all(lists)).flat())
}

const both =
  (...sources: readonly Source[]): Source =>
  async (line) =>
    (await Promise.all(sources.map((source) => source(line)))).flat()

const BUILDS: Readonly<Record<string, string>> = { kernel: 'kernels', image: 'images', probe: 'probes' }

/** What an argument names, by `command argument`, or by the argument alone where it is the same for all commands. */
const ARGUMENTS: Readonly<Record<string, Source>> = {
  experiment: declared('experiments'),
  vm: declared('vms'),
  kernel: declared('kernels'),
  run: runNames,
  'diff a': both(groups, runNames),
  'diff b': both(groups, runNames),
  'explain what': runNames,
  'report what': both(declared('experiments'), runNames),
  'export run': both(declared('experiments'), runNames),
  'build kind': () => Promise.resolve(plain(...Object.keys(BUILDS))),
  'build name': async ({ args, facts }) => await facts.declared(BUILDS[args[0] ?? ''] ?? 'kernels'),
  'results action': () =>
    Promise.resolve([
      ['ls', 'every run'],
      ['show', 'one run'],
      ['rm', 'remove a run'],
      ['order', 'the order of events over all runs'],
      ['observer', 'what the probes cost'],
      ['claims', 'whether published results hold'],
    ]),
  'cache action': () =>
    Promise.resolve([
      ['push', 'copy built kernels and images to a place'],
      ['pull', 'take what is missing from a place'],
      ['list', 'what a place has'],
    ]),
  'kernels action': () => Promise.resolve([['add', 'write the lines of a package into lab.yaml']]),
  'completion shell': () => Promise.resolve(plain('bash', 'zsh', 'fish')),
}

const VALUES: Readonly<Record<string, Source>> = {
  '--kernel': declared('kernels'),
  '--vm': declared('vms'),
  '--as': declared('experiments'),
  '--experiment': declared('experiments'),
  '--param': assignments,
  '--only': assignments,
  '--run': runNames,
  'init --from': ({ facts }) => facts.examples(),
  '--accel': () => Promise.resolve(plain('auto', 'kvm', 'tcg')),
  '--start': () => Promise.resolve(plain('shared', 'warm', 'cold')),
  '--per': () => Promise.resolve(plain('sequence', 'run')),
  '--parallel': () => Promise.resolve(plain('auto')),
}

/** Arguments and values that are paths: by the word between the brackets of a usage line or of an option's flags. */
const PATHS: ReadonlySet<string> = new Set(['dir', 'file', 'from', 'to', 'what', 'run', 'event', 'lab.yaml'])

/** `-r, --repeat <n>` as its spellings and the name of its value, which is empty where it takes none. */
function spelling([flags = '']: readonly string[]): { names: readonly string[]; value: string } {
  return { names: flags.match(/--?[a-z][a-z-]*/gi) ?? [], value: /<([^>]+)>/.exec(flags)?.[1] ?? '' }
}

const commandName = ({ usage }: DeclaredCommand): string => usage.split(' ')[0] ?? ''

const longName = (names: readonly string[]): string => names.find((name) => name.startsWith('--')) ?? ''

/** Actions of `lab results` that are about an experiment; the others are about a run. */
const ABOUT_EXPERIMENT: ReadonlySet<string> = new Set(['order', 'observer', 'claims'])

/** `<run>` as `run`, or as `experiment` where an action of `lab results` takes one. */
const nameOf = (command: string, argument: string, args: readonly string[]): string =>
  command === 'results' && argument === '[run]' && ABOUT_EXPERIMENT.has(args[0] ?? '')
    ? 'experiment'
    : argument.replaceAll(/[[\]<>.]/g, '')

const fitting = (words: readonly Candidate[], begun: string): readonly Candidate[] =>
  words.filter(([word]) => word.startsWith(begun))

/** Values of `axis=` are offered when its name is there: `bytes=` first, then `bytes=16`. */
function inSteps(words: readonly Candidate[], begun: string): readonly Candidate[] {
  if (begun.includes('=')) return words
  return [...new Set(words.map(([word]) => word.split('=')[0] ?? ''))].map((axis): Candidate => [`${axis}=`])
}

interface Read {
  readonly args: readonly string[]
  /** The option whose value the cursor is at. */
  readonly open: { readonly name: string; readonly value: string } | undefined
  readonly onlyArguments: boolean
}

/** Tells the arguments of a command from its options and their values. */
function read(words: readonly string[], rows: readonly (readonly string[])[]): Read {
  const args: string[] = []
  let [onlyArguments, open]: [boolean, Read['open']] = [false, undefined]
  for (const [at, word] of words.entries()) {
    const isLast = at === words.length - 1
    if (open !== undefined) {
      if (isLast) return { args: [...args, word], open, onlyArguments }
      open = undefined
    } else if (!onlyArguments && word === '--' && !isLast) onlyArguments = true
    else if (!onlyArguments && word.startsWith('-') && !isLast) {
      const row = rows.map(spelling).find(({ names }) => names.includes(word))
      if (row !== undefined && row.value !== '') open = { name: longName(row.names), value: row.value }
    } else args.push(word)
  }
  return { args, open, onlyArguments }
}

/**
 * @param words those behind `lab`; the last one is begun, and may be empty
 */
export async function candidates(words: readonly string[], facts: Facts): Promise<Candidates> {
  const none = { words: [], files: false }
  const first = words.findIndex((word, at) => !word.startsWith('-') && !['-f', '--file'].includes(words[at - 1] ?? ''))
  const begun = words.at(-1) ?? ''
  const commands = facts.commands.map((command): Candidate => [commandName(command), command.about])
  const name = first < 0 || first === words.length - 1 ? undefined : words[first]
  if (name === undefined) {
    if (['-f', '--file'].includes(words.at(-2) ?? '')) return { words: [], files: true }
    if (!begun.startsWith('-')) return { words: fitting(commands, begun), files: false }
    const options = EVERYWHERE.flatMap((row) => spelling(row).names.map((flag): Candidate => [flag, row[1]]))
    return { words: fitting(options, begun), files: false }
  }
  if (name === 'help') return { words: fitting(commands, begun), files: false }
  const command = facts.commands.find((candidate) => commandName(candidate) === name)
  if (command === undefined) return none
  const rows = [...command.options, ...EVERYWHERE]
  const { args, open, onlyArguments } = read(words.slice(first + 1), rows)
  if (open !== undefined) {
    const source = VALUES[`${name} ${open.name}`] ?? VALUES[open.name]
    const values = (await source?.({ args, facts })) ?? []
    const shown = source === assignments ? inSteps(values, begun) : values
    return { words: fitting(shown, begun), files: PATHS.has(open.value) }
  }
  if (begun.startsWith('-') && !onlyArguments) {
    const options = rows.map((row): Candidate => [longName(spelling(row).names), row[1] ?? ''])
    return { words: fitting(options, begun), files: false }
  }
  const declaredArguments = command.usage.split(' ').slice(1)
  const argument = declaredArguments[args.length - 1] ?? declaredArguments.at(-1)
  if (argument === undefined || (args.length > declaredArguments.length && !argument.includes('...'))) return none
  const what = nameOf(name, argument, args)
  const source = ARGUMENTS[`${name} ${what}`] ?? ARGUMENTS[what]
  const values = (await source?.({ args, facts })) ?? []
  const unused = values.filter(([word]) => !args.slice(0, -1).includes(word))
  return { words: fitting(unused, begun), files: PATHS.has(what) }
}
