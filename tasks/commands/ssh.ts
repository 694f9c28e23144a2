/** `lab ssh`: a shell with a terminal in the guest. */
import { userError } from '../engine/error.ts'
import { connectGuest, upVmOf } from './guest.ts'
import type { CommandModule } from './index.ts'

const size = () => ({
  rows: process.stdout.rows || 24,
  cols: process.stdout.columns || 80,
  term: process.env['TERM'] ?? 'xterm',
})

export const work: CommandModule['work'] = async (session, [name]) => {
  if (!process.stdin.isTTY)
    throw userError({ fact: 'lab ssh needs a terminal', wayOut: 'for scripts: lab exec -- CMD' })
  await using guest = await connectGuest(session, await upVmOf(session, name))
  const channel = await guest.terminal(size(), ['bash', '-l'])
  const { stdin } = process
  const resize = () => channel.setWindow(size().rows, size().cols, 0, 0)
  stdin.setRawMode(true)
  process.stdout.on('resize', resize)
  try {
    stdin.pipe(channel)
    session.view.pipe(channel)
    return await new Promise<number>((resolve) => {
      let status = 0
      channel.on('exit', (code: number | null) => (status = code ?? 128))
      channel.on('close', () => resolve(status))
    })
  } finally {
    stdin.unpipe(channel)
    stdin.setRawMode(false)
    stdin.pause()
    process.stdout.off('resize', resize)
  }
}
