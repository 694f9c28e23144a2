import { expect, expectTypeOf, test } from 'vitest'
import { Failure } from '../engine/error.ts'
import { defineCommand, type ArgumentsOf, type OptionsOf } from './command.ts'
import { examplesText, readCommandLine, type Call } from './program.ts'
import { command as run } from './run.ts'

/** What the command line calls; its options are read as `cli.ts` does. */
async function called(...words: string[]) {
  const calls: (Omit<Call, 'options'> & { options: Readonly<Record<string, unknown>> })[] = []
  await readCommandLine(words, (call) => {
    calls.push({ ...call, options: call.options() })
    return Promise.resolve()
  })
  return calls[0] ?? expect.unreachable()
}

async function refused(...words: string[]) {
  const error = await called(...words).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Failure)) throw new Error(`${words.join(' ')} was not refused`)
  return { status: error.exitCode, ...error.parts }
}

test('options become values of the types that they are declared with', async () => {
  const words = ['run', 'a', 'b', '-r', '3', '-p', 'x=1', '--param', 'y=2', '--cold', '--source', '../linux', '--json']
  const { command, args, options, everywhere } = await called(...words)
  expect([command, args]).toEqual([run, [['a', 'b']]])
  expect(options).toEqual({
    repeat: 3,
    param: ['x=1', 'y=2'],
    cold: true,
    source: expect.stringMatching(/^\/.*\/linux$/),
  })
  expect(everywhere).toEqual(expect.objectContaining({ json: true }))
  expect((await called('run', '--kernel', 'a', '--kernel', 'b')).options).toEqual({ kernel: 'b' })
  expect((await called('-f', 'x.yaml', 'ps')).everywhere).toEqual({ file: 'x.yaml' })
})

test('the types of a declaration are those of its flags, parsers and usage', () => {
  const rows = [
    ['-n, --dry-run', 'about'],
    ['--kernel <name>', 'about'],
    ['-r, --repeat <n>', 'about', () => 1],
  ] as const
  expectTypeOf<OptionsOf<typeof rows>>().toEqualTypeOf<{
    readonly dryRun?: boolean | undefined
    readonly kernel?: string | undefined
    readonly repeat?: number | undefined
  }>()
  expectTypeOf<ArgumentsOf<'ps'>>().toEqualTypeOf<readonly []>()
  expectTypeOf<ArgumentsOf<'x <a> [b] [c...]'>>().toEqualTypeOf<
    readonly [string, string | undefined, readonly string[]]
  >()
  defineCommand({
    usage: 'x',
    about: '',
    options: rows,
    // @ts-expect-error an option that is not declared
    work: (_session, _args, { dryrun }) => Promise.resolve(Number(dryrun)),
  })
})

test.each([
  [['rnu'], { place: 'lab', fact: "unknown command 'rnu'", wayOut: expect.stringContaining('did you mean run?') }],
  [['help', 'rnu'], { fact: "unknown command 'rnu'", wayOut: 'did you mean "run"?' }],
  [['run', '--reapeat', '3'], { place: 'lab run', wayOut: expect.stringContaining('did you mean --repeat?') }],
  [['run', '--repeat', 'many'], { place: '--repeat', wayOut: 'a whole number from 1 to 99999' }],
  [['run', '--repeat', '0'], { place: '--repeat' }],
  [['shell'], { place: 'lab', wayOut: expect.stringContaining('did you mean ssh?') }],
  [['run', '--parallel', '65'], { place: '--parallel' }],
  [['run', '--start', 'hot'], { fact: 'there is no way to start "hot"', wayOut: 'use shared, warm or cold' }],
  [['up', '--accel', 'xen'], { place: '--accel', wayOut: 'use kvm, tcg or auto' }],
  [['trace', 'last', '--pid', '1x'], { place: '--pid', fact: '"1x" is not a pid' }],
  [
    ['diff'],
    { place: 'lab diff', fact: "missing required argument 'a'", wayOut: expect.stringContaining('lab help diff') },
  ],
  [['ps', 'extra'], { place: 'lab ps' }],
  [['exec', '--vm'], { place: 'lab exec', fact: "option '--vm <name>' argument missing" }],
])('%j is refused with a place, a fact and a way out', async (words, parts) => {
  expect(await refused(...words)).toEqual({
    status: 2,
    place: expect.any(String),
    fact: expect.any(String),
    wayOut: expect.any(String),
    ...parts,
  })
})

test('words after -- belong to the guest, even where they are names of commands or options', async () => {
  expect((await called('exec', '--', 'run', '--json', '-x')).args).toEqual([['run', '--json', '-x']])
})

test('examples are printed in columns, and a command without any has no heading', () => {
  expect(
    examplesText([
      ['lab a', 'one'],
      ['lab bcd', 'two'],
    ]),
  ).toBe('\nExamples:\n  lab a    one\n  lab bcd  two')
  expect(examplesText()).toBe('')
})
