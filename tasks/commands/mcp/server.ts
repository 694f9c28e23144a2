/** The MCP server. The only file that imports the SDK, which no other command loads. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { CallToolResult, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import { Failure, interrupted, messageOf } from '../../engine/error.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { printable } from '../../engine/printable.ts'
import { runningText } from '../../ui/messages.ts'
import type { JsonLine } from '../../ui/json-lines.ts'
import OVERVIEW from '../overview.json' with { type: 'json' }
import type { Session } from '../shared/session.ts'
import { callLab, type CommandOutput } from './call.ts'
import { shapeOf, TOOLS, wordsOf } from './tools.ts'

/** Characters of an answer; a trace can have millions, and a model reads few. */
const LONGEST = 100_000

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

function cutText(text: string): string {
  if (text.length <= LONGEST) return text
  return `${text.slice(0, LONGEST)}\n... cut after ${LONGEST} of ${text.length} characters: filter, or ask with \`query\``
}

/**
 * What the command said, as the text that a model reads.
 * @param unasked why the person could not be asked for their consent
 */
function resultOf({ status, answer, errors, notices }: CommandOutput, unasked?: string): CallToolResult {
  const told = errors.map(({ place, fact, wayOut, lines, reason }) => ({ place, fact, wayOut, lines, reason }))
  const said = {
    exitCode: status,
    ...(told.length > 0 && { errors: told }),
    ...(unasked !== undefined && { unasked }),
    ...(notices.length > 0 && { notices: notices.map(({ place, text, wayOut }) => ({ place, text, wayOut })) }),
    ...(answer !== undefined && { answer: answer.data ?? null }),
  }
  return {
    content: [{ type: 'text', text: cutText(JSON.stringify(said, null, 1)) }],
    ...(answer === undefined && { isError: true }),
  }
}

const failureResult = (error: unknown): CallToolResult => {
  if (!(error instanceof Failure)) throw error
  return { content: [{ type: 'text', text: JSON.stringify({ errors: [error.parts] }, null, 1) }], isError: true }
}

/** Passes progress on to a client that asked for it. */
function progressTo({ _meta, sendNotification }: Extra): (line: JsonLine) => void {
  const token = _meta?.progressToken
  let progress = 0
  return (line) => {
    if (token === undefined || line.type !== 'step-progress') return
    progress++
    const message = runningText(line.step, line, 0)
    // A client that has gone is noticed by the transport.
    void sendNotification({
      method: 'notifications/progress',
      params: { progressToken: token, progress, message },
    }).catch(() => undefined)
  }
}

/** Milliseconds that a person has for the question. The SDK would give up after a minute. */
const PATIENCE = 60 * 60 * 1000

/**
 * Asks the person, through the client, about what the command refused without their consent.
 * @returns whether they agree; a text says why they could not be asked
 */
async function agrees(server: McpServer, { errors }: CommandOutput, signal: AbortSignal): Promise<boolean | string> {
  const refused = errors.find(({ reason }) => reason === 'needs-consent')
  if (refused === undefined || server.server.getClientCapabilities()?.elicitation?.form === undefined) return false
  const { place = 'lab', fact, lines = [], wayOut = '' } = refused
  try {
    const { action, content } = await server.server.elicitInput(
      {
        message: [`${place}: ${fact}`, ...lines, wayOut].join('\n'),
        requestedSchema: {
          type: 'object',
          properties: { yes: { type: 'boolean', title: 'Let lab do it' } },
          required: ['yes'],
        },
      },
      { signal, timeout: PATIENCE },
    )
    return action === 'accept' && content?.['yes'] === true
  } catch (error) {
    if (signal.aborted) throw interrupted()
    return `the client did not bring an answer of a person: ${printable(messageOf(error), 200)}`
  }
}

/** A server with a tool for each command of the table. */
function serverFor({ options, context }: Session): McpServer {
  const server = new McpServer({ name: 'lab', version: ownVersion() })
  const file = options.file === undefined ? [] : [`--file=${options.file}`]
  for (const command of OVERVIEW) {
    const name = command.usage.split(' ')[0] ?? ''
    const tool = TOOLS[name]
    if (tool === undefined) continue
    const annotations = { readOnlyHint: tool.looks, destructiveHint: false, openWorldHint: !tool.looks }
    const shape = shapeOf(command, tool)
    server.registerTool(
      name,
      { title: `lab ${name}`, description: command.about, inputSchema: shape, annotations },
      async (given: Readonly<Record<string, unknown>>, extra: Extra): Promise<CallToolResult> => {
        try {
          const words = [...file, ...wordsOf(name, command, tool, given)]
          const signal = AbortSignal.any([extra.signal, context.signal])
          const said = await callLab(words, signal, progressTo(extra))
          if (tool.looks || given['yes'] === true) return resultOf(said)
          const consent = await agrees(server, said, signal)
          if (consent !== true) return resultOf(said, consent === false ? undefined : consent)
          const again = [...file, ...wordsOf(name, command, tool, { ...given, yes: true })]
          return resultOf(await callLab(again, signal, progressTo(extra)))
        } catch (error) {
          return failureResult(error)
        }
      },
    )
  }
  return server
}

/** Serves until the client closes its end, or the command is interrupted. */
export async function serve(session: Session): Promise<void> {
  const { signal } = session.context
  const server = serverFor(session)
  const transport = new StdioServerTransport()
  const closed = Promise.withResolvers<void>()
  transport.onclose = () => closed.resolve()
  process.stdin.once('end', () => closed.resolve())
  signal.addEventListener('abort', () => closed.resolve(), { once: true })
  await server.connect(transport)
  await closed.promise
  await server.close()
}
