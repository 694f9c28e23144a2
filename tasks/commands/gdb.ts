/** `lab gdb`: gdb on the kernel of a guest, with the vmlinux that it was built from. */
import { named } from '../config/open.ts'
import { vmRequest } from '../build/artefacts.ts'
import { hostStep } from '../build/host-tools.ts'
import { userError } from '../engine/error.ts'
import { needWritable } from '../engine/writable.ts'
import { GDB } from '../host/packages.ts'
import { debugFromStart, debugUp } from '../vm/debugger.ts'
import { openApp } from './shared/app.ts'
import { choicesOf } from './shared/choices.ts'
import { upVmOf } from './shared/guest.ts'
import { labPlaces } from './shared/places.ts'
import { vmOf } from './shared/vm-name.ts'
import { defineCommand } from './command.ts'
import { ACCEL, KERNEL, SOURCE } from './shared/options.ts'
import { repeated } from './shared/values.ts'

export const command = defineCommand({
  usage: 'gdb [vm]',
  about: 'debug the kernel of a guest with gdb',
  options: [
    ['--wait', 'boot a VM of its own that stops before its first instruction; it ends with gdb'],
    ['--ex <command>', 'a command for gdb, which ends after the last one; can be repeated', repeated],
    KERNEL,
    SOURCE,
    ACCEL,
  ],
  examples: [
    ['lab gdb', 'stop the VM that is up and look at it; it goes on when gdb ends'],
    ['lab gdb --ex bt --ex "info registers"', 'without a terminal'],
    ['lab gdb --wait --ex "hbreak start_kernel" --ex c --ex bt', 'from the first instruction on'],
  ],
  work: async (session, [name], options) => {
    const { context } = session
    const commands = options.ex ?? []
    if (commands.length === 0 && !process.stdin.isTTY)
      throw userError({ fact: 'lab gdb needs a terminal', wayOut: 'for scripts: lab gdb --ex bt' })
    await hostStep(context, [GDB], [])
    if (options.wait !== true) {
      for (const flag of ['kernel', 'source', 'accel'] as const)
        if (options[flag] !== undefined)
          throw userError({
            place: `--${flag}`,
            fact: 'it says how a VM is started, and this one is up',
            wayOut: `give it to \`lab up\`, or use \`lab gdb --wait\``,
          })
      return await debugUp(await upVmOf(session, name), commands, labPlaces(session), context)
    }
    const { lab, places } = openApp(session)
    const vm = named(lab.vms, 'vm', vmOf(lab, name))
    needWritable(places.vms)
    return await debugFromStart(await vmRequest(lab, vm, choicesOf(options), context), commands, places, context)
  },
})
