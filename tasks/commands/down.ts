/** `lab down`: driven by what runs, not by what lab.yaml says now. */
import { downStep, upVm } from '../vm.ts'
import { userError } from '../engine/error.ts'
import { openApp } from './app.ts'
import type { CommandModule } from './index.ts'

export const work: CommandModule['work'] = async (session, [name]) => {
  const { lab, context, places } = openApp(session)
  const vm = typeof name === 'string' ? name : undefined
  const stopped = await downStep(places, vm, context)
  if (vm !== undefined && stopped.length === 0 && !(vm in lab.vms) && !(await upVm(places, vm)))
    throw userError({
      fact: `there is no vm "${vm}", neither running nor in this lab`,
      wayOut: '`lab ps` lists what runs',
    })
  return { text: stopped.length ? `stopped ${stopped.join(', ')}` : 'nothing was up', data: { stopped } }
}
