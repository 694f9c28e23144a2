/** `lab tracepoint <event|file|->`: the C struct of a trace event, from a guest's kernel or from a format text. */
import { createReadStream, existsSync } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import { suggest } from '../config/text/suggest.ts'
import { named } from '../config/open.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { needReadable } from '../engine/regular-file.ts'
import { eachLine } from '../explain/explain.ts'
import type { Guest } from '../host/ssh.ts'
import { parseFormats, STRUCT_HEADER, structOf, type EventFormat } from '../linux/ftrace/tracepoint.ts'
import { vmRequest } from '../build/artefacts.ts'
import { openVm, upVm } from '../vm/vm.ts'
import { openApp, type Session } from './shared/app.ts'
import { choicesOf } from './shared/choices.ts'
import { connectGuest } from './shared/guest.ts'
import { vmOf } from './shared/vm-name.ts'
import { defineCommand, type OptionRow, type OptionsOf, type Outcome } from './command.ts'
import { KERNEL, ACCEL } from './shared/options.ts'

const OPTIONS = [['--vm <name>', 'the VM'], KERNEL, ACCEL] as const satisfies readonly OptionRow[]

const EVENTS = '/sys/kernel/tracing/events'
const EVENT = /^(\w+)[:/](\w+)$/
/** Of a pasted text. Bytes. */
const LARGEST_TEXT = 16 * 2 ** 20

const answer = (formats: readonly EventFormat[], group?: string, from?: string): Outcome => ({
  verbatim: true,
  text: [STRUCT_HEADER, ...formats.map((format) => structOf(format, group))].join('\n\n'),
  data: formats.map((format) => ({ ...format, group, from, c: structOf(format, group) })),
})

async function textOf(what: string, signal: AbortSignal): Promise<string> {
  const lines: string[] = []
  let size = 0
  if (what !== '-') needReadable(what, 'name a file with the text of a format, or GROUP:EVENT')
  const chunks = addAbortSignal(signal, what === '-' ? process.stdin : createReadStream(what))
  await eachLine(
    chunks as AsyncIterable<Uint8Array>,
    (line) => {
      size += line.length + 1
      if (size <= LARGEST_TEXT) lines.push(line)
    },
    signal,
  )
  return lines.join('\n')
}

/** The kernel's own text, or a failure that names what is near. */
async function formatIn(guest: Guest, group: string, event: string, signal: AbortSignal): Promise<EventFormat> {
  const options = { signal, timeout: 60_000, limit: 2 ** 22 }
  const { status, stdout } = await guest.exec(['cat', `${EVENTS}/${group}/${event}/format`], options)
  const [format] = status === 0 ? parseFormats(stdout.toString('latin1')) : []
  if (format) return format
  const list = async (dir: string) => (await guest.exec(['ls', dir], options)).stdout.toString('latin1').split('\n')
  const groups = await list(EVENTS)
  const [what, names] = groups.includes(group)
    ? ([
        `group ${group} has no event ${event}`,
        (await list(`${EVENTS}/${group}`)).map((event) => `${group}:${event}`),
      ] as const)
    : ([`it has no group ${group}`, groups.map((known) => `${known}:${event}`)] as const)
  const near = suggest(`${group}:${event}`, names)
  throw userError({
    place: `event ${group}:${event}`,
    fact: `the guest's kernel does not have it: ${what}`,
    wayOut:
      near === undefined
        ? `\`lab exec -- ls ${EVENTS}\` lists what is there; its option may be off in this kernel`
        : `did you mean ${printable(near)}?`,
  })
}

async function fromGuest(
  session: Session,
  group: string,
  event: string,
  options: OptionsOf<typeof OPTIONS>,
): Promise<Outcome> {
  const { lab, places, context } = openApp(session)
  const name = vmOf(lab, options.vm)
  const choices = choicesOf(options)
  const up = choices.kernel === undefined ? await upVm(places, name) : undefined
  if (up) {
    await using guest = await connectGuest(session, up)
    return answer([await formatIn(guest, group, event, context.signal)], group, up.state.kernel.release)
  }
  await using vm = await openVm(await vmRequest(lab, named(lab.vms, 'vm', name), choices, context), places, context)
  return answer([await formatIn(vm.guest, group, event, context.signal)], group, vm.state.kernel.release)
}

export const command = defineCommand({
  usage: 'tracepoint <event>',
  about: 'print the C struct of group:event, from the guest or from the text of its format in a file (- is stdin)',
  options: OPTIONS,
  work: async (session, [what], options) => {
    if (what !== '-' && !existsSync(what)) {
      const [, group, event] = EVENT.exec(what) ?? []
      if (group !== undefined && event !== undefined) return await fromGuest(session, group, event, options)
      throw userError({
        place: printable(what, 200),
        fact: 'neither an event nor a file',
        wayOut: 'lab tracepoint syscalls:sys_enter_read, or a file with the text of its format, or -',
      })
    }
    const formats = parseFormats(await textOf(what, session.context.signal))
    if (formats.length > 0) return answer(formats)
    throw userError({
      place: printable(what, 200),
      fact: 'there is no format of a trace event in it',
      wayOut: 'give the text that events/GROUP/EVENT/format holds, from its "name:" on',
    })
  },
})
