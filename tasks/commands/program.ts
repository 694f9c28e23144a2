/**
 * The command line: the declarations of the commands as commander reads them, and what it refuses as failures with a
 * way out.
 */
import { Command as Commander, CommanderError } from 'commander'
import { EXIT, userError, type Failure } from '../engine/error.ts'
import { ownVersion } from '../engine/own-version.ts'
import { nameWayOut } from '../config/text/suggest.ts'
import { printable } from '../engine/printable.ts'
import type { Command, Example, OptionRow } from './command.ts'
import { HELP } from './help.ts'
import OVERVIEW from './overview.json' with { type: 'json' }
import { COMMANDS, loadCommand } from './registry.ts'
import { EVERYWHERE } from './shared/options.ts'
import type { GlobalOptions } from './shared/session.ts'

/** A command as it was called. */
export interface Call {
  readonly command: Command
  readonly args: readonly unknown[]
  /** Of this command alone. Throws a user's Failure for a value that its declaration refuses. */
  readonly options: () => Readonly<Record<string, unknown>>
  readonly everywhere: GlobalOptions
}

/** The examples below a command's options, in columns; empty if there are none. */
export function examplesText(examples: readonly Example[] = []): string {
  if (examples.length === 0) return ''
  const width = Math.max(...examples.map(([line]) => line.length))
  return ['', 'Examples:', ...examples.map(([line, about]) => `  ${line.padEnd(width)}  ${about}`)].join('\n')
}

/** What people type who know other tools. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  shell: 'ssh',
  sh: 'exec',
  start: 'up',
  boot: 'up',
  stop: 'down',
  halt: 'down',
  list: 'results',
  ls: 'results',
  show: 'results show',
  log: 'trace',
  events: 'trace',
  clean: 'gc',
  prune: 'gc',
  sql: 'query',
  validate: 'check',
  lint: 'check --probes',
  status: 'ps',
  compare: 'diff',
  debug: 'gdb',
}

/** "error: unknown option '--reapeat'\n(Did you mean --repeat?)" of commander as a Failure. */
function refusal({ message }: CommanderError, usage: string): Failure {
  const [fact = '', hint = ''] = message.replace(/^error: /, '').split('\n')
  const unknown = /^unknown command '(.*)'$/.exec(fact)?.[1] ?? ''
  const meant = Object.hasOwn(OTHER_WORDS, unknown) ? OTHER_WORDS[unknown] : undefined
  const near = meant ?? /^\(Did you mean (.*)\?\)$/.exec(hint)?.[1]
  const name = usage.split(' ')[0] ?? ''
  return userError({
    place: name === '' ? 'lab' : `lab ${name}`,
    fact: printable(fact.replace(/\.$/, ''), 300),
    wayOut: [
      ...(near === undefined ? [] : [`did you mean ${printable(near, 100)}?`]),
      name === ''
        ? '`lab --help` lists the commands'
        : `\`lab help ${name}\` shows its arguments, options and examples`,
    ].join(' '),
  })
}

/** Help and the version are answers and pass through; everything else that commander refuses is wrong input. */
const refuse =
  (usage: string) =>
  (error: CommanderError): never => {
    if (error.exitCode === 0 || error.code === 'commander.help') throw error
    throw refusal(error, usage)
  }

const takesValue = ([flags]: OptionRow): boolean => flags.includes('<')

/** What was given, each value made by its own declaration. */
function valuesOf(command: Commander, rows: readonly OptionRow[]): Record<string, unknown> {
  const given: Record<string, unknown> = command.opts()
  const values: Record<string, unknown> = {}
  for (const row of rows) {
    const option = command.options.find(({ flags }) => flags === row[0])
    const name = option?.attributeName() ?? ''
    if (given[name] === undefined) continue
    const texts = given[name] as readonly string[]
    const [, , parse = () => texts.at(-1)] = row
    values[name] = takesValue(row) ? parse(texts, option?.long ?? '') : given[name]
  }
  return values
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

/** A command's line in `lab --help`. */
function register(program: Commander, usage: string, about: string, rows: readonly OptionRow[] = []): Commander {
  const parser = program.command(usage).description(about).exitOverride(refuse(usage))
  for (const row of rows)
    if (takesValue(row)) parser.option(row[0], row[1], collect)
    else parser.option(row[0], row[1])
  for (const [flags, text] of EVERYWHERE) parser.option(flags, text)
  return parser
}

function registerWhole(program: Commander, command: Command, act: (call: Call) => Promise<void>): void {
  const rows = command.options ?? []
  const parser = register(program, command.usage, command.about, rows)
  parser.addHelpText('after', examplesText(command.examples))
  if (command.note !== undefined) parser.addHelpText('after', command.note)
  if (command.passThrough === true) parser.passThroughOptions()
  parser.action(async (...all: unknown[]) => {
    const everywhere: GlobalOptions = parser.optsWithGlobals()
    await act({ command, args: all.slice(0, -2), options: () => valuesOf(parser, rows), everywhere })
  })
}

/**
 * Loads the commands that the words name; of the others the overview knows enough for `lab --help` and for similar
 * names.
 */
async function programFor(words: readonly string[], act: (call: Call) => Promise<void>): Promise<Commander> {
  const program = new Commander('lab')
    .description('VM labs for kernel tracing: from lab.yaml to a trace that somebody else can produce again')
    .version(ownVersion(), '-V, --version')
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .configureOutput({ outputError: () => undefined })
    .exitOverride(refuse(''))
    .addHelpText('after', HELP)
  for (const [flags, about] of EVERYWHERE) program.option(flags, about)
  for (const { usage, about } of OVERVIEW) {
    const name = usage.split(' ')[0] ?? ''
    if (words.includes(name)) registerWhole(program, await loadCommand(name), act)
    else register(program, usage, about)
  }
  return program
}

/**
 * Reads a command line and calls `act` with the command that it names.
 * @returns the exit code of help and version, which are answers; undefined where a command was called
 * @throws a user's Failure for anything that is neither
 */
export async function readCommandLine(
  words: readonly string[],
  act: (call: Call) => Promise<void>,
): Promise<number | undefined> {
  const [first, topic] = words
  if (first === 'help' && topic !== undefined && !topic.startsWith('-') && !Object.hasOwn(COMMANDS, topic))
    throw userError({
      place: 'lab help',
      fact: `unknown command '${printable(topic, 100)}'`,
      wayOut: nameWayOut(topic, Object.keys(COMMANDS), 'commands', '`lab --help` lists the commands'),
    })
  try {
    const program = await programFor(words, act)
    await program.parseAsync(words, { from: 'user' })
    return undefined
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.done : EXIT.user
  }
}
