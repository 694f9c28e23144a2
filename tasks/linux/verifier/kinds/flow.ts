/** Control flow, size and return values of a program, and instructions that are none. */
import type { Kind } from './kind.ts'

const RETURNS =
  'fentry, fexit and typed raw tracepoints return 0, iterators 0 or 1, LSM hooks 0 or a negative errno (-4095 to -1; hooks that answer yes or no: 0 or 1), cgroup programs 0 or 1 (egress 0 to 3), socket lookup 0 or 1. Kprobes, tracepoints, XDP and tc may return anything'

export const FLOW: readonly Kind[] = [
  {
    id: 'return-value',
    formats: `
At async callback return the register R%d has%s should have been in %s
At bpf_set_retval the register R%d has%s should have been in %s
At async callback return the register R%d is not a known value (%s)
At subprogram exit the register R%d has%s should have been in %s
%s the register R%d is not a known value (%s)
At program exit the register R0 has value %s should have been in %s
At program exit the register R0 has unknown scalar value should have been in %s
At program exit the register R0 is not a known value (%s)
At program exit the register R0 has%s should have been in %s
At program exit the register R%d has%s should have been in %s
At program exit the register R%d is not a known value (%s)
At async callback the register R0 has%s should have been in %s
At callback return the register R%d has%s should have been in %s
At bpf_set_retval the register %s has%s should have been in %s
%s the register %s has%s should have been in %s
R0 is not a known value (%s)
exception cb cannot return void`,
    cause: ({ message }) => {
      const range = /should have been in (.*)$/.exec(message)?.[1]
      const has = /(?:has value (\([^)]*\))|has (.*?) should)/.exec(message)
      const value = has?.[1] ?? has?.[2]
      return `the program returns a value that its type and attach point do not take${value === undefined ? '' : `: it has ${value}`}${range === undefined ? '' : `, and ${range} is allowed`}`
    },
    fixes: [
      `return a constant of the allowed range on each path: ${RETURNS}`,
      'a result of a call has to be brought into the range first: return err < 0 ? -EPERM : 0;',
    ],
    sources: ['kernel/bpf/verifier.c: check_return_code'],
  },
  {
    id: 'loop-before-5.3',
    formats: `
back-edge from insn %d to %d`,
    cause:
      'the program has a loop, and kernels before 5.3 take none; later ones say this only to loaders without CAP_BPF',
    fixes: [
      'unroll it: #pragma unroll before a loop with a constant number of rounds',
      'load as root on 5.3 or later, where a loop is fine when the verifier sees it end',
    ],
    sources: ['commit 2589726d12a1 (5.3)', 'kernel/bpf/verifier.c: check_cfg'],
  },
  {
    id: 'endless-loop',
    formats: `
infinite loop detected at insn %d`,
    cause:
      'the loop comes back to this instruction in the same state as before: nothing that decides about its end changes from round to round, as far as the verifier sees it, so there is no bound',
    fixes: [
      'count up to a constant: for (int i = 0; i < 64; i++), and leave from inside with `break`',
      'do not let the end depend on a value that the verifier does not know (memory, a result of a helper) alone',
      'bpf_loop() (5.17), bpf_for() (6.4) or may_goto (6.9) take any number of rounds',
    ],
    sources: ['kernel/bpf/verifier.c: is_state_visited', 'commit 2589726d12a1 (5.3)'],
  },
  {
    id: 'too-complex',
    wholeProgram: true,
    formats: `
BPF program is too large. Processed %d insn
BPF program is too large. Proccessed %d insn
BPF program is too complex
liveness analysis exceeded complexity limit (%d calls)
%s: too many iterations
insn %d cannot be patched due to 16-bit range`,
    cause: ({ message }) =>
      `the verifier gave up after ${/Proce?c?essed (\d+)/.exec(message)?.[1] ?? 'too many'} instructions: each path counts, and each round of a loop (one million since 5.2, about 130,000 before)`,
    fixes: [
      'make the paths few: fewer branches in loops, and functions that are not static (verified once by themselves, 5.6 and later)',
      'use bpf_loop() (5.17) instead of a long loop: its body is verified once',
      'split the program with tail calls',
    ],
    sources: ['kernel/bpf/verifier.c: BPF_COMPLEXITY_LIMIT_INSNS', 'commit c04c0d2b968a (5.2)'],
  },
  {
    id: 'too-many-branches',
    formats: `
The sequence of %d jumps is too complex.`,
    cause: ({ message }) =>
      `more than ${Number(/of (\d+) jumps/.exec(message)?.[1] ?? 8193) - 1} branches are pending on one path: at each conditional jump the verifier puts the other side aside, and this many may wait (8192 in 5.4 and later)`,
    fixes: [
      'shorten unrolled loops and long chains of comparisons; #pragma nounroll keeps a loop a loop',
      'use bpf_loop() (5.17), or a table in a map instead of a chain of comparisons',
    ],
    sources: ['kernel/bpf/verifier.c: BPF_COMPLEXITY_LIMIT_JMP_SEQ'],
  },
  {
    id: 'control-flow',
    wholeProgram: true,
    formats: `
unreachable insn %d
last insn is not an exit or jmp
jump out of range from insn %d to %d
indirect jump out of range from insn %d to %d
jump into the middle of ldimm64 insn %d
invalid insn idx %d insn_cnt %d
no jump tables found for subprog starting at %u
jump table for insn %d points outside of the subprog [%u,%u]
register R%d doesn't point to any offset in map id=%d
R%u points to outside of jump table: [%llu,%llu] max_entries %u
the sum of R%u umax_value %llu is too big
the sum of R%u umin_value %llu is too big
invalid may_goto imm %d
invalid may_goto off %d imm %d
unexpected __bpf_trap() due to uninitialized variable?
Failed to properly initialize insn array`,
    cause: ({ message }) =>
      message.startsWith('last insn')
        ? 'the end of the program, or of one of its functions, can be reached without `return`: the compiler has left out what follows undefined behaviour (a missing return, a read of an uninitialised variable, an endless loop; in Rust a panic, of an index or an overflow, that ends in nothing)'
        : message.startsWith('unreachable')
          ? 'no jump leads to this instruction, and the kernel refuses dead code: it comes after a return, an endless loop or undefined behaviour'
          : 'a jump leads outside of its function, or into the middle of an instruction of two slots',
    fixes: [
      'look at the warnings of clang (-Wall -Wreturn-type -Wuninitialized), and end each function with a return',
      'compile with -O2: without it clang emits code that the kernel does not take; Rust: cargo build --release, get() instead of [], checked or wrapping arithmetic',
    ],
    sources: ['kernel/bpf/verifier.c: check_subprogs, check_cfg'],
  },
  {
    id: 'invalid-instruction',
    formats: `
BPF_ARSH not supported for 32 bit ALU
unknown opcode %02x
unknown insn class %d
invalid BPF_ALU opcode %x
invalid BPF_JMP/JMP32 opcode %x
invalid BPF_JMP opcode %x
Unknown conditional jump %x
invalid BPF_LD mode
invalid BPF_LD_IMM insn
invalid bpf_ld_imm64 insn
unrecognized bpf_ld_imm64 insn
reserved field (insn[1].imm) is used in pseudo_btf_id ldimm64 insn.
invalid shift %d
invalid atomic operand size
div by zero
BPF_ALU uses reserved fields
BPF_CALL uses reserved fields
BPF_END uses reserved fields
BPF_EXIT uses reserved fields
BPF_JA uses reserved fields
BPF_JA|BPF_X uses reserved fields
BPF_JMP/JMP32 uses reserved fields
BPF_JMP uses reserved fields
BPF_LDX uses reserved fields
BPF_LD_IMM64 uses reserved fields
BPF_LD_[ABS|IND] uses reserved fields
BPF_MOV uses reserved fields
BPF_NEG uses reserved fields
BPF_ST uses reserved fields
BPF_STX uses reserved fields
BPF_XADD uses reserved fields
BPF_ATOMIC uses invalid atomic opcode %02x
BPF_ATOMIC uses reserved fields
64-bit load-acquires are only supported on 64-bit arches
64-bit store-releases are only supported on 64-bit arches`,
    cause:
      'the kernel does not know this instruction, or one of its fields has to be 0: the compiler used a newer instruction set than the kernel has, or the bytecode was made by hand',
    fixes: [
      'compile for an older set: clang -mcpu=v2 (jumps of v3 since 5.1, atomics with results since 5.12, v4 with sign extension and long jumps since 6.6); -mcpu=v1 for 4.x',
      'for atomics that return the old value (__sync_fetch_and_add whose result is used) before 5.12: do not use the result',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/verifier.c: resolve_pseudo_ldimm64, do_check'],
  },
  {
    id: 'atomic-operand',
    formats: `
BPF_XADD stores into R%d %s is not allowed
BPF_ATOMIC stores into R%d %s is not allowed
BPF_ST stores into R%d %s is not allowed`,
    cause:
      'an atomic or immediate store through this kind of pointer is not possible: the kernel would have to rewrite it',
    fixes: [
      'add in a local variable and store the result; or keep the counter in a map value, where __sync_fetch_and_add works',
    ],
    sources: ['kernel/bpf/verifier.c: check_atomic'],
  },
  {
    id: 'legacy-packet-load',
    formats: `
BPF_LD_[ABS|IND] instructions cannot be mixed with bpf-to-bpf calls
BPF_LD_[ABS|IND] instructions not allowed for this program type
BPF_LD_[ABS|IND] cannot be mixed with socket references
LD_ABS is not allowed in subprogs without BTF
LD_ABS is only allowed in functions that return 'int'.
at the time of BPF_LD_ABS|IND R6 != pointer to skb`,
    cause:
      'load_byte(), load_half() and load_word() read the packet of a socket filter or tc program; they do not work here',
    fixes: ['bpf_skb_load_bytes(skb, offset, &value, sizeof(value))'],
    sources: ['kernel/bpf/verifier.c: check_ld_abs'],
  },
  {
    id: 'verifier-bug',
    formats: `
mark_reg_known_zero(regs, %u)
mark_reg_not_init(regs, %u)
mark_reg_unknown(regs, %u)
verifier bug regno %d tmp %p
regno %d parent frame %d current frame %d
verifier bug: %s
verifier bug. %s
verifier bug
Verifier bug
Verifier bug in function %s()
verifier internal error
verifier internal error: %s
verifier BUG type %s var_off %lld off %d
BUG regs %x
BUG spi %d
BUG stack slots %llx
BUG backtracking idx %d
BUG backtracking (stack slot %d, total slots %d)
BUG backtracking func entry subprog %d reg_mask %x stack_mask %llx
BUG backtracing func entry subprog %d reg_mask %x stack_mask %llx
BUG subprog enter from frame %d
BUG subprog exit from frame 0
BUG: in callback at %d, callsite %d !calls_callback
REG INVARIANTS VIOLATION (%s): %s
bug: bad parent state for iter next call
pop stack internal bug
visit_insn internal bug
insn state internal bug
bpf verifier is misconfigured
bpf verifier narrow ctx access misconfigured
bpf verifier narrow ctx load misconfigured
kernel subsystem misconfigured verifier
Please fix kernel include/linux/bpf_types.h
failed to push state for failed lock acquisition
failed to push state for global subprog exception path
failed to mark s32 range for retval in forked state for lock
Failed to acquire lock state
func %s has non-overwritten BPF_PTR_POISON return type
R%d has non-overwritten BPF_PTR_POISON type
%s has non-overwritten BPF_PTR_POISON type
map type %d is misconfigured`,
    cause:
      'the verifier ran into a state that its authors held impossible, or ran out of memory: this is a flaw of the kernel, not of the program',
    fixes: [
      'try the newest stable release of this kernel; then report it to bpf@vger.kernel.org with the object and this log',
      'a small change of the C (another order of branches, barrier_var()) often avoids it',
    ],
    sources: ['include/linux/bpf_verifier.h: verifier_bug'],
  },
]
