/** Warnings, BUG(), oopses of several architectures, and panics. */
import { TAIL, type Golden } from './golden.fixture.ts'

export const FAULTS: readonly Golden[] = [
  {
    name: 'WARN_ON of 5.10',
    text: `<4>[    9.250000] ------------[ cut here ]------------
<4>[    9.250001] WARNING: CPU: 1 PID: 71 at drivers/demo/core.c:80 demo_check+0x1f/0x40 [demo]
<4>[    9.250002] Modules linked in: demo(O)
<4>[    9.250003] CPU: 1 PID: 71 Comm: sh Tainted: G           O      5.10.223 #1
<4>[    9.250004] RIP: 0010:demo_check+0x1f/0x40 [demo]
<4>[    9.250005] Call Trace:
<4>[    9.250006]  demo_write+0x31/0x60 [demo]
<4>[    9.250007] ---[ end trace 0f0e0d0c0b0a0908 ]---`,
    is: { kind: 'warning', function: 'demo_check', module: 'demo', line: 2, at: '9.250001', tainted: 'G           O' },
  },
  {
    name: 'WARN with a message, before its line since 4.17',
    text: `[    1.5] ------------[ cut here ]------------
[    1.5] the budget of demo is used up
[    1.5] WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 demo_budget+0x2a/0x50
[    1.5] ---[ end trace 0000000000000000 ]---`,
    is: {
      kind: 'warning',
      function: 'demo_budget',
      line: 3,
      lines: ['the budget of demo is used up', 'WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 demo_budget+0x2a/0x50'],
    },
  },
  {
    name: 'WARN of a kernel without DEBUG_BUGVERBOSE',
    text: `[    1.5] WARNING: CPU: 0 PID: 1 at demo_budget+0x2a/0x50`,
    is: { kind: 'warning', function: 'demo_budget', line: 1 },
  },
  {
    name: 'WARN of 6.18',
    text: `[    1.500000][   T71] WARNING: kernel/demo.c:12 at demo_budget+0x2a/0x50, CPU#1: demo/71`,
    is: { kind: 'warning', function: 'demo_budget', line: 1, at: '1.500000' },
  },
  {
    name: 'oops of 5.4',
    text: `[   31.100000] BUG: kernel NULL pointer dereference, address: 0000000000000010
[   31.100001] #PF: supervisor read access in kernel mode
[   31.100002] #PF: error_code(0x0000) - not-present page
[   31.100003] PGD 0 P4D 0
[   31.100004] Oops: 0000 [#1] SMP NOPTI
[   31.100005] CPU: 1 PID: 71 Comm: insmod Tainted: G        W         5.4.0 #1
[   31.100006] RIP: 0010:demo_init+0x5/0x1000 [demo]
[   31.100007] Code: 00 48 8b
[   31.100008] Call Trace:
[   31.100009]  do_one_initcall+0x46/0x1f4
[   31.100010] ---[ end trace 0f0e0d0c0b0a0908 ]---`,
    is: { kind: 'oops', function: 'demo_init', module: 'demo', line: 1, tainted: 'G        W' },
  },
  {
    name: 'oops of 4.15',
    text: `[   31.100000] BUG: unable to handle kernel paging request at ffffc90000400000
[   31.100001] IP: demo_read+0x5/0x20
[   31.100002] Oops: 0002 [#1] SMP PTI
[   31.100003] RIP: 0010:demo_read+0x5/0x20`,
    is: { kind: 'oops', function: 'demo_read', line: 1 },
  },
  {
    name: 'oops of 6.12, a jump to nowhere',
    text: `[    3.1] BUG: unable to handle page fault for address: ffffffffc0000000
[    3.1] Oops: Oops: 0010 [#1] PREEMPT SMP NOPTI
[    3.1] CPU: 0 UID: 0 PID: 71 Comm: demo Not tainted 6.12.9 #1
[    3.1] RIP: 0010:0xffffffffc0000000
[    3.1] Call Trace:
[    3.1]  <TASK>
[    3.1]  ? __die_body+0x1b/0x58
[    3.1]  demo_call+0x12/0x30
[    3.1]  </TASK>`,
    is: { kind: 'oops', function: 'demo_call', line: 1 },
  },
  {
    name: 'a division by zero',
    text: `[    3.1] divide error: 0000 [#1] SMP
[    3.1] RIP: 0010:demo_ratio+0x9/0x20`,
    is: { kind: 'oops', function: 'demo_ratio', line: 1 },
  },
  {
    name: 'BUG()',
    text: `[    4.1] ------------[ cut here ]------------
[    4.1] kernel BUG at mm/demo.c:305!
[    4.1] invalid opcode: 0000 [#1] SMP
${TAIL}
[    4.1] RIP: 0010:demo_free+0x13a/0x180
[    4.1] RSP: 0018:ffff9a69c1b1fd38 EFLAGS: 00010246
[    4.1] ---[ end trace 4cf8f459b8f68a44 ]---`,
    is: { kind: 'bug', function: 'demo_free', line: 2 },
  },
  {
    name: 'general protection fault of 5.10',
    text: `[    4.1] general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP
[    4.1] RIP: 0010:demo_unlink+0x13/0x80`,
    is: { kind: 'general-protection', function: 'demo_unlink', line: 1 },
  },
  {
    name: 'general protection fault of 6.12',
    text: `[    4.1] Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP
[    4.1] RIP: 0010:demo_unlink+0x13/0x80`,
    is: { kind: 'general-protection', function: 'demo_unlink', line: 1 },
  },
  {
    name: 'double fault',
    text: `[    4.1] BUG: stack guard page was hit at 00000000f00f (stack is 00000000f000..00000000f00e)
[    4.1] kernel stack overflow (double-fault): 0000 [#1] SMP
[    4.1] RIP: 0010:demo_recurse+0x13/0x80`,
    is: { kind: 'double-fault', function: 'demo_recurse', line: 1 },
  },
  {
    name: 'panic',
    text: `[    5.1] Kernel panic - not syncing: sysrq triggered crash
[    5.1] CPU: 0 PID: 71 Comm: sh Not tainted 5.10.223 #1
[    5.1] Call Trace:
[    5.1]  dump_stack+0x57/0x6a
[    5.1]  panic+0xfb/0x2d7
[    5.1]  sysrq_handle_crash+0x11/0x20
[    5.1] Kernel Offset: disabled
[    5.1] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---`,
    is: { kind: 'panic', function: 'sysrq_handle_crash', line: 1 },
  },
  {
    name: 'mips: the CPU stands before the oops, the function behind epc',
    text: `[    5.8] CPU 1 Unable to handle kernel paging request at virtual address 00c01234, epc == 8026a400, ra == 8026a3e4
[    5.8] Oops[#1]:
[    5.8] epc   : 8026a400 demo_register+0x74/0x130
[    5.8] ra    : 8026a3e4 demo_register+0x58/0x130`,
    is: { kind: 'oops', function: 'demo_register', line: 1 },
  },
  {
    name: 'riscv: an illegal instruction',
    text: `[    1.5] Oops - illegal instruction [#1]
[    1.5] epc : demo_run+0x1e/0x2c
[    1.5]  ra : demo_run+0x12/0x2c`,
    is: { kind: 'oops', function: 'demo_run', line: 1 },
  },
  {
    name: 'powerpc: NULL, and bad area below it',
    text: `[    1.5] BUG: Kernel NULL pointer dereference on read at 0x00000008
[    1.5] Oops: Kernel access of bad area, sig: 11 [#1]
[    1.5] NIP [c000000000812345] demo_read+0x24/0x90`,
    is: { kind: 'oops', function: 'demo_read', line: 1 },
  },
  {
    name: 'arm64: an abort that is no Oops by name',
    text: `[    1.5] Internal error: synchronous external abort: 0000000096000010 [#1] SMP
[    1.5] pc : demo_readl+0x18/0x40 [demo]`,
    is: { kind: 'oops', function: 'demo_readl', module: 'demo', line: 1 },
  },
]
