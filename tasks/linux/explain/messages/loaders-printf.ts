/** Further messages of the loader libraries aya (Rust) and cilium/ebpf (Go). Read from their sources of August 2026. */
import { KPROBE, TRACEPOINT, UPROBE } from './errno-attach.ts'
import { MAP_CREATE, PIN } from './errno-load.ts'
import type { PrintfKind } from './printf.ts'

export const LOADER_KINDS: readonly PrintfKind[] = [
  {
    rule: 'object cannot be parsed by aya',
    formats: `
error parsing BTF header
invalid BTF type kind \`%s\`
invalid BTF relocation kind \`%s\`
invalid BTF type info segment
invalid BTF string offset: %d
unexpected BTF type id \`%s\`
unknown BTF type id \`%s\`
maximum depth reached resolving BTF type
error reading BTF source
no BTF parsed for object
BTF type that is not VAR was found in DATASEC
Unable to determine the size of section \`%s\`
error parsing section with index %d
error parsing map \`%s\`
invalid map name \`%s\`
section \`%d\` not found, referenced by symbol \`%s\` #%d
unsupported relocation target
unknown symbol, index \`%d\`
unknown symbol in section \`%s\` at address %x
map for section with index %d not found
not found while relocating \`%s\`
two or more symbols in section \`%s\` have the same address %x
symbol \`%s\` does not appear in section
invalid program code
the map number %d in the \`maps\` section doesn't have a symbol name
BTF map \`%s\`: multi-level map-in-map is not supported
BTF map \`%s\`: inner map definition cannot be pinned
BTF map \`%s\`: \`values\` spec is not a zero-sized array
extern \`%s\` not found
extern '%s' has invalid BTF type`,
    cause:
      'the object has something that this version of aya cannot read: it was made by a newer compiler, by another aya, or refers to what it does not contain',
    fixes: [
      'take aya, aya-ebpf and bpf-linker of the same release; cargo clean, and build the eBPF crate with --release',
      'include_bytes_aligned! for an object that is embedded in the loader',
    ],
    confidence: 'likely',
    sources: ['aya-obj/src of aya'],
  },
  {
    rule: 'function or USDT probe of a program not found',
    formats: `
could not resolve uprobe target \`%s\`
error fetching libs for %d
no symbols found in the %s section
Offset not found for symbol \`%s\`
symbol \`%s\` not found, mismatched build IDs in main and debug files
failed to access debuglink file \`%s\`
no uprobe attach points provided for target \`%s\``,
    cause:
      'aya finds no such file, or no such function among its symbols: it is stripped, inlined, or its name is mangled',
    fixes: ['give the whole path; nm -D FILE | grep NAME; an offset works without a symbol'],
    errors: UPROBE,
    confidence: 'likely',
    sources: ['aya/src/programs/uprobe.rs'],
  },
  {
    rule: 'a size does not fit the map',
    formats: `
invalid key size %d, expected %d
invalid value size %d, expected %d
invalid value size %d, expected a non-zero multiple of %d
invalid map type %d
the index is %d but \`max_entries\` is %d
invalid page count %d, the value must be a power of two
invalid buffer size \`%s\`, expected \`%s\``,
    cause: 'the types of the loader and those of the map in the object differ, or an index is beyond the map',
    fixes: [
      'HashMap<_, K, V> and the map in the eBPF crate must have the same K and V (#[repr(C)]); share one crate of types',
    ],
    sources: ['aya/src/maps'],
  },
  {
    rule: 'map cannot be created',
    formats: `
map \`%s\` requested pinning. pinning failed
failed to create map \`%s\`: %e`,
    cause: 'the map is not created or not pinned',
    fixes: ['mount -t bpf bpf /sys/fs/bpf, and pin below that'],
    errors: { ...PIN, ...MAP_CREATE },
    confidence: 'likely',
    sources: ['aya/src/maps/mod.rs'],
  },
  {
    rule: 'network device of a program',
    formats: `
unknown network interface %s
the clsact qdisc is already attached
operation not supported for programs loaded via tcx
netlink error: %s`,
    cause:
      'the interface does not exist, or its qdisc is in the way. That the clsact qdisc is attached already is no failure',
    fixes: ['ip link lists the interfaces; ignore the error of qdisc_add_clsact() when it is there already'],
    confidence: 'likely',
    sources: ['aya/src/programs/tc.rs, xdp.rs'],
  },
  {
    rule: 'kernel too old',
    formats: `
native multi-uprobe links are not supported by the running kernel
program ids are not supported by the current kernel
chained programs are not supported by the current kernel
providing an attach cookie is not supported
typed ksyms require kernel BTF for resolution
target BPF program does not have BTF loaded to the kernel`,
    cause: 'the running kernel lacks what the loader asks for: it came later, or its option (BTF) is off',
    fixes: ['uname -r; bpftool feature probe lists what the kernel has'],
    sources: ['aya/src/programs'],
  },
  {
    rule: 'program is used in the wrong order',
    formats: `
the BPF object \`%s\`'s FD is not known
the program name \`%s\` is invalid`,
    cause: 'the program is of another type than the loader takes it for, or is not loaded yet',
    fixes: ['let p: &mut KProbe = ebpf.program_mut("NAME")?.try_into()?; then load() and attach()'],
    sources: ['aya/src/programs/mod.rs'],
  },
  {
    rule: 'probe refused',
    formats: `
trace event %s/%s: %e (unknown symbol?)
token %s: bad insn boundary: %s
token %s: failed setting uprobe on offset %x
token %s: not found: %e
token %s: older kernels don't accept dots: %s
token %s: opening perf event: %e
token %s: writing '%s': %e
opening tracepoint perf event: %e`,
    cause: 'the kernel has no such function, or refuses a probe at this place',
    fixes: ['grep -w FUNCTION /proc/kallsyms; `lab symbols KERNEL FUNCTION` says whether it can be probed'],
    errors: { ...TRACEPOINT, ...KPROBE },
    confidence: 'likely',
    sources: ['internal/tracefs of cilium/ebpf'],
  },
  {
    rule: 'tracefs is not mounted',
    formats: 'neither debugfs nor tracefs are mounted',
    cause: 'the loader looked for tracefs at /sys/kernel/tracing and /sys/kernel/debug/tracing',
    fixes: ['mount -t tracefs nodev /sys/kernel/tracing; in a container, bind-mount it from the host'],
    sources: ['internal/tracefs of cilium/ebpf'],
  },
  {
    rule: 'program of the wrong type',
    formats: `
eBPF program type %s is not a Kprobe
eBPF program type %s is not Kprobe
eBPF program type %s is not a Tracepoint
eBPF program type %s is not an Extension
invalid program type %s, expected %s
cannot load program %s: program type is unspecified
can't load program of unspecified type
can only set maxactive on kretprobes
attach XDP program: can't attach
can't load %s program on %s`,
    cause:
      'the type of a program follows from the name of its section, and this one does not fit the call that attaches it',
    fixes: [
      'SEC("kprobe/FUNCTION"), SEC("tracepoint/GROUP/EVENT"), SEC("xdp"), ...: the library derives the type from it',
    ],
    sources: ['elf_sections.go of cilium/ebpf'],
  },
  {
    rule: 'object cannot be read by cilium/ebpf',
    formats: `
section %s: relocations are less than 16 bytes
unexpected machine type for BPF ELF: %s
possible erroneous static qualifier on map definition: found reference to %s
call: %s: incorrect source register
no instructions found for symbol %s in section %s
unrecognized field %s in BTF map definition
no valid BTF header
BTF byte order %s does not match ELF byte order %s
string table isn't null terminated`,
    cause:
      'the object is not one that the library reads: it is for the host, was made by a newer compiler, or a map in it is static',
    fixes: [
      'file PROBE.o; build it with clang -O2 -g -target bpf (bpf2go does); no `static` before maps; a newer cilium/ebpf',
    ],
    confidence: 'likely',
    sources: ['elf_reader.go and btf/btf.go of cilium/ebpf'],
  },
  {
    rule: 'references of a Go collection',
    formats: `
replacement map %s not found in CollectionSpec
field %s: object %s was already assigned to %s
map %s: map spec is incompatible with existing map
kernel is missing symbol: %s
cannot resolve %s library call
cannot load program without loading its whole collection`,
    cause: 'the Go code names a map, program or variable that the object (or the kernel) does not have',
    fixes: ['go generate again (bpf2go); compare the ebpf:"name" tags with the names in C'],
    confidence: 'likely',
    sources: ['collection.go of cilium/ebpf'],
  },
  {
    rule: 'ring buffer',
    formats: `
ring map size %d not a multiple of page size %d
ringbuffer map size %d is zero or not a power of two
failed to create ringbuf ring: %e
failed to create perf ring for CPU %d: %e
perCPUBuffer must be larger than 0`,
    cause: 'the size of the buffer is not a power of two and a multiple of the page size, or memory is short',
    fixes: ['max_entries of a ring buffer: 1 << 24, for example'],
    confidence: 'likely',
    sources: ['ringbuf and perf of cilium/ebpf'],
  },
]
