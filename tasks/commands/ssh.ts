/** `lab ssh`: a shell with a terminal in the guest. */
import { interrupted, labError, userError } from '../engine/error.ts'
import { connectGuest, upVmOf } from './shared/guest.ts'
import { defineCommand } from './command.ts'

const size = () => ({
  rows: process.stdout.rows || 24,
  cols: process.stdout.columns || 80,
  term: process.env['TERM'] ?? 'xterm',
})

const lost = (vm: string) =>
  labError({
    place: `vm ${vm}`,
    fact: 'the connection was lost before the shell ended',
    wayOut: '`lab ps` says whether the VM still runs; `lab console` shows its last output',
  })

export const command = defineCommand({
  usage: 'ssh [vm]',
  about: 'a shell in the guest',
  work: async (session, [name]) => {
    if (!process.stdin.isTTY)
      throw userError({ fact: 'lab ssh needs a terminal', wayOut: 'for scripts: lab exec -- CMD' })
    const up = await upVmOf(session, name)
    await using guest = await connectGuest(session, up)
    const channel = await guest.terminal(size(), ['bash', '-l'])
    const { stdin } = process
    const resize = () => channel.setWindow(size().rows, size().cols, 0, 0)
    stdin.setRawMode(true)
    process.stdout.on('resize', resize)
    try {
      stdin.pipe(channel)
      session.view.pipe(channel)
      return await new Promise<number>((resolve, reject) => {
        // In raw mode Ctrl-C is a byte for the guest; SIGTERM and a terminal that was closed are not.
        session.context.signal.addEventListener('abort', () => reject(interrupted()), { once: true })
        let status: number | undefined
        channel.on('exit', (code: number | null) => (status = code ?? 128))
        channel.on('close', () => (status === undefined ? reject(lost(up.id)) : resolve(status)))
      })
    } finally {
      stdin.unpipe(channel)
      stdin.setRawMode(false)
      stdin.pause()
      process.stdout.off('resize', resize)
    }
  },
})
