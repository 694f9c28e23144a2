import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { failureOf } from '../../test/caught.ts'
import { interruptedCommands, noteCommand, type CommandRequest } from './command-note.ts'

const asked = (...experiments: string[]): CommandRequest => ({
  names: experiments,
  experiments,
  options: { repeat: 4 },
})
const notes = (state: string) => join(state, 'runs', '.commands')

/** A command whose process is gone. */
async function interrupted(state: string, request: CommandRequest, change: object = {}): Promise<void> {
  const before = new Set(readdirSync(state).length > 0 ? readdirSync(notes(state)) : [])
  using _command = await noteCommand(state, request)
  const [name = ''] = readdirSync(notes(state)).filter((file) => !before.has(file))
  const file = join(notes(state), name)
  const note = JSON.parse(readFileSync(file, 'utf8')) as { owner: object }
  writeFileSync(
    file,
    JSON.stringify({ ...note, owner: { ...note.owner, pid: 2 ** 22 + 1, startTime: '1' }, ...change }),
  )
}

const left = async (state: string) => (await interruptedCommands(state)).map(({ names }) => names)

test('the newest first; one that ended, or is under way, is not interrupted', async () => {
  const state = tempDir()
  await interrupted(state, asked('old'), { started: '2026-01-01T00:00:00Z' })
  await interrupted(state, asked('new'))
  using done = await noteCommand(state, asked('done'))
  await done.end()
  using _going = await noteCommand(state, asked('going'))
  expect(await left(state)).toEqual([['new'], ['old']])
  expect((await interruptedCommands(state))[0]?.options).toEqual({ repeat: 4 })
})

test('what begins an experiment again replaces what was asked of it alone', async () => {
  const state = tempDir()
  await interrupted(state, asked('a'))
  await interrupted(state, asked('a', 'b'))
  using _again = await noteCommand(state, asked('a'))
  expect(await left(state)).toEqual([['a', 'b']])
})

test('a note of a later version is refused by its format', async () => {
  const state = tempDir()
  await interrupted(state, asked('a'), { format: 2 })
  expect(await failureOf(interruptedCommands(state))).toMatchObject({ reason: 'newer-format' })
})
