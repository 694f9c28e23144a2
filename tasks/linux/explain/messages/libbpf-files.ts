/** Messages of libbpf about files: BTF that it reads or prints, ELF, and objects that it links. */
import type { PrintfKind } from './printf.ts'
import { NO_BTF_RULE } from './rule-names.ts'

export const LIBBPF_FILE_KINDS: readonly PrintfKind[] = [
  {
    rule: NO_BTF_RULE,
    formats: "failed to find '%s' ELF section in %s",
    cause:
      'the file has no type information: an object was compiled without -g or for the host, and a vmlinux was built without CONFIG_DEBUG_INFO_BTF, or pahole failed while it was linked',
    fixes: [
      'readelf -SW FILE | grep BTF; an object: clang -g -O2 -target bpf',
      'a vmlinux: CONFIG_DEBUG_INFO_BTF=y with pahole (dwarves) of the time of the kernel; a message of pahole above has the reason',
    ],
    confidence: 'likely',
    sources: ['btf.c of libbpf: btf_parse_elf'],
  },
  {
    rule: 'BTF cannot be read',
    formats: `
Can't load BTF with non-native endianness due to unsupported header length %d
BTF type [%d] is malformed
BTF types data is malformed
btf: type [%d]: invalid %s (string offset %d)
btf: type [%d]: invalid referenced type ID %d
btf: type [%d]: referenced type [%d] is not FUNC_PROTO
btf: type [%d]: unrecognized kind %d
unsupported BTF_KIND:%d
Unsupported BTF_KIND:%d
Unsupported BTF header
Invalid BTF magic:%x
unexpected reference to base type[%d] of kind [%d] when creating distilled base BTF.
unexpected kind when adding base type '%s'[%d] of kind [%d] to distilled base BTF.
base BTF id [%d] maps to invalid distilled base BTF id [%d]
distilled base BTF type '%s' [%d], size %d has multiple candidates of the same size
distilled base BTF type '%s' [%d] is not mapped to base BTF id
type [%d], kind [%d] is invalid for distilled base BTF; it is anonymous
type [%d] in distilled based BTF has unexpected kind [%d]
string '%s' [offset %d] is not mapped to base BTF
BTF.ext header missing func_info, line_info
BTF loading error: %e
failed to read kernel BTF from '%s': %e
type for map '%s' is not a datasec: %s
DATASEC '%s' not found.
map '%s' BTF data is corrupted.`,
    cause:
      'the type information has a form that this libbpf cannot read: it was written by a newer compiler, pahole or kernel, or it is damaged',
    fixes: [
      'use a newer libbpf (or bpftool, which contains one): an old reader refuses kinds that came later, such as ENUM64 (kind 19)',
      'bpftool btf dump file FILE shows whether the BTF can be read at all; build the object with clang -g again',
    ],
    confidence: 'likely',
    sources: ['btf.c and btf_relocate.c of libbpf'],
  },
  {
    rule: 'BTF cannot be read by this libbpf',
    formats: 'failed to get EHDR from /sys/kernel/btf/%s',
    cause:
      'this libbpf (or bpftool) is so old that it takes BTF for an ELF file: the files below /sys/kernel/btf are raw BTF',
    fixes: [
      'a newer bpftool: that of 5.4 reads ELF files only, that of 5.10 reads both; bpftool does not have to be as old as the kernel (github.com/libbpf/bpftool)',
    ],
    sources: ['tools/bpf/bpftool/btf.c of 5.4 and 5.10'],
  },
  {
    rule: 'not a BPF object',
    formats: `
failed to get EHDR from %s
failed to get section names section index for %s
failed to get e_shstrndx from %s
failed to get section(%d) header from %s
failed to get section(%d) name from %s
unexpected section type (%d) of section(%d, %s) from %s
failed to get section(%d, %s) data from %s
failed to init libelf for %s
failed to open %s as ELF file
failed to get ELF class (bitness) for %s
failed to get sym name string for var %s`,
    cause: 'the file is not the ELF file that libbpf expects: it is damaged, empty, or made for something else',
    fixes: [
      'file PROBE.o should say "ELF 64-bit LSB relocatable, eBPF"; build it again with clang -O2 -g -target bpf -c',
    ],
    confidence: 'likely',
    sources: ['btf_parse_elf() of libbpf'],
  },
  {
    rule: 'objects cannot be linked',
    formats: `
unknown byte order of ELF file %s
byte order mismatch with ELF file %s
multiple SYMTAB sections found, not supported
failed to parse .BTF from %s: %e
failed to parse .BTF.ext from '%s': %e
unrecognized section #%d (%s) in %s
ELF is missing SYMTAB section in %s
ELF is missing section headers STRTAB section in %s
ELF section #%d has empty name in %s
ELF section #%d alignment %d is non pow-of-2 alignment in %s
ELF section #%d has inconsistent alignment addr=%d != d=%d in %s
ELF section #%d has inconsistent section size sh=%d != d=%d in %s
ELF section #%d has unexpected size alignment %d in %s
ELF section #%d (%s) has unrecognized type %d in %s
ELF SYMTAB section #%d points to missing STRTAB section #%d in %s
ELF SYMTAB section #%d points to invalid STRTAB section #%d in %s
ELF sym #0 is invalid in %s
ELF sym #%d in section #%d has unsupported symbol binding %d
ELF sym #%d in section #%d has unsupported symbol visibility %d
ELF sym #%d is invalid extern symbol in %s
ELF sym #%d in section #%d points to missing section #%d in %s
ELF relo section #%d points to invalid SYMTAB section #%d in %s
ELF relo section #%d points to missing section #%d in %s
ELF relo section #%d name has invalid name in %s
ELF relo section #%d points to invalid section #%d in %s
ELF relo #%d in section #%d has unexpected type %d in %s
ELF relo #%d in section #%d points to invalid symbol #%d in %s
ELF relo #%d in section #%d points to missing symbol #%d in %s
sec %s types mismatch
sec %s flags mismatch
sec %s entsize mismatch
failed to init section '%s'
ELF sections %s are incompatible
non-identical contents of section '%s' are not supported
can't fetch symbol name for symbol #%d in '%s'
global '%s': unsupported BTF kind %s
global '%s': map %s mismatch
global '%s': invalid map definition type [%d]
global '%s': invalid map definition
global '%s': invalid dst map definition
global '%s': section mismatch %d vs %d
global '%s': failed to resolve size of underlying type: %e
BTF info is missing for global symbol '%s'
only extern variables and functions are supported, but got '%s' for '%s'
failed to find BTF info for object '%s'
global/extern '%s' BTF is ambiguous: both types #%d and #%d match
failed to find BTF info for global/extern symbol '%s'
externs without BTF info are not supported
failed to find matching ELF sec '%s'
sections %s are not compatible
relocation against STT_SECTION in non-exec section is not supported!
failed to find symbol for variable '%s' in section '%s'
failed to append BTF type #%d from file '%s'
failed to find new ID mapping for original BTF type ID %d
can't find section '%s' referenced from .BTF.ext
incompatible .BTF.ext record sizes for section '%s'
failed to add consolidated BTF type for datasec '%s': %e
.BTF.ext generation failed: %e
BTF dedup failed: %e
failed to write out .BTF ELF section: %e
failed to write out .BTF.ext ELF section: %e
mismatch in func_info record size %d != %d
mismatch in line_info record size %d != %d
mismatch in core_relo_info record size %d != %d
failed to parse final .BTF.ext data: %e
failed to create memfd '%s': %e`,
    cause:
      'bpftool gen object links several BPF objects into one, and these do not fit together: one of them is no BPF object, has no BTF, or defines a variable or map differently',
    fixes: [
      'build all objects with the same clang, with -g and -target bpf; the message names the section or the variable',
      'a variable, map or function must look the same in all objects; mark all definitions but one extern or __weak',
    ],
    confidence: 'likely',
    sources: ['linker.c of libbpf'],
  },
  {
    rule: 'BTF cannot be printed as C',
    formats: `
unsatisfiable type cycle, id:[%d]
anonymous struct/union loop, id:[%d]
not enough memory for decl stack: %e
unexpected type in decl chain, kind:%d, id:[%d]
unexpected bitfield size %d
unexpected size %d for id [%d]
unexpected sz %d for id [%d]
unexpected elem size %d for array type [%d]
unexpected size %d for enum, id:[%d]
unexpected size [%d] for id [%d]
unexpected error skipping mods/typedefs for id [%d]
unexpected kind [%d] for id [%d]`,
    cause: 'a type in the BTF cannot be written as C: the BTF is damaged, or newer than this libbpf',
    fixes: ['use a newer bpftool; bpftool btf dump file FILE format raw shows the type with this number'],
    confidence: 'likely',
    sources: ['btf_dump.c of libbpf'],
  },
]
