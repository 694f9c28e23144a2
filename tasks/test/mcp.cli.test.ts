/** `lab mcp` as a client sees it: the SDK's own client, over stdin and stdout. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

interface Answer {
  readonly exitCode?: number
  readonly errors?: readonly { readonly fact: string; readonly wayOut?: string; readonly reason?: string }[]
  readonly answer?: unknown
  readonly unasked?: string
}

/** A client, and a way to call tools. */
async function connected(env: Readonly<Record<string, string>> = {}, person?: (message: string) => boolean) {
  const client = new Client({ name: 'test', version: '1' }, { capabilities: person ? { elicitation: {} } : {} })
  if (person)
    client.setRequestHandler(ElicitRequestSchema, ({ params: { message } }) =>
      person(message) ? { action: 'accept', content: { yes: true } } : { action: 'decline' },
    )
  const whole = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  )
  await client.connect(
    new StdioClientTransport({
      command: join(TOOL_ROOT, 'lab'),
      args: ['mcp'],
      cwd: lab.dir,
      env: { ...whole, ...env },
      stderr: 'ignore',
    }),
  )
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { content, isError } = await client.callTool({ name, arguments: args })
    const [{ text }] = content as [{ text: string }]
    return { said: JSON.parse(text) as Answer, isError: isError === true }
  }
  return { client, call, [Symbol.asyncDispose]: () => client.close() }
}

describe('tools', () => {
  test('are the commands that look and those that run; none that takes a terminal, the guest or results', async () => {
    await using server = await connected()
    const { tools } = await server.client.listTools()
    const of = (isReadOnly: boolean) =>
      tools.flatMap(({ name, annotations }) => (annotations?.readOnlyHint === isReadOnly ? [name] : []))
    expect(of(true)).toContain('trace')
    expect(of(false)).toContain('run')
    expect(
      tools.map(({ name }) => name).filter((name) => ['exec', 'ssh', 'cp', 'gc', 'init', 'mcp'].includes(name)),
    ).toEqual([])
    const trace = tools.find(({ name }) => name === 'trace')
    expect(trace?.inputSchema.required).toEqual(['run'])
    expect(Object.keys(trace?.inputSchema.properties ?? {})).not.toContain('csv')
  })

  test('answer with the data of the command, and refuse with place, fact and way out', async () => {
    await using server = await connected()
    const query = await server.call('query', { sql: 'SELECT 6 * 7 AS answer' })
    expect(query).toMatchObject({ isError: false, said: { exitCode: 0 } })
    expect(JSON.stringify(query.said.answer)).toContain('42')
    expect((await server.call('check')).said.exitCode).toBe(0)
    const wrong = await server.call('run', { experiment: ['readitr'] })
    expect(wrong).toMatchObject({ isError: true, said: { exitCode: 2 } })
    expect(wrong.said.errors?.[0]?.wayOut).toContain('readiter')
  })

  test('a value is never an option, and results are not removed', async () => {
    await using server = await connected()
    const help = await server.call('explain', { what: '--help' })
    expect(help).toMatchObject({ isError: true, said: { exitCode: 2 } })
    const removed = await server.call('results', { action: 'rm', run: 'last' })
    expect(removed.said.errors?.[0]?.fact).toContain('rm is not offered to programs')
    const option = await server.call('trace', { run: 'last', comm: '--csv=/tmp/x' })
    expect(option.said.exitCode).toBe(2)
  })
})

/** A PATH that has everything but qemu-img, and an apt-get that only notes that it was called. */
function withoutQemuImg() {
  const bin = join(lab.dir, 'bin')
  const called = join(lab.dir, 'apt-called')
  mkdirSync(bin)
  for (const dir of (process.env['PATH'] ?? '').split(':').toReversed())
    for (const name of existsSync(dir) ? readdirSync(dir) : [])
      if (!['qemu-img', 'apt-get', 'sudo'].includes(name) && !existsSync(join(bin, name)))
        symlinkSync(join(dir, name), join(bin, name))
  writeFileSync(join(bin, 'apt-get'), `#!/bin/sh\necho "$*" >> ${called}\n`, { mode: 0o755 })
  writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
  const calls = () => (existsSync(called) ? readFileSync(called, 'utf8') : '')
  return { env: { PATH: bin }, calls }
}

test('what needs --yes: refused with the reason, done where the client passes yes, or where a person agrees', async () => {
  const { env, calls } = withoutQemuImg()
  const wanted = { kind: 'image' }
  {
    await using server = await connected(env)
    const { said } = await server.call('build', wanted)
    expect(said.errors?.[0]).toMatchObject({
      reason: 'needs-consent',
      wayOut: expect.stringContaining('--yes') as string,
    })
    expect(calls()).toBe('')
  }
  const asked: string[] = []
  for (const agrees of [false, true]) {
    await using server = await connected(env, (message) => asked.push(message) > 0 && agrees)
    await server.call('build', wanted)
    expect(calls() !== '').toBe(agrees)
  }
  {
    // The refusal and its way out are not lost where the client cannot bring an answer.
    await using server = await connected(env, () => {
      throw new Error('nobody is here')
    })
    const noted = calls()
    const { said } = await server.call('build', wanted)
    expect(said).toMatchObject({ errors: [{ reason: 'needs-consent' }], unasked: expect.stringContaining('nobody') })
    expect(calls()).toBe(noted)
  }
  expect(asked).toHaveLength(2)
  expect(asked[0]).toContain('qemu-img')
  const before = calls()
  await using server = await connected(env)
  await server.call('build', { ...wanted, yes: true })
  expect(calls().length).toBeGreaterThan(before.length)
})
