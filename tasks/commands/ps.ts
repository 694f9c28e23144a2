/** `lab ps`: every VM of this lab, with its owner. */
import { whereText } from '../engine/process.ts'
import { listVms } from '../vm/state.ts'
import { table } from '../engine/text.ts'
import { defineCommand } from './command.ts'
import { labPlaces } from './shared/places.ts'

export const command = defineCommand({
  usage: 'ps',
  about: 'list running VMs and their owners',
  work: async (session) => {
    const known = await listVms(labPlaces(session).vms)
    const rows = known.map(({ id, state, alive, owned, starter }) => {
      const where = starter === undefined ? '' : whereText(starter)
      const owner = !state
        ? owned
          ? `a command that boots it${where}`
          : 'left over: `lab gc` removes it'
        : state.owner === 'up'
          ? `lab up${where}`
          : `lab run (process ${state.ownerPid}${where}${owned ? '' : ', gone: `lab gc` ends it'})`
      return [
        id,
        alive ? 'running' : owned ? 'booting' : 'dead',
        state?.kernel.release ?? '',
        state?.accel.accel ?? '',
        alive && state ? `127.0.0.1:${state.port}` : '',
        owner,
        state?.since ?? '',
      ]
    })
    const columns = ['VM', 'STATE', 'KERNEL', 'ACCEL', 'SSH', 'OWNER', 'SINCE'].map((head) => ({ head }))
    const text = rows.length === 0 ? 'no VM is running' : table(columns, rows, session.view.width)
    return { text, data: known.map(({ id, state, alive }) => ({ id, alive, state: state ?? null })) }
  },
})
