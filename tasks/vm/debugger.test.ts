import { expect, test } from 'vitest'
import type { ResolvedVm } from '../config/resolved.ts'
import { withoutText } from './debugger.ts'

const share = { from: '/lab/inputs', mount: '/inputs', write: false }
const network = { name: 'lan', mac: '52:54:4c:41:01:01', address: '10.77.1.1', hosts: [] }

test.each<[string | undefined, Pick<ResolvedVm, 'shares' | 'networks'>]>([
  [undefined, {}],
  ['the VM of `lab gdb --wait` is without the share /inputs', { shares: [share] }],
  [
    'the VM of `lab gdb --wait` is without the share /inputs, the network lan',
    { shares: [share], networks: [network] },
  ],
])('%s', (text, vm) => {
  expect(withoutText(vm)).toBe(text)
})
