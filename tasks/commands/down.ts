/** `lab down`: driven by what runs, not by what lab.yaml says now. */
import { downStep, upVm } from '../vm/vm.ts'
import { userError } from '../engine/error.ts'
import { openApp } from './shared/app.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'

export const command = defineCommand({
  usage: 'down [vm]',
  about: 'stop a VM that `lab up` started (all of them without a name)',
  options: [['--wait', 'wait for the run in it to finish instead of refusing']],
  examples: [['lab down', 'every VM that `lab up` started']],
  work: async (session, [vm], options) => {
    const places = labPlaces(session)
    const stopped = await downStep(places, vm, session.context, options.wait === true)
    // Only here the declaration is asked: is it the name of a VM that is not up, or of none?
    if (vm !== undefined && stopped.length === 0 && !(await upVm(places, vm)) && !(vm in openApp(session).lab.vms))
      throw userError({
        fact: `there is no vm "${vm}", neither running nor in this lab`,
        wayOut: '`lab ps` lists what runs',
      })
    return { text: stopped.length ? `stopped ${stopped.join(', ')}` : 'no VM was running', data: { stopped } }
  },
})
