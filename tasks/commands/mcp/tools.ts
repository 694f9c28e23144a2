/**
 * Which commands are tools, with which of their options, and what of a call becomes which word of a command line.
 * Options that write a file of any name are left out, and so are commands that need a terminal, that take what runs in
 * the guest, or that remove results.
 */
import { z } from 'zod'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import type { DeclaredCommand } from '../completion/words.ts'

interface Tool {
  /** It changes nothing but caches. */
  readonly looks: boolean
  readonly options?: readonly string[]
  /** Whether its arguments are left out: with one it would do something else. */
  readonly plain?: true
  /** First arguments that are let through. */
  readonly actions?: readonly string[]
}

const looks = (...options: readonly string[]): Tool => ({ looks: true, options })
const acts = (...options: readonly string[]): Tool => ({ looks: false, options })

/** By the names of commands. */
export const TOOLS: Readonly<Record<string, Tool>> = {
  check: looks('--probes', '--kernel'),
  doctor: looks(),
  plan: looks('--kernel', '--source'),
  ps: looks(),
  kernels: { looks: true, plain: true },
  results: {
    ...looks('--experiment', '--per', '--definition'),
    actions: ['ls', 'show', 'order', 'observer', 'claims'],
  },
  trace: looks('--all', '--reads', '--comm', '--pid', '--probe', '--from', '--to', '--graph'),
  diff: looks('--full'),
  maps: looks(),
  explain: looks('--kernel'),
  query: looks(),
  verify: looks('--against'),
  symbols: looks('--source'),
  build: acts('--source', '--kernel', '--dry-run'),
  up: acts('--kernel', '--source', '--accel'),
  down: acts(),
  run: {
    looks: false,
    options: [
      '--all',
      '--param',
      '--repeat',
      '--quick',
      '--kernel',
      '--source',
      '--accel',
      '--start',
      '--deterministic',
      '--only',
      '--resume',
      '--parallel',
      '--report',
      '--dry-run',
    ],
  },
  bisect: acts('--source', '--metric', '--param', '--only', '--repeat', '--most', '--kernel', '--accel'),
  import: acts('--name', '--as', '--kernel'),
  report: acts('--since', '--definition'),
}

interface Argument {
  readonly name: string
  readonly required: boolean
  readonly several: boolean
}

/** `diff <a> [b]` has two arguments, `run [experiment...]` has one of several words. */
function argumentsOf({ usage }: DeclaredCommand, { plain }: Tool): Argument[] {
  if (plain) return []
  return usage
    .split(' ')
    .slice(1)
    .map((word) => ({
      name: word.replaceAll(/[<>[\].]/g, ''),
      required: word.startsWith('<'),
      several: word.includes('...'),
    }))
}

interface Option {
  readonly name: string
  readonly flag: string
  readonly about: string
  readonly takesValue: boolean
}

const optionsOf = ({ options }: DeclaredCommand, { options: names = [] }: Tool): Option[] =>
  options.flatMap(([flags = '', about = '']) => {
    const flag = /--[a-z-]+/.exec(flags)?.[0] ?? ''
    const name = flag.slice(2).replaceAll('-', '_')
    return names.includes(flag) ? [{ name, flag, about, takesValue: flags.includes('<') }] : []
  })

const VALUE = z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))])
const YES = 'the person agreed that missing packages may be installed on their machine'

/** The parameters of a tool. */
export function shapeOf(command: DeclaredCommand, tool: Tool): Record<string, z.ZodType> {
  const shape: Record<string, z.ZodType> = {}
  for (const { name, required, several } of argumentsOf(command, tool)) {
    const schema = several ? z.array(z.string()) : z.string()
    shape[name] = required ? schema : schema.optional()
  }
  for (const { name, about, takesValue } of optionsOf(command, tool))
    shape[name] = (takesValue ? VALUE : z.boolean()).optional().describe(about)
  if (!tool.looks) shape['yes'] = z.boolean().optional().describe(YES)
  return shape
}

/** A value as it follows its option. */
const texts = (value: unknown): string[] =>
  [value].flat().map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))

/**
 * The words of the command line for a call; what a client names is never taken for an option.
 * @throws a user's Failure for an action that is no tool
 */
export function wordsOf(
  name: string,
  command: DeclaredCommand,
  tool: Tool,
  given: Readonly<Record<string, unknown>>,
): string[] {
  const options = optionsOf(command, tool).flatMap(({ name: key, flag, takesValue }) => {
    const value = given[key]
    if (value === undefined || value === false) return []
    return takesValue ? texts(value).map((text) => `${flag}=${text}`) : [flag]
  })
  const args = argumentsOf(command, tool).flatMap(({ name: key }) =>
    given[key] === undefined ? [] : texts(given[key]),
  )
  const [action] = args
  if (tool.actions !== undefined && action !== undefined && !tool.actions.includes(action))
    throw userError({
      place: `lab ${name}`,
      fact: `${printable(action, 40)} is not offered to programs`,
      wayOut: `one of ${tool.actions.join(', ')}; a person can call the others at a terminal`,
    })
  const yes = !tool.looks && given['yes'] === true ? ['--yes'] : []
  return [name, ...options, ...yes, '--json', '--', ...args]
}
