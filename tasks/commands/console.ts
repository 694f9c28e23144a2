/** `lab console`: the guest's serial console; what it said so far first. Ctrl-] leaves, as in telnet and virsh. */
import { join } from 'node:path'
import { interrupted, labError, messageOf } from '../engine/error.ts'
import { CONSOLE_SOCKET } from '../host/qemu.ts'
import { connectUnix } from '../host/unix-socket.ts'
import { consoleLog } from '../vm/console.ts'
import { upVmOf } from './shared/guest.ts'
import { defineCommand } from './command.ts'

const LEAVE = 0x1d

export const command = defineCommand({
  usage: 'console [vm]',
  about: 'the serial console (leave with Ctrl-])',
  examples: [['lab console', 'what the guest has printed and prints; Ctrl-] leaves']],
  work: async (session, [name]) => {
    const up = await upVmOf(session, name)
    const before = (await consoleLog(up.dir)).toString('utf8')
    if (!process.stdin.isTTY)
      return { text: before.replaceAll(/\r+\n/g, '\n').trimEnd(), verbatim: true, data: { console: before } }
    const socket = await connectUnix(join(up.dir, CONSOLE_SOCKET)).catch((error: unknown) => {
      throw labError({
        place: `vm ${up.id}`,
        fact: `its console cannot be reached: ${messageOf(error)}`,
        wayOut: 'is another `lab console` open? QEMU serves one at a time',
      })
    })
    const { stdin } = process
    const head = `${before}\r\n[lab: this is the console of ${up.id}; Ctrl-] leaves]\r\n`
    await session.view.raw(Buffer.from(head), 'stdout')
    stdin.setRawMode(true)
    try {
      await new Promise<void>((resolve, reject) => {
        // In raw mode Ctrl-C is a byte for the guest; SIGTERM and a terminal that was closed are not.
        session.context.signal.addEventListener('abort', () => reject(interrupted()), { once: true })
        stdin.on('data', (bytes: Buffer) => (bytes.includes(LEAVE) ? resolve() : void socket.write(bytes)))
        session.view.pipe(socket)
        socket.on('close', () => resolve())
      })
    } finally {
      stdin.setRawMode(false)
      stdin.pause()
      socket.destroy()
    }
    return 0
  },
})
