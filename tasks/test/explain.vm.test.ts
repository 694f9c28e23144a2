/** A run that fails says what its texts mean, by itself and when it is asked. */
import { afterAll, expect, test } from 'vitest'
import { Rig } from './rig.ts'

const rig = new Rig()
afterAll(() => rig.remove())

test('R-1101-3: a program that prints the pointer for the byte, and fails', async () => {
  rig.write(
    'bpf/workloads/pointer.c',
    '#include <stdio.h>\nint main(void) { puts("buffer in the map: 0x556bd56843e0, map value ffffffe0"); return 1; }\n',
  )
  rig.edit('lab.yaml', 'bpf/workloads/readfile.c', 'bpf/workloads/pointer.c')
  rig.edit('lab.yaml', 'readfile /data/f --bytes ${bytes} --count ${count}', 'pointer')
  rig.edit('lab.yaml', 'params: { bytes: [16], count: [3] }', 'params: { bytes: [16], count: [1] }')
  const { status, stdout } = await rig.lab(['run', 'readiter', '--repeat', '1'])
  expect(status).toBe(1)
  expect(stdout).toMatch(/^stdout: the low byte of an address, line 1: .*\n +ffffffe0 of 0x556bd56843e0\n  why: /m)
  expect((await rig.lab(['explain', 'last'])).stdout).toContain('the low byte of an address, line 1:')
})
