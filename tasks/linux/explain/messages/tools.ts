/** bpftool, tc and ip of iproute2, trace-cmd. Read from their sources. */
import { PROG_LOAD } from './errno-load.ts'
import type { PrintfKind } from './printf.ts'

export const BPFTOOL_KINDS: readonly PrintfKind[] = [
  {
    rule: 'BTF cannot be read',
    formats: `
failed to load BTF from %s: %e
failed to load BTF from %s: Unknown error -2
failed to get btf
get btf by id (%d): %e
failed parsing '%s' BTF file: %e
failed to allocate info structure: %e
can't find btf with ID (%d)
can't get BTF object info: %e`,
    errors: {
      EINVAL: {
        cause:
          'the BTF has kinds that this bpftool does not know (ENUM64 of 6.0, layouts of 7.x), or the file is damaged',
        fixes: ['bpftool version; a bpftool that is as new as the kernel or the pahole that made the BTF'],
      },
    },
    cause:
      'bpftool cannot read the type information: the kernel or object has none (CONFIG_DEBUG_INFO_BTF, clang -g), or the BTF is newer than this bpftool',
    fixes: [
      'ls -l /sys/kernel/btf/vmlinux: without it, build the kernel with DEBUG_INFO_BTF=y',
      'a bpftool at least as new as the kernel: kinds such as ENUM64 (6.0) are refused with EINVAL by older ones',
    ],
    confidence: 'likely',
    sources: ['btf.c of bpftool'],
  },
  {
    rule: 'bpftool: object not found',
    formats: `
get by id (%d): %e
get map by id (%d): %e
get prog by id (%d): %e
bpf obj get (%s): %e
can't get next program: %e
can't get next map: %e
can't get next link: %e
can't get prog info: %e
can't get map info: %e
can't get prog by id (%d): %e
can't get map by id (%d): %e
can't open object by id (%d): %e
incorrect object type: %s`,
    cause:
      'no program, map or link has this number or path: it was unloaded, or the process may not look at it (CAP_SYS_ADMIN)',
    fixes: ['sudo bpftool prog show, bpftool map show, ls /sys/fs/bpf'],
    confidence: 'likely',
    sources: ['common.c of bpftool'],
  },
  {
    rule: 'bpftool: no program in the object',
    formats: `
object file doesn't contain any bpf program`,
    cause:
      'the object has no function in a section of its own: SEC("...") is missing, all functions are static, or the file is no BPF object',
    fixes: [
      'llvm-objdump -h PROBE.o lists the sections; write SEC("kprobe/FUNCTION") (or the like) before the function',
    ],
    sources: ['prog.c of bpftool'],
  },
  {
    rule: 'bpftool: program cannot be loaded or attached',
    formats: `
failed to load object file
failed to open object file
failed to attach program
failed to detach program
failed prog attach to map
interface %s attach failed: %e
interface %s detach failed: %e
failed to pin all maps
unable to find map '%s'
invalid attach type
invalid attach/detach type
failed to run program: %e
cgroup v2 isn't mounted`,
    cause: 'bpftool reports the last step only; the reason is in the messages of libbpf or the verifier above it',
    fixes: ['bpftool -d prog load ... prints the log of the verifier; the first message of libbpf names the reason'],
    errors: PROG_LOAD,
    confidence: 'possible',
    sources: ['prog.c and cgroup.c of bpftool'],
  },
  {
    rule: 'bpftool: BPF file system',
    formats: `
can't mount BPF file system to pin the object (%s): %e
can't mount tracefs: %e
can't pin the object (%s): %e
no BPF file system found, not mounting it due to --nomount option`,
    cause: 'the path is on no BPF file system, or something is pinned there already',
    fixes: ['mount -t bpf bpf /sys/fs/bpf, and pin below that'],
    confidence: 'likely',
    sources: ['common.c of bpftool'],
  },
  {
    rule: 'bpftool: value of a map',
    formats: `
update failed: %e
lookup failed: %e
delete failed: %e
pop failed: %e
%s expected %d bytes got %d
map is not a perf event array
error retrieving insn dump: kernel.kptr_restrict set?`,
    cause:
      'the map does not have this key, does not take it, or the number of bytes is not the size of its key or value',
    fixes: ['bpftool map show id ID has the sizes; bytes are given one by one, lowest first: key 1 0 0 0'],
    confidence: 'likely',
    sources: ['map.c of bpftool'],
  },
  {
    rule: 'bpftool: usage',
    formats: `
please run this command as root user
unrecognized map type: %s
expected 'id', 'tag' or 'pinned', got: '%s'
expected 'id' or 'pinned', got: '%s'
unrecognized option '%s'
unknown option: %s
expected file path`,
    cause: 'bpftool does not understand the command, or needs root for it',
    fixes: ['sudo; bpftool COMMAND help lists the arguments of this version'],
    sources: ['bpftool'],
  },
]

export const NET_KINDS: readonly PrintfKind[] = [
  {
    rule: 'tc or ip cannot load a program',
    formats: `
Prog section '%s' rejected: %e
Error fetching program/map!
Error: Failed to load BPF object
Unable to load program
ELF contains non-map related call or section
BTF debug data section '.BTF' rejected: %e
Map object '%s' rejected: %e
Unknown symbol / relocation
Error preparing ELF%s
Program section '%s' not found in ELF file!
libbpf: can't find section '%s'
Error opening object %s`,
    cause:
      'iproute2 loads the section of the object that was named, and the kernel (or iproute2, for the old form of maps) refuses it',
    fixes: [
      'add `verbose` to the command: tc then prints the log of the verifier; sec NAME must be a section of the object (llvm-objdump -h)',
      'an iproute2 that is built with libbpf (ip -V) reads maps in SEC(".maps"); older ones want struct bpf_elf_map',
    ],
    errors: PROG_LOAD,
    confidence: 'likely',
    sources: ['lib/bpf_legacy.c and lib/bpf_libbpf.c of iproute2'],
  },
  {
    rule: 'netlink refuses a command',
    formats: `
RTNETLINK answers: %e
Error: Underlying driver does not support XDP in native mode.
Error: XDP program already attached.
Error: native and generic XDP can't be active at the same time.
Error: Program does not match the target interface.
Error: MTU too large
Error: Unknown device type.`,
    cause:
      'the kernel refuses the change of a network device: the qdisc is there already (or not yet), its module is not built, or the driver cannot do it',
    fixes: [
      'tc filter add ... bpf da obj FILE sec NAME verbose: prints the log of the verifier, which may be what refuses it',
      'tc qdisc replace dev IF clsact before tc filter add; tc qdisc show dev IF',
      'xdpgeneric instead of xdp works on every driver; CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF and CONFIG_NET_CLS_ACT for tc',
    ],
    confidence: 'likely',
    sources: ['net/sched and net/core/dev.c of the kernel'],
  },
]

const TRACE_CMD = {
  rule: 'trace-cmd',
  cause:
    'trace-cmd cannot set up the trace: it is not root, tracefs is not mounted, or the kernel has no such event, tracer or function',
  fixes: [
    'sudo; trace-cmd list -e, -t and -f show the events, tracers and functions that there are',
    'mount -t tracefs nodev /sys/kernel/tracing',
  ],
  confidence: 'likely',
  sources: ['tracecmd/trace-record.c'],
} as const

/** trace-cmd ends with the reason in a line that is indented; without that, any program could have written it. */
export const TRACE_CMD_END_KINDS: readonly PrintfKind[] = [
  {
    ...TRACE_CMD,
    formats: `
opening to '%s'
reading '%s'
can't open %s/tracing/%s
Failed to set %s
can not stat %s
Event %s not found
Cannot find event %s`,
  },
]

export const TRACE_CMD_KINDS: readonly PrintfKind[] = [
  {
    ...TRACE_CMD,
    formats: `
No events enabled with %s
Failed filter of %s
can't find tracing directory
Can not set tracer %s
not a trace-cmd binary file
opening 'trace.dat'
cannot find event system:%s name:%s
Plugin %s can not be used
No functions matched the filter
failed to init data
trace-cmd: %e`,
  },
  {
    rule: 'fields of an event are not decoded',
    formats: `
function %s not defined
[%s:%s] function %s not defined
Error: expected type %d but read %d
Error: expected '%s' but read '%s'
bad op token %s
unknown op '%s'`,
    cause:
      'the print format of this event calls a function of the kernel, or is written in a way, that the library (libtraceevent) does not know: its fields are shown raw. The trace itself is whole',
    fixes: [
      'a newer libtraceevent and its plugins (/usr/lib/traceevent/plugins); -R shows the raw fields',
      'nothing, for events that are not looked at',
    ],
    sources: ['src/event-parse.c of libtraceevent'],
  },
]
