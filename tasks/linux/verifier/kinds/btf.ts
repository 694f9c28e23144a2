/** BTF: functions to attach to, typed pointers, and the BTF of the object. */
import { originText } from '../origin.ts'
import type { Kind } from './kind.ts'

export const BTF: readonly Kind[] = [
  {
    id: 'context-access',
    formats: `
invalid bpf_context access off=%d size=%d
invalid bpf_context access
invalid indirect access to context off=%d size=%d
R%d invalid mem access 'ctx'
%s invalid mem access 'ctx'
invalid btf_id for context argument offset %u
kern ctx type id %u is not a struct`,
    cause: ({ message }) => {
      const [, offset = '?', size = '?'] = /off=(-?\d+) size=(-?\d+)/.exec(message) ?? []
      const argument = Number(offset) % 8 === 0 ? Number(offset) / 8 + 1 : undefined
      const common =
        Number(offset) < 8
          ? '. In a tracepoint program the first 8 bytes (common_type to common_pid) cannot be read'
          : ''
      return `programs of this type may not read (or write) ${size} bytes at offset ${offset} of their context${argument === undefined || Number(size) !== 8 ? '' : `. In fentry, fexit, tp_btf and LSM programs this is argument ${argument}`}${common}`
    },
    fixes: [
      "take the struct that belongs to the section: struct pt_regs (kprobe; its argument macros are in bpf_tracing.h), the event's own struct with its offsets from tracing/events/GROUP/EVENT/format (tracepoint), struct xdp_md, struct __sk_buff, ...",
      'read a field with its own width: 4 bytes of a __u32, and write to those only that may be written',
      'fentry and fexit: no more arguments than the function has (fexit: and one for the return value)',
      'common_pid of a tracepoint: bpf_get_current_pid_tgid() instead',
    ],
    confidence: 'likely',
    otherwise:
      'whether the object was built for another kernel or architecture: the offsets of a tracepoint or of pt_regs differ',
    sources: ['kernel/bpf/verifier.c: check_ctx_access', 'kernel/trace/bpf_trace.c: kprobe_prog_is_valid_access'],
  },
  {
    id: 'attached-argument',
    formats: `
func '%s' arg%d '%s' has type %s. Only pointer access is allowed
func '%s' arg%d type %s has multiple type tags
func '%s' arg%d type %s is not a struct
func '%s' arg%d has btf_id %d type %s '%s'
func '%s' arg%d has no btf_id
func '%s' arg%d is not a pointer
func '%s' doesn't have %d-th argument
func '%s' offset %d is not multiple of %d
func '%s' arg '%s' has type %s. Only pointer access is allowed
func '%s' size %d must be %d
func '%s' not found in kernel BTF
direct access to %s is disallowed
ret type %s not allowed for fmod_ret
argument size %d for func %s is not supported`,
    cause: ({ message }) => {
      const [, func, number, type] = /func '([^']*)' arg(\d+) type (\S+)/.exec(message) ?? []
      return number === undefined
        ? `${/func '([^']*)'/.exec(message)?.[1] ?? 'the function'} does not have this argument, or it cannot be read directly`
        : `arg${number} of ${func} (counted from 0) is a pointer to ${type === 'PTR' ? 'a pointer' : `a type of the kind ${type}`}, and typed programs can follow pointers to structs only`
    },
    fixes: [
      'declare the argument as a number (__u64), and read what it points to with bpf_probe_read_kernel or bpf_core_read',
      'compare the order of the arguments with the source of this kernel: `bpftool btf dump file /sys/kernel/btf/vmlinux format c`',
    ],
    sources: ['kernel/bpf/btf.c: btf_ctx_access'],
  },
  {
    id: 'kernel-without-btf',
    wholeProgram: true,
    formats: `
Tracing programs must provide btf_id
Tracing program can only be attached to another program annotated with BTF
FENTRY/FEXIT program can only be attached to another program annotated with BTF
btf_vmlinux is malformed
in-kernel BTF is malformed`,
    cause: ({ message }) =>
      message.includes('malformed')
        ? 'the kernel has no BTF of its own that it can use (CONFIG_DEBUG_INFO_BTF is off, or pahole wrote BTF that this kernel does not read): fentry, fexit, freplace (the dispatcher of libxdp), LSM and functions with typed arguments need it'
        : 'the loader gave the kernel no BTF of the function to attach to: this kernel has no BTF (CONFIG_DEBUG_INFO_BTF is off), or the loader took BTF from a file for a kernel that has none',
    fixes: [
      'ls -l /sys/kernel/btf/vmlinux: where it is missing, boot a kernel with CONFIG_DEBUG_INFO_BTF=y (pahole 1.16 or later at its build)',
      'without BTF: kprobe and kretprobe in place of fentry and fexit; one XDP program without a dispatcher (LIBXDP_SKIP_DISPATCHER=1)',
    ],
    confidence: 'likely',
    otherwise:
      'the name of the function: bpftool btf dump file /sys/kernel/btf/vmlinux | grep NAME; a build of the kernel with another pahole',
    sources: ['kernel/bpf/verifier.c: bpf_check_attach_target, bpf_get_btf_vmlinux'],
  },
  {
    id: 'attach-target',
    wholeProgram: true,
    formats: `
attach_btf_id %u points to disabled hook %s
attach_btf_id %u is invalid
attach_btf_id %u is not a function
attach_btf_id %u is not a typedef
attach_btf_id %u is not a supported struct
attach_btf_id %u doesn't have a name
attach_btf_id %u points to wrong type name %s
attach to invalid member %s(@idx %u) of struct %s
attach to invalid member idx %u of struct %s
attach to unsupported member %s of struct %s
Only FENTRY/FEXIT progs are attachable to another BPF prog
Only FENTRY/FEXIT/FSESSION progs are attachable to another BPF prog
Cannot nest tracing program attach more than once
Cannot recursively attach
Cannot find btf of tracepoint template, fall back to %s%s.
Can attach to only JITed progs
Subprog %s doesn't exist
The address of function %s cannot be found
The function %s arg%d type %s is unsupported.
The function %s has %d arguments. Too many.
The function %s has malformed void argument.
The function %s return type %s is unsupported.
The function %s with variable args is unsupported.
Attach to function %s with a >8 byte return value is not supported for this attach type
Attaching fexit/fmod_ret to __noreturn functions is rejected.
Attaching fexit/fsession/fmod_ret to __noreturn function '%s' is rejected.
Attaching tracing programs to function '%s' is rejected.
%s() is not modifiable
can't modify return codes of BPF programs
%s() is not a global function
struct_ops module %s is not found
func_proto of %s is not found
BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!
Note, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!
Program is not supported for this attach type
JIT does not support fsession`,
    cause: ({ message }) =>
      message.includes('not modifiable')
        ? 'fmod_ret attaches to functions only that the kernel marks for error injection (ALLOW_ERROR_INJECTION), and to security_ functions'
        : 'the function (or hook) that the section names cannot be attached to in this way: it is not in the BTF, has no fixed address or traceable entry, or has a signature that trampolines do not support',
    fixes: [
      'check the name: `bpftool btf dump file /sys/kernel/btf/vmlinux | grep NAME`, and /sys/kernel/tracing/available_filter_functions; static functions may be inlined or renamed (.isra, .constprop)',
      'a kprobe takes functions that fentry does not: those with too many arguments or structs by value',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/verifier.c: bpf_check_attach_target', 'kernel/bpf/btf.c: btf_distill_func_proto'],
  },
  {
    id: 'typed-field',
    formats: `
access beyond struct %s at off %u size %u
access beyond the end of member %s (mend:%u) in struct %s with off %u size %u
cannot access ptr member %s with moff %u in struct %s with off %u size %u
struct %s doesn't have field at offset %d
field %s doesn't have size
Type '%s' is not a struct
max struct nesting depth exceeded
R%d is %s invalid negative access: off=%d
%s is %s invalid negative access: off=%d
R%d is ptr_%s invalid negative access: off=%d
%s is ptr_%s invalid negative access: off=%d
R%d is ptr_%s invalid variable offset: off=%d, var_off=%s
%s is ptr_%s invalid variable offset: off=%d, var_off=%s
R%d is ptr_%s access user memory: off=%d
%s is ptr_%s access user memory: off=%d
R%d is ptr_%s access percpu memory: off=%d
%s is ptr_%s access percpu memory: off=%d
unable to resolve the size of type '%s': %ld`,
    cause: ({ message, origin }) =>
      /in struct bpf_map\b/.test(message)
        ? 'the program reads the map itself as if it were a value: the loader put the address of the map where the code means a variable (a global or static one, or a constant in .rodata), or the program lacks bpf_map_lookup_elem()'
        : /user memory/.test(message)
          ? 'the field is a pointer to user space, which cannot be followed directly'
          : /percpu/.test(message)
            ? 'the field is a per-CPU pointer, which has to be turned into one of a CPU first'
            : `the access does not fit the layout that this kernel's BTF gives the struct: another offset, a width that crosses a member, or an index that is a variable${origin ? `. The pointer came from ${originText(origin)}` : ''}`,
    fixes: ({ message }) =>
      /in struct bpf_map\b/.test(message)
        ? [
            'a loader that knows global data (libbpf 0.0.3, cilium/ebpf, aya); for an old one keep no global, static or constant data: values in maps, and strings in arrays on the stack',
            'a switch or an array of constants also becomes .rodata: clang -fno-jump-tables, or compare with if',
          ]
        : [
            'use vmlinux.h of this kernel, or CO-RE (preserve_access_index), so that offsets are relocated',
            'read with bpf_core_read or bpf_probe_read_kernel; user memory with bpf_probe_read_user; per-CPU with bpf_per_cpu_ptr or bpf_this_cpu_ptr',
          ],
    sources: ['kernel/bpf/btf.c: btf_struct_walk'],
  },
  {
    id: 'typed-write',
    formats: `
only read is supported
only read from %s is supported
Writes through BTF pointers are not allowed
%s access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN
'struct %s' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN`,
    cause: ({ message }) =>
      /allowed only/.test(message)
        ? 'memory of the kernel may be read by loaders with CAP_PERFMON only'
        : 'a typed pointer to memory of the kernel is for reading: tracing programs do not change the kernel',
    fixes: ['copy the value into a local variable, and change that', 'load as root, or with CAP_BPF and CAP_PERFMON'],
    sources: ['kernel/bpf/verifier.c: check_ptr_to_btf_access'],
  },
  {
    id: 'kernel-symbol',
    wholeProgram: true,
    formats: `
ldimm64 failed to find the address for kernel symbol '%s'.`,
    cause: ({ message }) =>
      `the program uses the variable ${/'([^']*)'/.exec(message)?.[1] ?? ''} of the kernel (extern ... __ksym), which is in the BTF of this kernel and not in its kallsyms`,
    fixes: [
      'CONFIG_KALLSYMS_ALL=y: without it kallsyms has functions only; grep -w NAME /proc/kallsyms shows whether it is there',
      'declare it __weak, and test its address before it is used',
    ],
    sources: ['kernel/bpf/verifier.c: __check_pseudo_btf_id'],
  },
  {
    id: 'btf-of-the-program',
    wholeProgram: true,
    formats: `
ldimm64 unable to resolve the size of type '%s': %ld
func_info BTF section doesn't match subprog layout in BPF program
number of funcs in func_info doesn't match number of subprogs
missing btf func_info
missing bpf_line_info for func#%u
missing bpf_line_info for %u funcs starting from func#%u
Invalid insn code at line_info[%u].insn_off
Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)
Invalid line_info[%u].line_off or .file_name_off
Invalid core_relo[%u].insn_off:%u prog->len:%u
invalid func info rec size %u
invalid type id %d in func info
invalid btf id for main subprog in func_info
same or smaller insn offset (%u) than previous func info record (%u)
nonzero insn_off %u for the first func info record
nonzero tailing record in func info
nonzero tailing record in line_info
nonzero tailing record in core_relo
ldimm64 insn specifies invalid btf_id %d.
pseudo btf_id %d in ldimm64 isn't KIND_VAR or KIND_FUNC
pseudo btf_id %d in ldimm64 isn't KIND_VAR.
pseudo btf_id %d in ldimm64 isn't KIND_VAR
relo #%u: bad type id %u
target candidate search failed for %d
kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified in Kconfig.
invalid module BTF object FD specified.`,
    cause: ({ message }) =>
      message.includes('kernel is missing BTF') || message.includes('pseudo btf_id')
        ? 'the program refers to a variable or type of the kernel, and the kernel has no BTF, or not of this symbol'
        : 'the function and line tables of the object do not fit its instructions: a tool changed the program after clang, or the loader sent tables of another one',
    fixes: [
      'build the object again with one version of clang, and link it with `bpftool gen object` of the same libbpf',
      'CONFIG_DEBUG_INFO_BTF=y in the kernel; for symbols of a module also CONFIG_DEBUG_INFO_BTF_MODULES=y',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/verifier.c: check_btf_info (kernel/bpf/check_btf.c since 7.x)'],
  },
  {
    id: 'extension',
    wholeProgram: true,
    formats: `
Program extension requires BTF
Extension programs should be JITed
Extension program may sleep, while original does not
Extension program changes packet data, while original does not
Cannot extend fentry/fexit
Cannot extend fentry/fexit/fsession
Cannot replace kernel functions
Cannot replace static functions
Return type %s of %s() doesn't match type %s of %s()
%s() has %d args while %s() has %d args
arg%d %s(struct %s *) doesn't match %s(struct %s *)
arg%d in %s() has size %d while %s() has %d
arg%d in %s() has unrecognized type
arg%d in %s() is %s while %s() has %s
arg%d in %s() is not a pointer to context
freplace programs with >%d args not supported yet
Target program bound device mismatch`,
    cause:
      'freplace puts a program in the place of a global function of another program: both need BTF, and the same arguments and return type',
    fixes: ['make the target function global (not static) and __noinline, and copy its prototype exactly'],
    sources: ['kernel/bpf/btf.c: btf_check_type_match'],
  },
]
