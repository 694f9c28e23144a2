/** `lab ps`: every VM of this lab, with its owner. */
import { whereText } from '../engine/process.ts'
import { listVms } from '../vm/state.ts'
import { fitTable } from '../engine/fit-table.ts'
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
    const columns = [
      { head: 'VM' },
      { head: 'STATE' },
      { head: 'KERNEL', spare: 2 },
      { head: 'ACCEL', spare: 3 },
      { head: 'SSH' },
      { head: 'OWNER', least: 16 },
      { head: 'SINCE', spare: 1 },
    ]
    const text = rows.length === 0 ? 'no VM is running' : fitTable(columns, rows, session.view.width)
    return { text, data: known.map(({ id, state, alive }) => ({ id, alive, state: state ?? null })) }
  },
})
