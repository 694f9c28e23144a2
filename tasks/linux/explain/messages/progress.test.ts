import { expect, test } from 'vitest'
import { explainText } from '../index.ts'

test.each([
  "libbpf: extern (func ksym) 'scx_bpf_consume': resolved to vmlinux [52985]",
  "libbpf: extern (kcfg) 'LINUX_KERNEL_VERSION': set to 0x50a00",
  'libbpf: struct_ops init_kern simple_ops: func ptr enqueue is set to prog simple_enqueue from data(+8) to kern_data(+8)',
  "libbpf: .maps relo #3: map 'outer' slot [0] points to map 'inner'",
  "libbpf: map 'events' already pinned at '/sys/fs/bpf/events'; not re-pinning",
  "libbpf: usdt: probe for 'libc:setjmp' in elf '/lib/libc.so.6': addr 0x1 base 0x2",
])('debug output of a program that loads is no error: %s', (line) => {
  expect(explainText(line)).toEqual([])
})
