/** Calls of the kernel: helpers, kernel functions, and their arguments. */
import { calleeName, originText } from '../origin.ts'
import type { Kind, Situation } from './kind.ts'

/** 0x0bad2310: what libbpf writes in the place of an instruction whose CO-RE relocation failed. */
const POISON = '195896080'

const helperOf = (message: string): string => /(?:func|helper) (\w+)#-?\d+/.exec(message)?.[1] ?? 'the helper'

/** Helpers that kernel_lockdown(7) takes from all tracing programs when it is set to confidentiality. */
const LOCKED_DOWN = /^bpf_(?:probe_read|probe_read_str|probe_read_kernel|probe_read_kernel_str|probe_write_user)$/

function helperFixes({ message }: Situation): readonly string[] {
  const helper = helperOf(message)
  const fixes = [
    `look ${helper === 'the helper' ? 'it' : helper} up in bpf-helpers(7) for its first kernel and its program types; \`bpftool feature probe\` lists what the running kernel gives to each type`,
  ]
  return LOCKED_DOWN.test(helper)
    ? [
        `for a tracing program on 5.4 and later: see /sys/kernel/security/lockdown. With [confidentiality] the kernel takes ${helper} away; boot with lockdown=integrity or lockdown=none (Secure Boot may set it)`,
        ...fixes,
      ]
    : fixes
}

function argumentCause({ message, register = 'an argument', state, origin }: Situation): string {
  const [, type = '', expected = ''] = /type=(\S*) expected=(.*)$/.exec(message) ?? []
  const from = origin ? `. It came from ${originText(origin)}` : ''
  const number = /^(?:inv|scalar|imm)\d*/.test(type)
  const wants = expected === '' ? 'another type' : expected
  const gets = number ? 'a number' : (state ?? type)
  if (number && /fp|mem|stack/.test(expected))
    return `the callee takes a pointer to memory of the program in ${register} (${wants}), and ${register} holds a number${state ? ` (${state})` : ''}${from}`
  return `the callee takes ${wants} in ${register}${gets === '' ? '' : `, and it gets ${gets}`}${from}`
}

function argumentFixes({ message, origin }: Situation): readonly string[] {
  const [, type = '', expected = ''] = /type=(\S*) expected=(.*)$/.exec(message) ?? []
  if (/^(?:inv|scalar|imm)/.test(type) && origin?.kind === 'context field')
    return [
      'a pointer from the context is an address of the kernel or of user space: copy what it points to into a local variable (bpf_probe_read_kernel, bpf_probe_read_user), and pass the address of that',
    ]
  if (/^(?:map_value|fp)/.test(type) && /map_ptr/.test(expected))
    return ['pass the map itself: &map, where the map is declared in the section .maps']
  if (/fp/.test(expected))
    return [
      'copy the value into a local variable (on the stack), and pass its address',
      'older kernels take stack memory only: map values are taken as keys since 4.18',
    ]
  return ['pass what the helper declares: `man bpf-helpers` names the type of each argument']
}

export const CALLS: readonly Kind[] = [
  {
    id: 'helper-not-available',
    formats: `
unknown func %s#%d
program of this type cannot use helper %s#%d
cannot use helper %s#%d
func %s#%d not supported for program type %d
func %s#%d supported only for fentry/fexit/fmod_ret programs
func %s#%d supported only for fentry/fexit/fsession/fmod_ret programs
helper call is not allowed in probe
cannot update sockmap in this context
get_local_storage() doesn't support non-zero flags`,
    cause: ({ message }) => {
      const helper = helperOf(message)
      return LOCKED_DOWN.test(helper)
        ? `the kernel does not give ${helper} to this program: it is locked down (confidentiality), or its list of helpers for this program type does not have it`
        : `the kernel has no helper of this number, or does not give ${helper} to programs of this type`
    },
    fixes: helperFixes,
    confidence: 'likely',
    otherwise:
      'the program type that the loader chose from the section name: another one may get the helper; and the license: GPL-only helpers are refused with a message of their own',
    sources: [
      'kernel/bpf/helpers.c: bpf_base_func_proto',
      'kernel/trace/bpf_trace.c',
      'commit 9d1f8be5cf42 (5.4: lockdown)',
    ],
  },
  {
    id: 'core-relocation-failed',
    formats: `
invalid func unknown#${POISON}
unknown func unknown#${POISON}
invalid func %s#${POISON}
unknown func %s#${POISON}
program of this type cannot use helper unknown#${POISON}
failed to resolve CO-RE relocation %s`,
    cause:
      "a CO-RE relocation failed: the type, field or enum value that the program names is not in this kernel's BTF. libbpf puts a call of the helper 0x0bad2310 in the place of such an instruction, so that only a path that runs into it is refused",
    fixes: [
      'libbpf\'s own log names it ("<invalid CO-RE relocation>", or with debug output "relo #N: no matching targets found"): compare with `bpftool btf dump file /sys/kernel/btf/vmlinux format c`',
      'ask before the access: if (bpf_core_field_exists(p->field)) or bpf_core_type_exists, and name the variant of an older kernel as struct foo___old',
      'a struct of a module needs the BTF of the module: load it first',
    ],
    sources: ['tools/lib/bpf/relo_core.c: bpf_core_poison_insn'],
  },
  {
    id: 'unresolved-call',
    formats: `
kfunc '%s' is referenced but wasn't resolved
BPF map '%s' is referenced but wasn't created`,
    cause: ({ words: [name], message }) =>
      message.startsWith('kfunc')
        ? `this kernel has no kernel function ${name} for BPF (kfunc): it came with a later kernel, its option is off, or its module is not loaded. The program declares it __weak, so that only a path which runs into the call is refused`
        : `the map ${name} was not created (bpf_map__set_autocreate(map, false), or its type is missing here), and a path of the program still uses it`,
    fixes: ({ message }) =>
      message.startsWith('kfunc')
        ? [
            'ask before the call: if (bpf_ksym_exists(NAME)) { ... } else { ... }',
            '`bpftool btf dump file /sys/kernel/btf/vmlinux | grep NAME`; a tool and a kernel of the same time',
          ]
        : ['keep the path away at load time: a const volatile flag in .rodata, set before the object is loaded'],
    sources: ['libbpf.c: fixup_verifier_log'],
  },
  {
    id: 'helper-number',
    formats: `
invalid func %s#%d
invalid func %d
kernel subsystem misconfigured func %s#%d
kernel subsystem misconfigured func %s#%d: r1 != ctx
unknown return type %d of func %s#%d
unknown return type %u of func %s#%d
invalid return type %d of func %s#%d
invalid return type %u of func %s#%d
unsupported arg_type %d`,
    cause: 'the program calls a helper by a number that this kernel does not have',
    fixes: [
      'the helper is newer than the kernel: see its first version in bpf-helpers(7), and choose at run time by bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_name)',
    ],
    otherwise: 'an extern function that was not resolved: its number is then 0 or -1',
    sources: ['kernel/bpf/verifier.c: check_helper_call'],
  },
  {
    id: 'argument-type',
    formats: `
R%d type=%s expected=%s
%s type=%s expected=%s
R%d type=%s expected=
R%d is of type %s but %s is expected
%s is of type %s but %s is expected
R%d must have zero offset when passed to release func
R%d must have zero offset when passed to release func or trusted arg to kfunc
%s must have zero offset when passed to release func or trusted arg to kfunc
R%d is a pointer to in-kernel struct with non-zero offset
R%d is not a pointer to map_value
R%d is not a scalar
%s is not a scalar
R%d is not a pointer
R1 is not a scalar
R0 not a scalar value
expected %s or socket
helper access to the packet is not allowed
cannot pass in %s at an offset=%d
Helper has invalid btf_id in R%d
Helper has invalid btf/btf_id in R1
R%d must point to kernel BTF`,
    cause: argumentCause,
    fixes: argumentFixes,
    sources: ['kernel/bpf/verifier.c: check_reg_type, check_func_arg'],
  },
  {
    id: 'constant-argument',
    formats: `
ARG_CONST_SIZE cannot be first argument
R%d must be a known constant
%s must be a known constant
R%d is not a known constant'
R%d is not a const
%s is not a const
R%d is not a constant address'
%s is not a constant address'
R%d does not point to a readonly map'
%s does not point to a readonly map'
%s points to insn_array map which cannot be used as const string
%s doesn't point to a const string
arg#%d doesn't point to a const string
R%d rdonly/rdwr_buf_size exceeds u32 max
%s rdonly/rdwr_buf_size exceeds u32 max
2 or more rdonly/rdwr_buf_size parameters for kfunc
string is not zero-terminated
direct value access on string failed
no direct value access support for this map type
Invalid format string
failed to retrieve map value address`,
    cause: 'this argument has to be known when the program is loaded: a constant, or a string in read-only data',
    fixes: [
      'pass a literal or a `const volatile` variable of .rodata that is set before loading; a format or a name as `static const char fmt[] = "..."`',
      'a length or a flag that varies: call the helper once for each value, in a switch',
    ],
    sources: ['kernel/bpf/verifier.c: check_func_arg, check_reg_const_str'],
  },
  {
    id: 'kfunc-not-available',
    wholeProgram: true,
    formats: `
calling kernel function %s is not allowed
calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF
calling kernel functions are not allowed in non-JITed programs
cannot call kernel function from non-GPL compatible program
cannot find address for kernel function %s
cannot find function %s in BTF
kernel btf_id %d is not a function
kernel btf_id %u is not a function
kernel function btf_id %d does not have a valid func_proto
kernel function btf_id %u does not have a valid func_proto
invalid kernel function btf_id %d
invalid kernel function call not eliminated in verifier pass
failed to find BTF for kernel function
address of kernel function %s is out of range
address of kernel func_id %u is out of range
too many different kernel function calls
too many different module BTFs
negative offset disallowed for kernel module function call
kfunc offset > 0 without fd_array is invalid
BTF fd for kfunc is not a module BTF
invalid module BTF fd specified
kernel supports at most %d parameters, function %s has %d
JIT does not support calling kernel function
JIT does not support calling kfunc %s#%d
JIT does not support kfunc %s() with %d args
JIT is required for calling kernel function
destructive kfunc calls require CAP_SYS_BOOT capabilities
destructive kfunc calls require CAP_SYS_BOOT capability
metadata kfuncs can't be offloaded
metadata kfuncs require device-bound program
css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs
kfunc %s has inconsistent KF_IMPLICIT_ARGS`,
    cause: ({ message }) =>
      /non-GPL/.test(message)
        ? 'kernel functions (kfuncs) may be called by programs with a license compatible with the GPL only'
        : 'the kernel does not offer this function (kfunc) to this program: each one is registered for some program types, since some version, and needs BTF and the JIT',
    fixes: [
      'bpftool btf dump file /sys/kernel/btf/vmlinux | grep NAME tells whether the kernel has it; its registration (register_btf_kfunc_id_set) tells for which program types',
      'declare it `extern ... __ksym __weak` and test it with bpf_ksym_exists() before the call',
      'char LICENSE[] SEC("license") = "GPL";',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/verifier.c: check_kfunc_call', 'kernel/bpf/btf.c: btf_kfunc_id_set_contains'],
  },
  {
    id: 'kfunc-argument',
    formats: `
kernel function %s args#%d expected pointer to %s %s but R%d has a pointer to %s %s
kernel function %s args#%d expected pointer to %s %s
kernel function %s %s expected pointer to %s %s but %s has a pointer to %s %s
kernel function %s args#%d pointer type %s %s is not supported
kernel function %s %s pointer type %s %s is not supported
kernel function %s returns pointer type %s %s is not supported
kernel function %s unhandled dynamic return type
arg#%d pointer type %s %s must point to %sscalar, or struct with scalar
arg#%d pointer type %s %s must be valid and initialized
arg#%d pointer type %s %s not to stack
arg#%d pointer type %s %s points to unsupported dynamic pointer type
%s pointer type %s %s must point to %sscalar, or struct with scalar
reg type unsupported for arg#%d %sfunction %s#%d
R%d must be referenced
R%d must be referenced or trusted
%s must be referenced or trusted
R%d must be a rcu pointer
%s must be a rcu pointer
arg#%d is neither owning or non-owning ref
%s is neither owning or non-owning ref
arg#%d doesn't point to a map value
%s doesn't point to a map value
arg#%d doesn't point to a type with bpf_refcount field
%s doesn't point to a type with bpf_refcount field
arg#%d expected pointer to map value or allocated object
%s expected pointer to map value or allocated object
%s doesn't point to map value or allocated object
%s prog->aux cannot be a stack argument
kfunc bpf_rdonly_cast type ID argument must be of a struct
kfunc bpf_rdonly_cast type ID argument must be of a struct or void
Unknown type ID %lld passed to kfunc bpf_rdonly_cast
local type ID argument must be in range [0, U32_MAX]`,
    cause: ({ message }) =>
      /referenced|trusted|rcu/.test(message)
        ? 'this kernel function takes a trusted pointer: an argument of the program, or one that was acquired (and is not released yet); this one was walked to, or may be gone'
        : 'the argument is not of the type that the kernel function declares',
    fixes: [
      'acquire the object first (bpf_task_acquire, bpf_cgroup_from_id, bpf_kptr_xchg, ...), check it for NULL, and release it afterwards',
      'read the field inside of bpf_rcu_read_lock() and bpf_rcu_read_unlock()',
    ],
    sources: ['kernel/bpf/verifier.c: check_kfunc_args'],
  },
  {
    id: 'license',
    formats: `
cannot call GPL-restricted function from non-GPL compatible program
cannot call GPL only function from proprietary program
LSM programs must have a GPL compatible license
Cannot access kernel 'struct %s' from non-GPL compatible program
struct ops programs must have a GPL compatible license`,
    cause: ({ origin }) =>
      `the object declares no license that is compatible with the GPL, and the kernel gives this function to such programs only${origin?.kind === 'call' ? ` (${calleeName(origin.callee)})` : ''}`,
    fixes: [
      'char LICENSE[] SEC("license") = "GPL"; in the C file. "Dual MIT/GPL" and "GPL v2" count too; the string is compared exactly',
    ],
    sources: ['include/linux/license.h: license_is_gpl_compatible'],
  },
]
