/** What the kernel or the loader's rights do not allow, whatever the program. */
import type { Kind } from './kind.ts'

export const ENVIRONMENT: readonly Kind[] = [
  {
    id: 'jit',
    wholeProgram: true,
    formats: `
JIT doesn't support bpf-to-bpf calls
JIT is required to use arena
JIT doesn't support arena
JIT does not support %s
program requires BPF JIT compiler but it is not available
Private stack not supported by jit`,
    cause:
      'the program needs the JIT compiler (calls between functions together with other features, callbacks, arenas), and the kernel has none for this architecture, or it is off, or gave up on this program',
    fixes: [
      'sysctl net.core.bpf_jit_enable=1, in a kernel with CONFIG_BPF_JIT=y',
      'make all functions __always_inline, so that there are no calls',
    ],
    otherwise: 'memory: the JIT fails too when net.core.bpf_jit_limit is used up',
    sources: ['kernel/bpf/verifier.c: fixup_call_args', 'kernel/bpf/core.c: bpf_int_jit_compile'],
  },
  {
    id: 'arena',
    wholeProgram: true,
    formats: `
CAP_BPF and CAP_PERFMON are required to use arena
Only one arena per program
arena's user address must be set via map_extra or mmap()
addr_space_cast insn can only be used in a program that has an associated arena
addr_space_cast insn can only convert between address space 1 and 0
sign extending loads from arena are not supported yet`,
    cause:
      'a BPF arena (6.9 and later) has conditions: one for a program, mapped by user space before loading, CAP_BPF and CAP_PERFMON, and a clang with address spaces',
    fixes: ['declare one map of BPF_MAP_TYPE_ARENA with map_extra or mmap it first; compile with clang 18 or later'],
    sources: ['kernel/bpf/arena.c', 'kernel/bpf/verifier.c: check_map_prog_compatibility'],
  },
  {
    id: 'loader-attributes',
    wholeProgram: true,
    formats: `
Invalid attr.
Invalid btf_fd.
Invalid btf_value_type_id.
Invalid excl_prog_hash_size.
Invalid map_extra.
Invalid map_name.
Invalid map_token_fd.
Invalid map_type.
Invalid numa_node.
btf_vmlinux_value_type_id can only be used with struct_ops maps.
btf_vmlinux_value_type_id is mutually exclusive with btf_key_type_id and btf_value_type_id.`,
    cause: 'the bpf() system call that makes the map has a field that this kernel does not take',
    fixes: [
      'check the flags, sizes and the type of the map that the message names; a newer libbpf probes for what the kernel has',
    ],
    sources: ['kernel/bpf/syscall.c: map_create'],
  },
]
