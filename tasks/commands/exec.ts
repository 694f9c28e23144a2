/** `lab exec -- CMD`: input and output as they come, exit code as it is. With --json the output is one document. */
import { userError } from '../engine/error.ts'
import { fullDiskOf } from '../vm/stopped.ts'
import { connectGuest, upVmOf } from './shared/guest.ts'
import { defineCommand } from './command.ts'

/** What a shell calls the end of a program whose output nobody reads any more: 128 + SIGPIPE. */
const READER_GONE = 141

export const command = defineCommand({
  usage: 'exec [command...]',
  about: 'run a command in the guest; exits with its status',
  options: [['--vm <name>', 'the VM']],
  passThrough: true,
  examples: [
    ['lab exec -- uname -r', 'one command; lab exits with its status'],
    ['lab exec -- cat < notes.txt', 'its stdin is that of lab'],
    ["lab exec -- sh -c 'dmesg | tail'", 'a shell only where you ask for one'],
  ],
  work: async (session, [argv], options) => {
    const { context, view } = session
    if (argv.length === 0) throw userError({ fact: 'no command', wayOut: 'lab exec -- uname -r' })

    const up = await upVmOf(session, options.vm)
    await using guest = await connectGuest(session, up)
    // A file or a pipe goes to the command; a terminal is for `lab ssh`.
    const input = process.stdin.isTTY ? undefined : process.stdin
    if (session.options.json) {
      const result = await guest.exec(argv, { signal: context.signal, ...(input && { input }) })
      return { text: '', data: { ...result, stdout: result.stdout.toString('utf8') }, status: result.status }
    }
    const unread = new AbortController()
    const { status } = await guest
      .exec(argv, {
        signal: AbortSignal.any([context.signal, unread.signal]),
        ...(input && { input }),
        // The user asked for these bytes; they are not ours to change.
        onOutput: async (chunk, to) => {
          if (!(await view.raw(chunk, to))) unread.abort()
        },
      })
      .catch(async (error: unknown) => {
        if (unread.signal.aborted && !context.signal.aborted) return { status: READER_GONE }
        throw (context.signal.aborted ? undefined : await fullDiskOf(up.dir, `vm ${up.id}`)) ?? error
      })
    return status
  },
})
