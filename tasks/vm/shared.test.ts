import { describe, expect, test } from 'vitest'
import type { Context } from '../engine/context.ts'
import type { OpenVm, Places, VmRequest } from './vm.ts'
import { retire } from './retired.ts'
import { SharedVm } from './shared.ts'
import { bootId, startTimeOf } from '../engine/process.ts'
import type { VmState } from './state.ts'

const places = {} as Places
const context = {} as Context
const request = (name: string) => ({ vm: { name } }) as VmRequest

/** VMs whose process is this one (alive) or none (dead); notes what is opened and closed. */
function fake(origin: OpenVm['origin'] = 'started') {
  const log: string[] = []
  let alive = true
  const guest = { connected: true }
  const shared = new SharedVm(
    ({ vm: { name } }) => {
      log.push(`open ${name}`)
      const pid = alive ? process.pid : 2 ** 22 + 1
      const state = { pid, startTime: startTimeOf(process.pid), bootId: bootId() } as VmState
      const close = () => {
        log.push(`close ${name}`)
        return Promise.resolve()
      }
      return Promise.resolve({ state, origin, guest, [Symbol.asyncDispose]: close } as unknown as OpenVm)
    },
    ({ vm: { name } }) => name,
  )
  return { shared, log, guest, die: () => (alive = false), cut: () => (guest.connected = false) }
}

const use = async ({ shared }: ReturnType<typeof fake>, name: string, ownOne = false) => {
  await using vm = await shared.open(request(name), places, context, ownOne)
  return vm.origin
}

describe('SharedVm', () => {
  test('boots once for experiments that want the same, and closes at the end', async () => {
    const guest = fake()
    expect([await use(guest, 'a'), await use(guest, 'a')]).toEqual(['started', 'up'])
    expect(guest.log).toEqual(['open a'])
    await guest.shared[Symbol.asyncDispose]()
    await guest.shared[Symbol.asyncDispose]()
    expect(guest.log).toEqual(['open a', 'close a'])
  })

  test('holds one at a time', async () => {
    const guest = fake()
    for (const name of ['a', 'b', 'a']) await use(guest, name)
    expect(guest.log).toEqual(['open a', 'close a', 'open b', 'close b', 'open a'])
  })

  test('opens another where the guest died', async () => {
    const guest = fake()
    guest.die()
    for (const name of ['a', 'a']) await use(guest, name)
    expect(guest.log).toEqual(['open a', 'close a', 'open a'])
  })

  test('opens another where the connection was lost', async () => {
    const guest = fake()
    await use(guest, 'a')
    guest.cut()
    await use(guest, 'a')
    expect(guest.log).toEqual(['open a', 'close a', 'open a'])
  })

  test('opens another where the kernel of the guest has splatted', async () => {
    const guest = fake()
    await use(guest, 'a')
    retire(guest.guest as never, 'an oops')
    await use(guest, 'a')
    expect(guest.log).toEqual(['open a', 'close a', 'open a'])
  })

  test('does not keep what `lab up` owns, nor what shall be cold', async () => {
    const up = fake('up')
    for (const name of ['a', 'a']) await use(up, name)
    expect(up.log).toEqual(['open a', 'close a', 'open a', 'close a'])
    const cold = fake()
    await use(cold, 'a', true)
    expect(cold.log).toEqual(['open a', 'close a'])
  })
})
