/** Pointers: what may be dereferenced, and which arithmetic the verifier follows. */
import { baseOf, calleeName, originText, type Origin } from '../origin.ts'
import type { Kind, Situation } from './kind.ts'

const READ =
  'read through the address with bpf_probe_read_kernel or bpf_probe_read_user (before 5.5: bpf_probe_read) into a variable of your own'

/** What a number that is used as a pointer was before. */
function numberCause({ register = 'the register', origin }: Situation): string {
  const number = `${register} holds a number at this point, and only pointers that the verifier knows may be dereferenced`
  return origin === undefined ? number : `${number}. It came from ${originText(origin)}`
}

/** By where the number came from; undefined when the log does not show it. */
const NUMBER_FIXES: Readonly<Record<Origin['kind'], readonly string[]>> = {
  'context field': [
    READ,
    'in fentry, fexit, tp_btf and LSM programs (5.5 and later, kernel with BTF) the arguments are typed pointers: no helper is needed there',
  ],
  memory: [
    READ,
    'a pointer that was kept in a map or a struct is a number once it is read back: keep a key instead, or a kptr (5.19 and later)',
  ],
  call: [
    READ,
    'some helpers return an address as a number: use the variant that returns a typed pointer (bpf_get_current_task_btf, 5.11)',
  ],
  constant: [
    'the pointer is a constant here: look for a variable that was set to NULL or 0 on this path, and leave before it is used',
  ],
  arithmetic: [
    'keep the pointer in 64 bits and only add to it or subtract from it: shifts, masks and 32-bit copies make a number of it',
    READ,
  ],
  context: [READ],
  address: [READ],
  stack: [READ],
}

const numberFixes = ({ origin }: Situation): readonly string[] =>
  origin === undefined
    ? [
        `if it is a kernel or user address: ${READ}`,
        'if it was a pointer of the verifier before: keep it in 64 bits, and only add to it',
      ]
    : NUMBER_FIXES[origin.kind]

/** Who returned the pointer that may be NULL. */
function nullCause({ register = 'the pointer', origin, message, state }: Situation): string {
  const base = baseOf(origin)
  const type = `${message} ${state ?? ''}`
  const what =
    base?.kind === 'call'
      ? `${register} is what ${calleeName(base.callee)} returned (instruction ${base.at}), and it is used without a NULL check`
      : /map_value/.test(type)
        ? 'the result of a map lookup is used without a NULL check'
        : `${register} may be NULL at this point, and it is used without a NULL check`
  return /map_value/.test(type) || (base?.kind === 'call' && /lookup/.test(base.callee))
    ? `${what}: the key may not be in the map. An array's lookup has to be checked too`
    : what
}

export const POINTERS: readonly Kind[] = [
  {
    id: 'null-check',
    formats: `
R%d invalid mem access '%s_or_null'
R%d invalid mem access '%s_or_null_'
%s invalid mem access '%s_or_null'
R%d pointer arithmetic on %s prohibited, null-check it first
R%d pointer arithmetic on PTR_TO_MAP_VALUE_OR_NULL prohibited, null-check it first
R%d type=%s_or_null expected=%s
R%d type=%s_or_null_ expected=%s
Possibly NULL pointer passed to helper %s
Possibly NULL pointer passed to helper arg%d
Possibly NULL pointer passed to trusted %s
Possibly NULL pointer passed to trusted arg%d
arg#%d is expected to be non-NULL
%s is expected to be non-NULL`,
    cause: nullCause,
    fixes: [
      'compare the pointer with NULL right after the call and return if it is NULL; use the same variable after the check, since a copy from before it counts as unchecked',
    ],
    otherwise:
      'if the C has the check, the compiler may have moved it or checked another copy of the pointer: compare the instruction with `llvm-objdump -d` of the object',
    sources: ['kernel/bpf/verifier.c: check_mem_access, mark_ptr_or_null_regs'],
  },
  {
    id: 'not-a-pointer',
    formats: `
R%d invalid mem access 'inv'
R%d invalid mem access 'imm'
R%d invalid mem access 'scalar'
%s invalid mem access 'scalar'`,
    cause: numberCause,
    fixes: numberFixes,
    otherwise: 'the instruction at which the register last held a pointer: the log shows its type there',
    sources: ['kernel/bpf/verifier.c: check_mem_access'],
  },
  {
    id: 'wrong-pointer-type',
    formats: `
R%d invalid mem access '%s'
%s invalid mem access '%s'
R%d invalid mem access 'untrusted_%s'
R%d invalid mem access 'map_ptr'
BPF_ATOMIC loads from R%d %s is not allowed
R%d has type %s, expected PTR_TO_INSN`,
    cause: ({ register = 'the register', words, state, origin }) =>
      `${register} is a pointer of the type ${state ?? words.at(-1) ?? 'shown'}, and memory cannot be accessed through a pointer of this type in this way${origin ? `. It came from ${originText(origin)}` : ''}`,
    fixes: [
      'a map is read with bpf_map_lookup_elem, a packet through ctx->data, memory of the kernel with bpf_probe_read_kernel or, in programs with BTF, through the typed pointer itself',
      'a pointer that lost its trust (read outside of an RCU section, or walked to) is read with bpf_core_read, or acquired again with a kfunc',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/verifier.c: check_mem_access'],
  },
  {
    id: 'context-pointer-modified',
    formats: `
dereference of modified ctx ptr R%d off=%d disallowed
dereference of modified ctx ptr R%d off=%d+%d, ctx+const is allowed, ctx+const+const is not
dereference of modified %s ptr R%d off=%d disallowed
dereference of modified %s ptr %s off=%lld disallowed
variable ctx access var_off=%s disallowed
variable ctx access var_off=%s off=%d size=%d
variable %s access var_off=%s disallowed
negative offset ctx ptr R%d off=%d disallowed
negative offset %s ptr R%d off=%d disallowed
negative offset %s ptr %s off=%lld disallowed
same insn cannot be used with different pointers`,
    cause:
      'the context (and some typed pointers) may only be read at a fixed offset from its unchanged pointer, because the kernel rewrites each such access; here the pointer was changed first, or the offset is not a constant',
    fixes: [
      'name the field (ctx->field) where it is read, and copy it into a local variable; put `volatile` or barrier_var() around it when the compiler computes ctx+offset first',
      'do not index an array in the context with a variable: read with a switch over constants, or copy it with a helper',
    ],
    sources: ['kernel/bpf/verifier.c: check_ctx_reg, __check_ptr_off_reg'],
  },
  {
    id: 'pointer-arithmetic',
    formats: `
R%d pointer arithmetic prohibited
R%d pointer arithmetic on %s prohibited
R%d pointer arithmetic on CONST_PTR_TO_MAP prohibited
R%d pointer arithmetic on PTR_TO_PACKET_END prohibited
R%d pointer arithmetic with %s operator prohibited
R%d bitwise operator %s on pointer prohibited
R%d 32-bit pointer arithmetic prohibited
R%d pointer %s pointer prohibited
R%d pointer += pointer prohibited
R%d tried to subtract pointer from scalar
R%d subtraction from stack pointer prohibited
R%d partial copy of pointer
R%d sign-extension part of pointer
frame pointer is read only`,
    cause: ({ register = 'the register', state, origin }) =>
      `this operation is not allowed on the pointer in ${register}${state === undefined ? '' : ` (${state})`}: numbers may be added to and subtracted from pointers to map values, packets, the stack and memory, in 64 bits; anything else (masks, shifts, products, sums of two pointers) is not${origin ? `. It came from ${originText(origin)}` : ''}`,
    fixes: [
      'compute the offset as a number first, bound it, and add it to the pointer in one step',
      'if the compiler made a 32-bit or a combined operation out of it, keep the pointer and the index apart with barrier_var() or `volatile`',
    ],
    sources: ['kernel/bpf/verifier.c: adjust_reg_min_max_vals, adjust_ptr_min_max_vals'],
  },
  {
    id: 'pointer-offset-limit',
    formats: `
math between %s pointer and %lld is not allowed
addition of negative constant to packet pointer is not allowed
constant %d is too large to add to packet pointer
cannot add '%s' to ptr_to_packet
cannot add integer value with %lld upper zero bits to ptr_to_packet
math between %s pointer and register with unbounded min value is not allowed
value %lld makes %s pointer be out of bounds
%s pointer offset %d is not allowed
%s pointer offset %lld is not allowed`,
    cause: ({ message }) =>
      message.includes('unbounded')
        ? `a number without a lower bound is added to a ${/between (\S+) pointer/.exec(message)?.[1] ?? ''} pointer`
        : message.includes('packet')
          ? 'before 4.14 only small positive numbers may be added to a pointer into the packet, and this one may be negative or too large'
          : 'the offset that is added to the pointer is outside of what the verifier follows (about half a gigabyte either way)',
    fixes: [
      'bound the number before it is added: make it unsigned, and mask it (x &= SIZE - 1, where SIZE is a power of two) or leave when it is too large',
      'for the stack, use a constant index or an array in a map: before 5.10 and for users without privileges no variable offset into the stack is allowed',
    ],
    sources: ['kernel/bpf/verifier.c: check_reg_sane_offset'],
  },
  {
    id: 'pointer-leak',
    formats: `
R%d leaks addr as return value
R0 leaks addr as return value
R%d leaks addr into ctx
R%d leaks addr into flow keys
R%d leaks addr into helper function
R%d leaks addr into map
R%d leaks addr into mem
R%d leaks addr into packet
leaking pointer from stack off %d
R%d pointer comparison prohibited`,
    cause:
      'the address of a kernel object would become visible to user space, or would be compared: programs without CAP_PERFMON (before 5.8: CAP_SYS_ADMIN) must not learn addresses',
    fixes: [
      'load the program as root, or with CAP_BPF and CAP_PERFMON',
      'do not store, return or compare pointers: store the number that you mean',
    ],
    sources: ['kernel/bpf/verifier.c: __is_pointer_value', 'commit 2c78ee898d8f (5.8: CAP_BPF)'],
  },
  {
    id: 'speculation',
    formats: `
R%d has unknown scalar with mixed signed bounds, %s
R%d has unknown scalar with mixed signed bounds, pointer arithmetic with it prohibited for !root
R%d has pointer with unsupported alu operation, %s
R%d could not be pushed for speculative verification, %s
R%d tried to %s beyond pointer bounds, %s
R%d tried to %s from different maps, paths or scalars, %s
R%d tried to add from different maps or paths
R%d tried to add from different pointers or scalars
R%d tried to sub from different maps or paths
R%d tried to sub from different pointers or scalars
R%d pointer arithmetic of map value goes out of range, prohibited for !root
R%d stack pointer arithmetic goes out of range, prohibited for !root
R%d stack pointer arithmetic goes out of range, prohibited for !root; off=%d
%s variable offset stack access prohibited for !root, var_off=%s
R%d%s variable offset stack access prohibited for !root, var_off=%s
R%d indirect variable offset stack access prohibited for !root, var_off=%s
R%d variable stack access prohibited for !root, var_off=%s off=%d
uninit stack in range of var-offset write prohibited for !root; insn %d, off: %d`,
    cause:
      'a loader without CAP_PERFMON (before 5.8: CAP_SYS_ADMIN) gets stricter checks, against Spectre: each pointer must stay inside of its object on every path, also on one that is only executed speculatively',
    fixes: [
      'load the program as root, or with CAP_BPF and CAP_PERFMON: these checks are then left out',
      'add only a masked, unsigned number to the pointer, and the same one on each path',
    ],
    sources: ['kernel/bpf/verifier.c: sanitize_ptr_alu'],
  },
]
