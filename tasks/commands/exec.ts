/** `lab exec -- CMD`: output as it is, exit code as it is. With --json the output is one document. */
import { userError } from '../engine/error.ts'
import { connectGuest, upVmOf } from './guest.ts'
import type { CommandModule } from './index.ts'

export const work: CommandModule['work'] = async (session, [words], options) => {
  const argv = Array.isArray(words) ? words.map(String) : []
  if (argv.length === 0) throw userError({ fact: 'no command', wayOut: 'lab exec -- uname -r' })
  await using guest = await connectGuest(session, await upVmOf(session, options['vm']))
  const result = await guest.exec(argv, { signal: session.context.signal })
  if (session.options.json)
    return { text: '', data: { ...result, stdout: result.stdout.toString('utf8') }, status: result.status }
  // The user asked for these bytes; they are not ours to change.
  session.view.raw(result.stdout, result.stderr)
  return result.status
}
