/**
 * Lab files as an editor sees them: yaml-language-server, the one that VS Code, Neovim and Emacs start, reads each with
 * its schema.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { EDITOR_LINE } from '../config/editor.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
const program = join(
  createRequire(import.meta.url).resolve('yaml-language-server'),
  '../../../bin/yaml-language-server',
)
const server = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
afterAll(() => {
  server.kill('SIGKILL')
  lab.remove()
})

interface Diagnostics {
  readonly uri: string
  readonly diagnostics: readonly { readonly message: string; readonly range: { readonly start: { line: number } } }[]
}

/** Every text that a document gets diagnostics for, by its address. */
const waiting = new Map<string, (found: Diagnostics['diagnostics']) => void>()

async function connected(): Promise<MessageConnection> {
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  )
  connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) => items.map(() => ({})))
  connection.onRequest('client/registerCapability', () => null)
  connection.onNotification('textDocument/publishDiagnostics', ({ uri, diagnostics }: Diagnostics) =>
    waiting.get(uri)?.(diagnostics),
  )
  connection.listen()
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} })
  await connection.sendNotification('initialized', {})
  return connection
}
const editor = connected()

/** What the editor marks in this text, as if it were the lab file of the lab: `line: message`. */
async function marks(text: string, name: string): Promise<string[]> {
  const uri = pathToFileURL(join(lab.dir, name)).href
  const { promise, resolve } = Promise.withResolvers<Diagnostics['diagnostics']>()
  waiting.set(uri, resolve)
  await (
    await editor
  ).sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } })
  return (await promise).map(({ message, range }) => `${range.start.line + 1}: ${message}`)
}

const withLine = (text: string): string => (text.includes(EDITOR_LINE) ? text : `${EDITOR_LINE}\n${text}`)

/** Every lab file of the repository. */
const SHIPPED = [
  'lab.yaml',
  'tasks/init/lab.yaml',
  'tasks/test/lab-file-examples.yaml',
  ...globSync('examples/*/lab.yaml', { cwd: TOOL_ROOT }),
]

test('the schema is written by lab check, and marks a mistake', async () => {
  lab.write('lab.yaml', withLine(lab.read('lab.yaml')))
  expect((await lab.lab(['check'])).status).toBe(0)
  const wrong = withLine('lab: x\nkernels: { k: { sourc: v5.10 } }\n')
  const found = await marks(wrong, 'wrong.yaml')
  expect(found.join('\n')).toContain('sourc')
})

test.each(SHIPPED)('nothing is marked in %s', async (file) => {
  const text = withLine(readFileSync(join(TOOL_ROOT, file), 'utf8'))
  expect(await marks(text, file.replaceAll('/', '-'))).toEqual([])
})
