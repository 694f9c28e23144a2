/**
 * Messages that libbpf printed up to 0.4, in the trees of 5.4 and 5.10: tools and distributions of that time still
 * carry it.
 */
import type { PrintfKind } from './printf.ts'

export const LIBBPF_OLD_KINDS: readonly PrintfKind[] = [
  {
    rule: 'global variables on an old kernel',
    formats: `
kernel doesn't support global data
bpf: relocation: kernel does not support global '%s' variable access in insns[%d]
relocation: not yet supported relo for non-static global '%s' variable%s
bpf: relocation: not yet supported relo for non-static global '%s' variable%s
Error setting initial map(%s) contents: %e
Error freezing map(%s) as read-only: %e
prog '%s': failed to bind .rodata map: %e`,
    cause:
      'global and static variables live in maps of their own (.data, .bss, .rodata), which need Linux 5.2, and libbpf 0.0.4 or later',
    fixes: [
      'on an older kernel: keep the values in a map (BPF_MAP_TYPE_ARRAY with one entry) or in #define; no strings outside of functions',
      'a newer libbpf; or load the object on 5.2 or later',
    ],
    sources: ['libbpf.c: bpf_object__create_maps'],
  },
  {
    rule: 'map definition',
    formats: `
map:%s length of '____btf_map_%s' is too long
map:%s container_name:%s is an invalid container struct
map:%s container_name:%s cannot be found in BTF. Missing BPF_ANNOTATE_KV_PAIR?
map:%s invalid BTF key_type_size
map:%s invalid BTF value_type_size
map:%s btf_key_type_size:%d != map_def_key_size:%d
map:%s btf_value_type_size:%d != map_def_value_size:%d
failed to alloc map name
failed to alloc map content buffer
alloc maps for object failed
failed to get Elf_Data from map section %d
unable to determine map definition size section %s
elf: unable to determine legacy map definition size in %s
failed to get map #%d name sym string for obj %s
corrupted maps section in %s
maps section in %s: %s has unrecognized, non-zero options
map '%s': unsupported var linkage %d.
map '%s': map-in-map inner type [%d] not found.
map '%s': map-in-map inner spec is not a zero-sized array.
failed to re-mmap() map '%s': %e`,
    cause:
      'this old libbpf cannot read the definition of the map: its form is newer, or struct bpf_map_def has fields that it does not know',
    fixes: [
      'a newer libbpf and maps in SEC(".maps"): struct { __uint(type, ...); __type(key, ...); __type(value, ...); } name SEC(".maps");',
      'a missing BPF_ANNOTATE_KV_PAIR is no failure: bpftool then prints the values of the map without types',
    ],
    confidence: 'likely',
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'not a BPF object',
    formats: `
non-native ELF endianness is not supported
endianness mismatch.
elf: endianness mismatch in %s.
BTF.ext in non-native endianness is not supported
elf init: internal error
%s is not an eBPF object file
failed to get section(%d) data from %s
bpf: multiple SYMTAB in %s
Corrupted ELF file: index of strtab invalid
corrupted section '%s', size: %d
object file doesn't contain bpf program
Error loading ELF section %s: %d.
Error loading ELF section %s: %d. Ignored and continue.
Error finalizing %s: %d.
Error loading %s into kernel: %d.
%s doesn't provide kernel version
failed to get kernel version`,
    cause:
      'the file is not what this libbpf expects: no BPF object, one of the other byte order, or one of a newer compiler',
    fixes: [
      'file PROBE.o should say "ELF 64-bit LSB relocatable, eBPF"; build it with clang -O2 -g -target bpf -c',
      'a newer libbpf',
    ],
    confidence: 'likely',
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'variable or call cannot be relocated',
    formats: `
failed to find sym for prog %s
failed to get sym name string for prog %s
sec '%s': failed to find program symbol at offset %d
sec '%s': symbol %x not found for relo #%d
sec '%s': relo #%d: program not found in section '%s' for insn #%d
sec '%s': failed to find a BPF program
relocation: failed to get %d reloc
relocation: symbol %s not found
Program '%s' contains unrecognized relo data pointing to section %d
incorrect bpf_call opcode
bpf: relocation: invalid relo for insns[%d].code %x
bpf relocation: map_idx %d larger than %d
Error in loading %s for sec %s.
Error in relocating %s for sec %s.
Cannot find %s for main program sec %s. Ignore all %s.
prog '%s': trying to relocate unrecognized insn #%d
prog '%s': relo #%d: matching error: %d
prog '%s': relo #%d: offset ambiguity: %d != %d
prog '%s': relo #%d: failed to patch insn at offset %d: %d
failed to find program '%s' for CO-RE offset relocation
relo in .text insn %d into off %d
no .text section found yet relo into text exist
relocation out of range: '%s'
failed to relocate '%s'
relocation failed: no section(%d)
Internal error: elf object is closed
unrecognized extern '%s'
extern %s (strong) not resolved
extern (ksym) '%s' resolution is ambiguous: %x or %x`,
    cause: 'the program refers to something that is not in the object, or in a form that this old libbpf does not know',
    fixes: [
      'define the function in the same object as static __always_inline; no global variables on kernels before 5.2',
      'a newer libbpf (loader), which reads what newer compilers write',
    ],
    confidence: 'likely',
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'program cannot be loaded',
    formats: `
Program too large (%d insns), at most %d insns
Error in %s():%s(%d). Couldn't load basic 'r0 = 0' BPF program.
Internal error: can't load program '%s'
Program '%s' is inconsistent: nr(%d) != 1
prog '%s': inconsistent nr(%d) != 1
Loading the %dth instance of program '%s' failed
Preprocessing the %dth instance of program '%s' failed`,
    cause:
      'the kernel refuses the program: it is too large (4096 instructions before 5.2), the verifier rejects it, or the process may not load any (root, RLIMIT_MEMLOCK before 5.11)',
    fixes: ['read the log of the verifier above it', 'run it as root, with ulimit -l unlimited'],
    confidence: 'possible',
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'object cannot be loaded',
    formats: "failed to load program '%s'",
    cause: 'libbpf gives up on the whole object, because this program failed',
    fixes: ['read the messages of libbpf above this line: they have the log of the verifier or the reason'],
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'probe refused',
    formats: `
program '%s': failed to attach to %s '%s:%x': %e
program '%s': failed to attach to %s '%s': %e`,
    cause: 'the kernel does not attach the program there',
    fixes: ['`lab symbols KERNEL FUNCTION` says whether the function can be probed'],
    confidence: 'likely',
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'libbpf is called in the wrong order',
    formats: `
object should not be loaded twice
prog '%s': can't load after object was loaded
program '%s': can't attach BPF program w/o FD (did you load it?)
prog '%s': can't attach BPF program w/o FD (did you load it?)
program '%s': can't attach before loaded
invalid program pointer
invalid prog instance %d of prog %s (max %d)
no instances of prog %s to pin
Can't set pre-processor after loading
Can't get the %dth fd from program %s: only %d instances
%dth instance of program '%s' is invalid`,
    cause: 'open, change, load, attach: a call of the loader comes too early or too late in this order',
    fixes: ['load the object once, before its programs are attached or pinned'],
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'section name',
    formats: `
failed to guess attach type based on ELF section name '%s'
failed to identify btf_id based on ELF section name '%s'`,
    cause:
      'the loader derives the type and the target of a program from the name of its section, and this libbpf does not know the name, or the BTF of the kernel has no such function',
    fixes: ['kprobe/FUNCTION, tracepoint/GROUP/EVENT, fentry/FUNCTION, ...; a newer libbpf for newer sections'],
    confidence: 'likely',
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
  {
    rule: 'kernel configuration value (extern __kconfig)',
    formats: `
extern (kcfg) %s=%s should be %s
extern (kcfg) %s=%d value doesn't fit in %d bytes
extern (kcfg) '%s' type is unsupported
failed to parse '%s' as integer: %d`,
    cause: 'the type of the variable does not fit the value of the option in this kernel',
    fixes: ['y, m and n: bool or enum libbpf_tristate; numbers: an integer; texts: a char array'],
    sources: ['libbpf.c of Linux 5.10: set_kcfg_value'],
  },
  {
    rule: 'a file of the loader cannot be used',
    formats: `
Failed to open file %s: %e
Failed to read # of possible cpus from %s: %e
Failed to get # CPUs from %s
Invalid #CPUs %d from %s
failed to determine number of system CPUs: %d
oom in prog realloc
failed to alloc name for prog under section(%d) %s
failed to alloc insns for prog under section %s
failed to alloc a new program under section '%s'
failed to alloc program %s (%s): %s
failed to alloc memory in relocation
failed to strdup program title
Not enough memory for BPF fds
Alloc log buffer for bpf loader error, continue without log
Failed to get BTF of the program
failed get_prog_info_linear for FD %d`,
    cause: 'libbpf lacks memory, or cannot read a file of /sys/devices/system/cpu or an object of another process',
    fixes: ['mount sysfs where the loader runs; free -m; run it as root'],
    confidence: 'likely',
    sources: ['libbpf.c of Linux 5.4 and 5.10'],
  },
]
