/** `lab up`: boot the VM; does nothing if it is already up. Nothing to do is nothing done. */
import { named } from '../config/open.ts'
import { vmOf } from './shared/vm-name.ts'
import { vmRequest } from '../build/artefacts.ts'
import { needWritable } from '../engine/writable.ts'
import { warnUnsound } from '../run/guest/sound-guest.ts'
import { attach, upStep, upVm } from '../vm/vm.ts'
import { openApp } from './shared/app.ts'
import { choicesOf } from './shared/choices.ts'
import { planAnswer } from './plan.ts'
import { defineCommand } from './command.ts'
import { KERNEL, SOURCE, ACCEL, DRY_RUN } from './shared/options.ts'

export const command = defineCommand({
  usage: 'up [vm]',
  about: 'boot the VM; does nothing if it is already up',
  options: [KERNEL, SOURCE, ACCEL, DRY_RUN],
  examples: [
    ['lab up', 'boot the VM'],
    ['lab up --kernel v5.10', 'with another kernel'],
    ['lab up --dry-run', 'what would be done, and why'],
  ],
  warnsDaily: true,
  work: async (session, [name], options) => {
    const { lab, context, places } = openApp(session)
    const vm = named(lab.vms, 'vm', vmOf(lab, name))
    if (options.dryRun) return await planAnswer(lab, vm, undefined, choicesOf(options), context)
    needWritable(places.vms)
    const bootable = await vmRequest(lab, vm, choicesOf(options), context)
    const state = await upStep(bootable, places, context)
    const running = await upVm(places, vm.name)
    if (running) {
      await using guest = await attach(running, places)
      await warnUnsound(guest, vm.name, context)
    }
    const { kernel, accel, port } = state
    return {
      text: `${vm.name} is up: ${kernel.release}, ${accel.accel}, 127.0.0.1:${port}   (lab run, lab ssh, lab exec -- CMD, lab down)`,
      data: state,
    }
  },
})
