/** aya (Rust), and the loader of the kernel's own samples (samples/bpf/bpf_load.c up to 5.10). */
import { errnoOf } from './errno.ts'
import { KPROBE, SET_BPF, TRACEPOINT, TRAMPOLINE, UPROBE } from './errno-attach.ts'
import { KPROBE_EVENTS } from './errno-files.ts'
import { MAP_CREATE, PROG_LOAD } from './errno-load.ts'
import { PERF_OPEN } from './errno-perf.ts'
import { group, type Answer, type Row } from './row.ts'

/** aya does not say for which kind of event it called perf_event_open(). */
const PROBE_OR_COUNTER: Answer = {
  cause:
    'the event is not there: for a kprobe the kernel has no such symbol (inlined, renamed, of a module), for a uprobe there is no such file, for a tracepoint no such event, and for a hardware counter the machine has no PMU',
  fixes: [
    'grep -w FUNCTION /proc/kallsyms; ls /sys/kernel/tracing/events/GROUP; ls -l the file as the loader sees it',
    'counters: perf stat -e cycles true; software events (cpu-clock) work everywhere',
  ],
  confidence: 'possible',
  sources: ['perf_event_open(2)'],
}

export const AYA_ROWS: readonly Row[] = [
  {
    rule: 'system call of a loader refused',
    needle: ['` failed', 'syscall ', 'perf_event_open failed'],
    pattern:
      /(?:`(\w+)` failed|syscall (\w+) failed|(perf_event_open) failed)[^]*?(?:: |Caused by:.*|code: )(.*?(?:os error|code:|error) ?\d+.*|.+)/,
    answer: (match) => {
      const call = match[1] ?? match[2] ?? group(match, 3)
      const errno = errnoOf(group(match, 4))
      if (errno === undefined) return undefined
      const places: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
        perf_event_open: {
          ...PERF_OPEN,
          ...UPROBE,
          ...KPROBE,
          EACCES: PERF_OPEN['EACCES'] as Answer,
          ENOENT: PROBE_OR_COUNTER,
        },
        bpf_link_create: { ...SET_BPF, ...TRAMPOLINE },
        bpf_raw_tracepoint_open: { ...TRAMPOLINE, ...TRACEPOINT },
        bpf_map_create: MAP_CREATE,
        bpf_create_map: MAP_CREATE,
        bpf_prog_load: PROG_LOAD,
        PERF_EVENT_IOC_SET_BPF: SET_BPF,
      }
      const known = places[call]?.[errno]
      return known && { ...known, what: `${call}: ${errno}` }
    },
  },
  {
    rule: 'map cannot be created',
    needle: 'CreateError {',
    pattern: /MapError\(CreateError \{ name: "([^"]*)", code: -?\d+, io_error: Os \{ (code: \d+)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 2)) ?? ''
      return MAP_CREATE[errno] && { ...MAP_CREATE[errno], what: `map ${group(match, 1)} cannot be created: ${errno}` }
    },
  },
  {
    rule: 'error 524',
    needle: ['rror 524', 'rror -524', 'rror (-524)'],
    pattern: /[Uu]nknown error (?:-?524|\(-524\))|\(os error 524\)/,
    key: () => '',
    what: 'error 524 (ENOTSUPP)',
    cause:
      'the kernel cannot do what was asked: for fentry, fexit and lsm there is no trampoline for this function or architecture (arm64 before 6.4); for programs and maps the JIT is off, or a type is not supported in this place',
    fixes: [
      'sysctl net.core.bpf_jit_enable=1; CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y for fentry',
      'a kprobe instead of fentry',
    ],
    confidence: 'possible',
    sources: ['include/linux/errno.h'],
  },
  {
    rule: 'map cannot be created',
    needle: 'failed to create map `',
    pattern: /failed to create map `([^`]+)`(?: with code (-?\d+))?(?:.*?: (.+))?/,
    answer: (match) => {
      const errno = errnoOf(match[3] ?? '') ?? 'EPERM'
      const known = MAP_CREATE[errno]
      return (
        known && {
          ...known,
          what: `map ${group(match, 1)} cannot be created`,
          confidence: match[3] === undefined ? 'possible' : 'likely',
        }
      )
    },
  },
  {
    rule: 'program of an aya loader refused by errno',
    needle: 'BPF_PROG_LOAD',
    pattern: /the `?BPF_PROG_LOAD`? syscall (?:failed|returned (.+?))\. Verifier output:[ ]?(.*)/,
    answer: (match) => {
      const errno = errnoOf(match[1] ?? '')
      if (errno === undefined || errno === 'EACCES' || errno === 'EINVAL' || group(match, 2) !== '') return undefined
      return PROG_LOAD[errno] && { ...PROG_LOAD[errno], what: `a program cannot be loaded: ${errno}` }
    },
  },
  {
    rule: 'symbol or type not in the kernel',
    needle: [
      'not found in kernel BTF',
      'unknown BTF type `',
      'strong extern `',
      "kernel function '",
      'unknown symbol `',
    ],
    pattern:
      /kernel (?:function|variable) '(\S+)' (?:not found(?: in kernel BTF)?|has incompatible (?:signature|type))|unknown BTF type `([^`]+)`|strong extern `([^`]+)` not resolvable.*/,
    answer: (match) => ({
      cause: `the BTF of this kernel has no ${match[1] ?? match[2] ?? match[3]} (or of another type): renamed, inlined, of a module, or newer than the kernel`,
      fixes: ['bpftool btf dump file /sys/kernel/btf/vmlinux | grep NAME'],
      confidence: 'likely',
    }),
  },
  {
    rule: 'object cannot be parsed by aya',
    needle: ['error parsing BPF object', 'error parsing ELF', 'invalid program section `', 'error relocating '],
    pattern:
      /error parsing (?:BPF object|ELF data)(?:: .*)?|invalid program section `([^`]+)`|error relocating (?:function|section|`[^`]+`)(?:: .*)?/,
    answer: (match) =>
      match[1] === undefined
        ? {
            cause:
              'the object is not one that aya reads: of another aya version, for the host, or empty; or its code refers to something that is not in it',
            fixes: [
              'build eBPF crate and loader with the same aya; file PROBE.o; include_bytes_aligned! for embedded objects',
            ],
            confidence: 'likely',
          }
        : {
            cause: 'no program type belongs to this section name',
            fixes: ['kprobe/NAME, tracepoint/GROUP/EVENT, xdp, ...; a newer aya for newer ones'],
          },
  },
  {
    rule: 'aya-log of two versions',
    needle: '/aya-log-',
    pattern: /panicked at .*\/aya-log-([\d.]+)\/src\/lib\.rs/,
    answer: (match) => ({
      what: `aya-log ${match[1]} cannot read a record of the eBPF program`,
      cause:
        'the loader (aya-log) and the program (aya-log-ebpf) write and read log records in different forms: they are of different releases, or the object is an old one',
      fixes: [
        'cargo update in the loader and in the eBPF crate, with aya and aya-log from the same release or commit; build both again',
      ],
      confidence: 'likely',
      sources: ['aya-log/src/lib.rs'],
    }),
  },
  {
    rule: 'uBPF cannot load the code',
    needle: ['Failed to load code: '],
    pattern: /Failed to load code: (bad relocation type (\d+)|.+)/,
    answer: (match) => ({
      cause:
        match[2] === undefined
          ? 'uBPF, the virtual machine in user space, does not take the program: it checks opcodes, jumps and calls before it runs anything'
          : 'the object has relocations that this uBPF does not know: type 1 is a reference to a map or a global variable, type 2 a call of a helper, type 10 a call of another function',
      fixes: [
        'no maps, global variables or strings, and all functions inlined (static __always_inline); or a newer uBPF',
        'llvm-objdump -dr PROBE.o shows the relocations',
      ],
      confidence: 'likely',
      sources: ['vm/ubpf_loader.c of uBPF'],
    }),
  },
  {
    rule: 'program is used in the wrong order',
    needle: [
      'the program is not loaded',
      'the program is already loaded',
      'the program was already attached',
      'the program is not attached',
    ],
    pattern: /the program (?:is not loaded|is already loaded|was already attached|is not attached)/,
    cause: 'load() comes before attach(), and each once',
    fixes: ['program.load()?; program.attach(...)?'],
  },
]

const VERSION = 'up to 4.20 the version in the object must be that of the running kernel'

export const SAMPLE_ROWS: readonly Row[] = [
  {
    rule: 'probe refused',
    needle: "failed to create kprobe '",
    pattern: /failed to create kprobe '([^']+)' error '([^']+)'/,
    answer: (match) => {
      const errno = errnoOf(group(match, 2)) ?? ''
      const known = KPROBE_EVENTS[errno]
      return (
        known && {
          ...known,
          what: `bpf_load.c cannot write a kprobe event for ${group(match, 1)}: ${errno}`,
          symbol: group(match, 1),
        }
      )
    },
  },
  {
    rule: 'event and program do not fit',
    needle: 'PERF_EVENT_IOC_SET_BPF',
    pattern: /(?:ioctl )?PERF_EVENT_IOC_SET_BPF\)? ?(?:failed)?(?: err|:| =)? ?(.+)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 1)) ?? ''
      const known = SET_BPF[errno]
      if (known === undefined) return undefined
      return {
        ...known,
        what: `the program cannot be connected to its event: ${errno}`,
        ...(errno === 'EINVAL'
          ? { otherwise: `the object was built for another kernel version: ${VERSION} (kprobe programs)` }
          : {}),
      }
    },
  },
  {
    rule: 'tracepoint not there',
    needle: ['failed to open event', 'tracepoint '],
    pattern: /^\s*(?:failed to open event (\S+)|tracepoint (\S+) (No such file or directory|Permission denied))/,
    answer: (match) => {
      const errno = errnoOf(match[3] ?? 'ENOENT') ?? ''
      return TRACEPOINT[errno] && { ...TRACEPOINT[errno], what: `no event ${match[1] ?? match[2]}` }
    },
  },
  {
    rule: 'map cannot be created',
    needle: 'failed to create map ',
    pattern: /failed to create map \d+ \(([^)]*)\): (\d+) (.+)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 2)) ?? errnoOf(group(match, 3)) ?? ''
      return MAP_CREATE[errno] && { ...MAP_CREATE[errno], what: `map ${group(match, 1)}: ${errno}` }
    },
  },
  {
    rule: 'object cannot be loaded by the samples',
    needle: [
      'invalid relo for insn[',
      'invalid size of version section',
      'missing SHT_SYMTAB',
      'Failed loading ELF maps',
      "Unknown event '",
      'event name cannot be empty',
    ],
    pattern:
      /invalid relo for insn\[\d+\].*|invalid size of version section.*|missing SHT_SYMTAB section|Error: Failed loading ELF maps.*|Unknown event '([^']+)'|event name cannot be empty/,
    answer: (match) =>
      match[1] === undefined && !/event name/.test(match[0])
        ? {
            cause:
              'bpf_load.c of the samples knows struct bpf_map_def in SEC("maps") and nothing else: no global variables, no BTF maps',
            fixes: [
              'define maps as the samples of this kernel do, and no global or static variables; or load the object with libbpf',
            ],
            confidence: 'likely',
            sources: ['samples/bpf/bpf_load.c (removed in 5.11)'],
          }
        : {
            cause: 'bpf_load.c does not know this section name',
            fixes: [
              'kprobe/FUNCTION, kretprobe/FUNCTION, tracepoint/GROUP/EVENT, raw_tracepoint/EVENT, socket, xdp, perf_event',
            ],
            sources: ['samples/bpf/bpf_load.c'],
          },
  },
]
