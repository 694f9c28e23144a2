/** Maps: which may be used how, and by which programs. */
import type { Kind } from './kind.ts'

export const MAPS: readonly Kind[] = [
  {
    id: 'map-and-helper',
    formats: `
only one cgroup storage is allowed
function calls in offloaded programs are not supported yet
cannot pass map_type %d into func %s#%d
invalid map_ptr to access map->key
invalid map_ptr to access map->value
invalid map_ptr to access map->type
invalid arg_type for sockmap/sockhash
map_ptr access not supported for map type %d
map_ptr access not supported without CONFIG_DEBUG_INFO_BTF
pointer in R%d isn't map pointer
pointer in %s isn't map pointer
bpf_struct_ops map cannot be used in prog
only one cgroup storage of each type is allowed
offload device mismatch between prog and map
program's hash doesn't match map's excl_prog_hash
direct value offset of %u is not allowed`,
    cause: ({ message }) =>
      `a map of this type${/map_type (\d+)/.exec(message) ? ` (number ${/map_type (\d+)/.exec(message)?.[1]} of enum bpf_map_type)` : ''} cannot be used with this helper, or not in this way`,
    fixes: [
      'use the helper that belongs to the map: bpf_perf_event_output with PERF_EVENT_ARRAY, bpf_ringbuf_* with RINGBUF, bpf_get_stackid with STACK_TRACE, bpf_tail_call with PROG_ARRAY, bpf_redirect_map with DEVMAP, CPUMAP or XSKMAP; lookup and update with hashes and arrays',
    ],
    sources: ['kernel/bpf/verifier.c: check_map_func_compatibility', 'include/uapi/linux/bpf.h: enum bpf_map_type'],
  },
  {
    id: 'map-of-tracing-program',
    wholeProgram: true,
    formats: `
trace type programs can only use preallocated hash map
trace type programs with run-time allocated hash maps are unsafe. Switch to preallocated hash maps.
perf_event programs can only use preallocated hash map
perf_event programs can only use preallocated inner hash map
tracing progs cannot use bpf_spin_lock yet
tracing progs cannot use bpf_timer yet
tracing progs cannot use bpf_wq yet
tracing progs cannot use bpf_{list_head,rb_root} yet
socket filter progs cannot use bpf_spin_lock yet
socket filter progs cannot use bpf_{list_head,rb_root} yet
bpf_timer cannot be used for PREEMPT_RT.
%s cannot be used in tracing programs on types with NMI unsafe fields`,
    cause:
      'tracing programs run in any context, also inside of the memory allocator and in NMIs: kernels before 6.1 want their hash maps preallocated, and locks, timers and lists are not for them (or not yet)',
    fixes: [
      'leave out BPF_F_NO_PREALLOC (and use HASH or PERCPU_HASH instead of LRU variants that need it)',
      'instead of a lock use a per-CPU map, or __sync_fetch_and_add on the value',
    ],
    sources: ['kernel/bpf/verifier.c: check_map_prog_compatibility'],
  },
  {
    id: 'map-access-rights',
    formats: `
%s() may write into memory pointed by %s type=%s
%s() may write into memory pointed by R%d type=%s
write into map forbidden, value_size=%d off=%d size=%d
write into map forbidden, value_size=%d off=%lld size=%d
read from map forbidden, value_size=%d off=%d size=%d
read from map forbidden, value_size=%d off=%lld size=%d
write into map forbidden
read from map forbidden
write to change key R%d not allowed
write to change key %s not allowed
R%d cannot write into %s
%s cannot write into %s
%s cannot write into ptr_%s at off=%d size=%d
the prog does not allow writes to packet data
cannot write into packet`,
    cause: ({ message }) =>
      message.includes('packet')
        ? 'programs of this type may read the packet and not write to it'
        : message.includes('key')
          ? 'the key of a map is given to a callback for reading only'
          : 'the memory is read-only for the program: .rodata and `const volatile` variables are, and maps with BPF_F_RDONLY_PROG; or BPF_F_WRONLY_PROG forbids reading',
    fixes: [
      'for a variable that the program changes, leave out `const`: it then lands in .data or .bss',
      'copy the value to the stack, and change the copy',
    ],
    sources: ['kernel/bpf/verifier.c: check_map_access_type'],
  },
  {
    id: 'map-descriptor',
    wholeProgram: true,
    formats: `
fd %d is not pointing to valid bpf_map
fd %d is not pointing to valid bpf_map or btf
fd_idx without fd_array is invalid
fd_array_cnt is too big (%u)
The total number of maps per program has reached the limit of %u
The total number of btfs per program has reached the limit of %u
too many different maps`,
    cause: ({ message }) =>
      /total|too many/.test(message)
        ? 'a program may use 64 maps (each of .data, .rodata and .bss is one too)'
        : 'an instruction refers to a map by a file descriptor that is not a map of this process: the loader did not create it, has closed it, or did not relocate the program',
    fixes: [
      'open the object and its maps with the same loader, and keep the maps open until the program is loaded',
      'an object with SEC("maps") needs a libbpf before 1.0, or a definition in .maps',
    ],
    sources: ['kernel/bpf/verifier.c: resolve_pseudo_ldimm64'],
  },
  {
    id: 'special-field',
    formats: `
map '%s' doesn't have 'struct bpf_timer'
map '%s' has more than %d kptr
map '%s' has more than one 'struct bpf_timer'
map '%s' has repeating kptr BTF tags
bpf_spin_lock cannot be accessed directly by load/store
bpf_timer cannot be accessed directly by load/store
%s cannot be accessed directly by load/store
kptr cannot be accessed indirectly by helper
%s cannot be accessed indirectly by helper
R%d doesn't have constant offset. bpf_spin_lock has to be at the constant offset
R%d doesn't have constant offset. bpf_timer has to be at the constant offset
R%d doesn't have constant offset. kptr has to be at the constant offset
R%d doesn't have constant offset. %s has to be at the constant offset
%s doesn't have constant offset. %s has to be at the constant offset
%s doesn't have constant offset. %s_lock has to be at the constant offset
%s has to be at a constant offset
off %lld doesn't point to 'struct %s' that is at %d
off %lld doesn't point to 'struct bpf_spin_lock'
map '%s' has no valid %s
map '%s' has no valid bpf_spin_lock
map '%s' has no valid bpf_timer
map '%s' has more than one 'struct bpf_spin_lock'
map '%s' is missing bpf_spin_lock
map '%s' doesn't have 'struct bpf_spin_lock'
map '%s' is not a struct type or bpf_spin_lock is mangled
map '%s' is not a struct type or bpf_timer is mangled
map '%s' has to have BTF in order to use bpf_spin_lock
map '%s' has to have BTF in order to use bpf_timer
map '%s' has to have BTF in order to use %s
map '%s' has to have BTF in order to use %s_lock
%s '%s' has no valid bpf_spin_lock
%s '%s' has no valid %s_lock
%s not found at offset=%u
timer pointer in R1 map_uid=%d doesn't match map pointer in R2 map_uid=%d
workqueue pointer in R1 map_uid=%d doesn't match map pointer in R2 map_uid=%d
bpf_task_work pointer in R2 map_uid=%d doesn't match map pointer in R3 map_uid=%d
%s pointer in R%d map_uid=%d doesn't match map pointer in R%d map_uid=%d`,
    cause:
      'a bpf_spin_lock, bpf_timer, bpf_wq or kptr in a map value belongs to the kernel: the program may not read or write it directly, only hand its address, at the fixed place that the BTF of the map declares, to its own helpers',
    fixes: [
      'declare the map in .maps with __type(value, struct ...), so that the kernel finds the field in BTF',
      'copy and update the other fields one by one instead of the whole struct; pass &value->lock itself',
    ],
    sources: ['kernel/bpf/verifier.c: check_map_access, process_spin_lock', 'kernel/bpf/btf.c: btf_parse_fields'],
  },
]
