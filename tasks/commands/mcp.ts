/** `lab mcp`: the commands as tools of the Model Context Protocol, over stdin and stdout. */
import { userError } from '../engine/error.ts'
import { defineCommand } from './command.ts'

export const command = defineCommand({
  usage: 'mcp',
  about: 'serve the commands as tools to a program that speaks MCP, over stdin and stdout',
  note: `
A client starts this command; people have no use for it at a terminal. Tools that only look are marked so. What needs --yes is refused with its
reason unless the client passes \`yes: true\`, or a person agrees to the question that the client then shows. docs/mcp.md has an example.`,
  examples: [['lab mcp --file ~/labs/read/lab.yaml', 'for one lab, from wherever the client starts it']],
  work: async (session) => {
    if (session.options.json === true)
      throw userError({
        place: '--json',
        fact: 'stdout belongs to the protocol',
        wayOut: 'leave --json out: answers of tools are JSON in any case',
      })
    const { serve } = await import('./mcp/server.ts')
    await serve(session)
    return undefined
  },
})
