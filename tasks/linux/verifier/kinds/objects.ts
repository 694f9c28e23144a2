/** Objects with a life time: references, locks, regions, kptrs, dynptrs, iterators, lists and trees. */
import type { Kind } from './kind.ts'

export const OBJECTS: readonly Kind[] = [
  {
    id: 'unreleased-reference',
    formats: `
BPF_LD_[ABS|IND] would lead to reference leak
Unreleased reference id=%d alloc_insn=%d
reference id=%d alloc_insn=%d
Leaking reference id=%d alloc_insn=%d. Release it first.
%s would lead to reference leak
BPF_EXIT instruction in main prog would lead to reference leak
cannot overwrite referenced dynptr`,
    cause: ({ message }) => {
      const at = /alloc_insn=(\d+)/.exec(message)?.[1]
      return `on one path the program ends (or calls on) without giving back what it got${at === undefined ? '' : ` at instruction ${at}`}: a ring buffer record, a socket, a task or another reference`
    },
    fixes: [
      'on each path after the NULL check: bpf_ringbuf_submit or bpf_ringbuf_discard for a record of bpf_ringbuf_reserve, bpf_sk_release for a socket, the release function for a kernel object. Look at early returns',
    ],
    sources: ['kernel/bpf/verifier.c: check_reference_leak'],
  },
  {
    id: 'not-acquired',
    formats: `
func %s#%d reference has not been acquired before
kfunc %s#%d reference has not been acquired before
R%d must be referenced when passed to release function
arg %d is an unacquired reference
release helper %s expects referenced PTR_TO_BTF_ID passed to %s
release kfunc %s expects referenced PTR_TO_BTF_ID passed to %s
release kernel function %s expects refcounted PTR_TO_BTF_ID
acquire kernel function does not return PTR_TO_BTF_ID
allocated object must be referenced
invalid bpf_context access off=%d. Reference may already be released`,
    cause: 'the program releases something that it did not acquire, or that it has released before on this path',
    fixes: [
      'release each object once, through the very pointer that the acquiring function returned, after its NULL check',
    ],
    sources: ['kernel/bpf/verifier.c: release_reference'],
  },
  {
    id: 'lock',
    formats: `
Locking two bpf_spin_locks are not allowed
Acquiring the same lock again, AA deadlock detected
bpf_spin_unlock of different lock
bpf_spin_unlock without taking a lock
bpf_spin_unlock is missing
bpf_spin_lock is already taken
%s_unlock of different lock
%s_unlock without taking a lock
%s_unlock cannot be out of order
%s cannot be used inside bpf_spin_lock-ed region
BPF_LD_[ABS|IND] cannot be used inside bpf_spin_lock-ed region
BPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region
tail_call cannot be used inside bpf_spin_lock-ed region
bpf_throw cannot be used inside bpf_spin_lock-ed region
bpf_spin_lock at off=%d must be held for %s
held lock and object are not in the same allocation
can't spin_{lock,unlock} in rbtree cb
can't res_spin_{lock,unlock} in rbtree cb
helper call is not allowed while holding a lock
kfunc is not allowed while holding a lock`,
    cause:
      'a bpf_spin_lock is held for a few instructions only: one at a time, no calls and no return between lock and unlock, and the unlock on each path',
    fixes: [
      'read what you need before the lock, compute under it, and call helpers after the unlock',
      'a counter needs no lock: __sync_fetch_and_add, or a per-CPU map',
    ],
    sources: ['kernel/bpf/verifier.c: process_spin_lock'],
  },
  {
    id: 'region',
    formats: `
BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region
BPF_EXIT instruction in main prog cannot be used inside bpf_preempt_disable-ed region
BPF_EXIT instruction in main prog cannot be used inside bpf_local_irq_save-ed region
%s cannot be used inside bpf_rcu_read_lock-ed region
%s cannot be used inside bpf_preempt_disable-ed region
%s cannot be used inside bpf_local_irq_save-ed region
BPF_LD_[ABS|IND] cannot be used inside bpf_rcu_read_lock-ed region
BPF_LD_[ABS|IND] cannot be used inside bpf_preempt_disable-ed region
tail_call cannot be used inside bpf_rcu_read_lock-ed region
tail_call cannot be used inside bpf_preempt_disable-ed region
bpf_throw cannot be used inside bpf_rcu_read_lock-ed region
bpf_throw cannot be used inside bpf_preempt_disable-ed region
nested rcu read lock (kernel function %s)
unmatched rcu read unlock (kernel function %s)
bpf_rcu_read_unlock is missing
unmatched attempt to enable preemption (kernel function %s)
%d bpf_preempt_enable%s missing
expected an RCU CS when using %s
kernel func %s requires RCU critical section protection
Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback
expected an initialized irq flag as %s
expected uninitialized irq flag as %s
%s doesn't point to an irq flag on stack
cannot restore irq state out of order, expected id=%d acquired at insn_idx=%d
irq flag acquired by %s kfuncs cannot be restored with %s kfuncs`,
    cause:
      'a section (RCU, preemption or interrupts off) is not opened and closed in pairs on each path, or something is called inside of it that is not allowed there',
    fixes: [
      'close the section before each return, and before calls that may sleep; open it only where the kernel does not hold it anyway',
    ],
    sources: ['kernel/bpf/verifier.c: check_kfunc_call'],
  },
  {
    id: 'sleepable',
    formats: `
helper call might sleep in a non-sleepable prog
program must be sleepable to call sleepable kfunc %s
kernel function %s is sleepable but the program is not
kernel func %s is sleepable within %s
kernel func %s is sleepable within rcu_read_lock region
kernel func %s is sleepable within non-preemptible region
sleepable helper %s#%d in %s
sleepable helper %s#%d in rcu_read_lock region
sleepable helper %s#%d in non-preemptible region
Only fentry/fexit/fmod_ret and lsm programs can be sleepable
Only fentry/fexit/fmod_ret, lsm, and kprobe/uprobe programs can be sleepable
Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable
Program of this type cannot be sleepable
Syscall programs can only be sleepable
BPF_LSM_CGROUP programs cannot be sleepable
%s is not sleepable
Sleepable program cannot attach to non-faultable tracepoint %s
Sleepable programs can only use array and hash maps
Sleepable programs can only use array, hash, and ringbuf maps
Sleepable programs can only use array, hash, ringbuf and local storage maps
Sleepable programs can only use preallocated hash maps
sleepable progs cannot use bpf_spin_lock yet`,
    cause:
      'what may sleep (bpf_copy_from_user, some kernel functions) is for sleepable programs only, and these attach to functions that may sleep, and use certain maps',
    fixes: [
      'use the sleepable section, for example fentry.s/FUNCTION, lsm.s/HOOK, uprobe.s/... or iter.s/...; a plain kprobe or tracepoint never sleeps',
      'read with bpf_probe_read_user instead of bpf_copy_from_user: it fails where the page is not in memory, and does not sleep',
    ],
    sources: ['kernel/bpf/verifier.c: check_attach_btf_id, check_map_prog_compatibility'],
  },
  {
    id: 'kptr',
    formats: `
R%d has no valid kptr
off=%d doesn't point to kptr
off=%d kptr isn't referenced kptr
kptr access cannot have variable offset
kptr access misaligned expected=%u off=%llu
kptr access size must be BPF_DW
%s access cannot have variable offset
%s access misaligned expected=%u off=%llu
%s access size must be BPF_DW
kptr in map can only be accessed using BPF_LDX/BPF_STX/BPF_ST
kptr in map can only be accessed using BPF_MEM instruction mode
store to referenced kptr disallowed
store to uptr disallowed
BPF_ST imm must be 0 when storing to kptr at off=%u
invalid kptr access, R%d type=%s%s expected=%s
invalid kptr access, R%d type=%s%s expected=%s%s or %s%s
invalid kptr access, R%d type=%s%s expected=%s%s
arg#%d expected pointer to allocated object
%s expected pointer to allocated object
arg#0 expected pointer to map value
arg#0 BTF type must be a double pointer
arg#0 must have constant offset
arg#0 no referenced kptr at map value offset=%llu
arg#%d expected for bpf_obj_drop_impl()
arg#%d expected for bpf_percpu_obj_drop_impl()
%s expected for bpf_obj_drop()
%s expected for bpf_percpu_obj_drop()
bpf_obj_new/bpf_percpu_obj_new requires prog BTF
bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct
bpf_percpu_obj_new type ID argument must be of a struct of scalars
bpf_percpu_obj_new type ID argument must not contain special fields
bpf_percpu_obj_new type size (%d) is greater than %d`,
    cause:
      'a pointer in a map value (kptr, 5.19 and later) is typed: the field is 8 bytes, at a fixed offset, of the declared type, and a reference goes in and out with bpf_kptr_xchg only',
    fixes: [
      'declare the field `struct task_struct __kptr *task;`, put it in and out with bpf_kptr_xchg(&value->task, p), check the result for NULL, and release it',
    ],
    sources: ['kernel/bpf/verifier.c: check_map_kptr_access, map_kptr_match_type'],
  },
  {
    id: 'dynptr',
    formats: `
Dynptr has to be an uninitialized dynptr
Expected an initialized dynptr as %s
Expected an initialized dynptr as arg #%d
Expected a dynptr of type %s as %s
Expected a dynptr of type %s as arg #%d
CONST_PTR_TO_DYNPTR cannot be released
Unsupported reg type %s for bpf_dynptr_from_mem data
cannot pass in dynptr at an offset
cannot pass pointer to const bpf_dynptr, the helper mutates it
cannot release unowned const bpf_dynptr
potential write to dynptr at off=%d disallowed
arg#%d expected pointer to stack or const struct bpf_dynptr
%s expected pointer to stack or const struct bpf_dynptr`,
    cause:
      'a dynptr is a variable on the stack that a helper initialises and that the program does not touch itself; here it is used before, twice, at an offset, or after its data is gone',
    fixes: [
      'declare `struct bpf_dynptr ptr;`, initialise it once (bpf_dynptr_from_mem, bpf_ringbuf_reserve_dynptr), pass &ptr, and for ring buffers submit or discard it on each path, also when the reservation failed',
    ],
    sources: ['kernel/bpf/verifier.c: process_dynptr_func'],
  },
  {
    id: 'iterator',
    formats: `
expected an initialized iter_%s as %s
expected an initialized iter_%s as arg #%d
expected uninitialized iter_%s as %s
expected uninitialized iter_%s as arg #%d
expected valid iter pointer as %s
expected valid iter pointer as arg #%d
arg#%d expected pointer to an iterator on stack
%s expected pointer to an iterator on stack
cannot pass in iter at an offset=%d`,
    cause:
      'an open-coded iterator (bpf_for, bpf_for_each, 6.4 and later) goes through _new, _next and _destroy in this order, on a variable of the stack, and each one on each path',
    fixes: [
      'use the macros bpf_for(), bpf_repeat() and bpf_for_each() of bpf_helpers.h; leave a loop with `break`, not with `goto` or from an inner function',
      'a kernel function that takes an iterator only since a later kernel, or with another type, needs a program of the same time (bpf_core_type_exists, bpf_ksym_exists)',
    ],
    sources: ['kernel/bpf/verifier.c: process_iter_arg'],
  },
  {
    id: 'list-or-tree',
    formats: `
%s not allowed in rbtree cb
rbtree_remove not allowed in rbtree cb
rbtree_remove node input must be non-owning ref
%s can only take non-owning or refcounted bpf_rb_node pointer
operation on %s expects arg#1 %s at offset=%d in struct %s, but arg is at offset=%d in struct %s
arg#1 offset=%d, but expected %s at offset=%d in struct %s
kfunc %s#%d conversion of owning ref to non-owning failed`,
    cause:
      'nodes of bpf_list_head and bpf_rb_root are owned: a node is allocated with bpf_obj_new, given away by adding it, used under the lock in the same object as the root, and dropped with bpf_obj_drop',
    fixes: [
      'take the bpf_spin_lock next to the root, add or remove, unlock; drop what a removal returned, after its NULL check',
    ],
    sources: ['kernel/bpf/verifier.c: __process_kf_arg_ptr_to_graph_node'],
  },
  {
    id: 'exception',
    formats: `
bpf_throw kfunc (insn %d) cannot be called from callback subprog %d
insn %d cannot call exception cb directly
exception callback '%s' could not be found in BTF
exception callback '%s' must have global linkage
exception callback type id not found in func_info
exception cb only supports single integer argument
invalid exception callback insn_off in func_info: 0
multiple exception callback tags for main subprog
%s programs cannot attach to exception callback`,
    cause:
      'bpf_throw (6.7 and later) and its callback follow rules: no lock or reference is held, it is not called from a callback, and the callback is a global function with one number as its argument',
    fixes: ['release everything before bpf_throw, and declare the callback with __exception_cb(name)'],
    sources: ['kernel/bpf/verifier.c: check_kfunc_call'],
  },
]
