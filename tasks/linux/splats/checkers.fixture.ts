/** Reports of what a debug option watches: KASAN and its kin, lists, reference counts, pages, slabs, leaks. */
import type { Golden } from './golden.fixture.ts'

export const CHECKERS: readonly Golden[] = [
  {
    name: 'KASAN',
    text: `[    6.1] ==================================================================
[    6.1] BUG: KASAN: slab-out-of-bounds in demo_copy+0x21/0x60 [demo]
[    6.1] Write of size 1 at addr ffff888003a5d080 by task sh/71
[    6.1] 
[    6.1] CPU: 0 PID: 71 Comm: sh Not tainted 5.10.223 #1
[    6.1] Call Trace:
[    6.1]  dump_stack+0x96/0xc4
[    6.1]  kasan_report.cold+0x20/0x37
[    6.1]  demo_copy+0x21/0x60 [demo]`,
    is: { kind: 'kasan', function: 'demo_copy', module: 'demo', line: 2 },
  },
  {
    name: 'KASAN: a double free',
    text: `[    6.1] BUG: KASAN: double-free or invalid-free in demo_drop+0x21/0x60`,
    is: { kind: 'kasan', function: 'demo_drop', line: 1 },
  },
  {
    name: 'KFENCE',
    text: `[    6.1] BUG: KFENCE: out-of-bounds read in demo_copy+0xa4/0x130
[    6.1] 
[    6.1] Out-of-bounds read at 0xffff88807f0fe038 (8B right of kfence-#47):`,
    is: { kind: 'kfence', function: 'demo_copy', line: 1 },
  },
  {
    name: 'KMSAN',
    text: `[    6.1] BUG: KMSAN: uninit-value in demo_parse+0x51/0x80`,
    is: { kind: 'kmsan', function: 'demo_parse', line: 1 },
  },
  {
    name: 'KCSAN',
    text: `[    6.1] BUG: KCSAN: data-race in demo_get / demo_put`,
    is: { kind: 'kcsan', function: 'demo_get', line: 1 },
  },
  {
    name: 'UBSAN of 5.4',
    text: `[    6.1] ================================================================================
[    6.1] UBSAN: Undefined behaviour in lib/demo.c:93:20
[    6.1] shift exponent 64 is too large for 64-bit type 'long unsigned int'
[    6.1] Call Trace:
[    6.1]  dump_stack+0x57/0x6a
[    6.1]  ubsan_epilogue+0x5/0x40
[    6.1]  __ubsan_handle_shift_out_of_bounds.cold+0x61/0x10e
[    6.1]  demo_shift.isra.0+0x17/0x20`,
    is: { kind: 'ubsan', function: 'demo_shift', line: 2 },
  },
  {
    name: 'UBSAN of 6.12',
    text: `[    6.1] ------------[ cut here ]------------
[    6.1] UBSAN: array-index-out-of-bounds in lib/demo.c:93:20
[    6.1] index 12 is out of range for type 'int [8]'
[    6.1] Call Trace:
[    6.1]  <TASK>
[    6.1]  dump_stack_lvl+0x48/0x70
[    6.1]  __ubsan_handle_out_of_bounds+0x95/0xd0
[    6.1]  demo_pick+0x17/0x20`,
    is: { kind: 'ubsan', function: 'demo_pick', line: 2 },
  },
  {
    name: 'list corruption that warns',
    text: `[    8.1] ------------[ cut here ]------------
[    8.1] list_add corruption. next->prev should be prev (ffff8880), but was ffff8881. (next=ffff8882).
[    8.1] WARNING: CPU: 0 PID: 71 at lib/list_debug.c:23 __list_add_valid+0x4d/0x70
[    8.1] RIP: 0010:__list_add_valid+0x4d/0x70
[    8.1] Call Trace:
[    8.1]  demo_insert+0x21/0x40`,
    is: { kind: 'list-corruption', function: 'demo_insert', line: 2 },
  },
  {
    name: 'list corruption that is fatal',
    text: `[    8.1] list_del corruption, ffff888003a5d080->next is LIST_POISON1 (dead000000000100)
[    8.1] ------------[ cut here ]------------
[    8.1] kernel BUG at lib/list_debug.c:45!
[    8.1] invalid opcode: 0000 [#1] SMP
[    8.1] RIP: 0010:__list_del_entry_valid.cold+0x1d/0x69
[    8.1] Call Trace:
[    8.1]  demo_remove+0x21/0x40`,
    is: { kind: 'list-corruption', function: 'demo_remove', line: 1 },
  },
  {
    name: 'reference count of 5.10',
    text: `[    8.1] ------------[ cut here ]------------
[    8.1] refcount_t: underflow; use-after-free.
[    8.1] WARNING: CPU: 0 PID: 71 at lib/refcount.c:28 refcount_warn_saturate+0xa6/0xf0
[    8.1] RIP: 0010:refcount_warn_saturate+0xa6/0xf0
[    8.1] Call Trace:
[    8.1]  __refcount_sub_and_test.constprop.0+0x2e/0x33
[    8.1]  demo_put+0x21/0x40`,
    is: { kind: 'refcount', function: 'demo_put', line: 2 },
  },
  {
    name: 'bad page',
    text: `[    8.1] BUG: Bad page state in process sh  pfn:03a5d
[    8.1] page:00000000f00f refcount:-1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x3a5d`,
    is: { kind: 'bad-page', line: 1 },
  },
  {
    name: 'slab',
    text: `[    8.1] =============================================================================
[    8.1] BUG kmalloc-64 (Not tainted): Redzone overwritten
[    8.1] -----------------------------------------------------------------------------`,
    is: { kind: 'slab', line: 2 },
  },
  {
    name: 'kmemleak',
    text: `[   98.1] kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)`,
    is: { kind: 'kmemleak', line: 1 },
  },
  {
    name: 'a BUG that has no rule of its own',
    text: `[    8.1] BUG: Dentry 00000000f00f{i=12,n=f}  still in use (1) [unmount of ext4 vda]`,
    is: { kind: 'other-bug', line: 1 },
  },
]
