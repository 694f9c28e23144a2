/**
 * Runs commands of the lab one after another in its own directory, as cli.ts would, without the start of a process for
 * each. Its parent ends it when a command takes too long, and after some hundred commands: parsers of WebAssembly give
 * no memory back.
 */
import { Writable } from 'node:stream'
import { readCommandLine, type Call } from '../../commands/program.ts'
import { openSession } from '../../commands/shared/session.ts'
import { exitCodeOf } from '../../ui/failures.ts'
import { openView } from '../../ui/view.ts'

export interface Answer {
  readonly status: number
  /** What the command wrote, and the stack of a bug. */
  readonly text: string
}

async function run(words: readonly string[]): Promise<Answer> {
  let [status, text] = [0, '']
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      text = (text + chunk.toString('utf8')).slice(-20_000)
      done()
    },
  })
  const act = async ({ command, args, options, everywhere }: Call) => {
    const bugLog = (stack: string) => {
      text += stack
      return 'the output'
    }
    const view = openView({ json: false, stdout: stream, stderr: stream, env: { CI: 'true' }, isTTY: false, bugLog })
    try {
      const session = openSession(everywhere, new AbortController().signal, view)
      const result = await command.work(session, args as never, options() as never)
      status = typeof result === 'number' ? result : (result?.status ?? 0)
      if (typeof result === 'object') view.answer(result)
    } catch (error) {
      status = exitCodeOf(error)
      view.failure(error)
    }
    await view.close().catch((error: unknown) => (status = exitCodeOf(error)))
  }
  try {
    status = (await readCommandLine(words, act)) ?? status
  } catch (error) {
    status = exitCodeOf(error)
    text += String(error)
  }
  return { status, text }
}

process.on('message', (words: readonly string[]) => void run(words).then((answer) => process.send?.(answer)))
process.send?.('ready')
