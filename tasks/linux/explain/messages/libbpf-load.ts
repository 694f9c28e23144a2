/** libbpf: loading programs, order of calls, ring and perf buffers, USDT, static linking. */
import { errnoOf } from './errno.ts'
import { MAP_CREATE, PROG_LOAD } from './errno-load.ts'
import { group, type Row } from './row.ts'

export const LIBBPF_LOAD_ROWS: readonly Row[] = [
  {
    rule: 'program cannot be loaded',
    needle: ['load failed', 'load bpf program failed', 'failed to load program'],
    pattern:
      /libbpf: (?:prog '([^']+)': (?:BPF program )?load failed|load bpf program failed|failed to load program '([^']+)'): ?(.+)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 3))
      if (errno === undefined) return undefined
      const known = PROG_LOAD[errno]
      const name = match[1] ?? match[2] ?? 'a program'
      return known && { ...known, what: `${name} cannot be loaded: ${errno}` }
    },
  },
  {
    rule: 'map cannot be created',
    needle: ['map create failed', 'nable to create map '],
    pattern: /Error: map create failed: (.+)|[Uu]nable to create map (\S+): (.+)/,
    answer: (match) => {
      const errno = errnoOf((match[1] ?? group(match, 3)).replace(/["'].*$/, '')) ?? ''
      return MAP_CREATE[errno] && { ...MAP_CREATE[errno], what: `map ${match[2] ?? ''} cannot be created: ${errno}` }
    },
  },
  {
    rule: 'bpftool: objects cannot be pinned',
    needle: 'Error: failed to pin',
    pattern: /Error: failed to pin (program|map|all programs|object)(?: (\S+))?/,
    cause:
      'bpftool loads and pins: the path exists already, is not on a BPF file system, or what is pinned is no object but a perf event (autoattach on kernels that have no links for it, before 5.15)',
    fixes: [
      'ls /sys/fs/bpf; mount -t bpf bpf /sys/fs/bpf',
      'leave out autoattach, and attach with a loader of your own',
    ],
    confidence: 'possible',
    sources: ['bpftool, common.c and prog.c'],
  },
  {
    rule: 'BPF does not work here',
    needle: [
      "Couldn't load trivial BPF program",
      "Couldn't create simple array map",
      'Detection of kernel',
      'Program loading unexpectedly',
    ],
    pattern:
      /Error in \S+\(\): ?(.+?)\. Couldn't (?:load trivial BPF program|create simple array map).*|Error in \S+\(\): Program (?:loading )?unexpectedly .*|Detection of kernel .* support failed: (.+)/,
    answer: (match) =>
      PROG_LOAD[errnoOf(match[1] ?? match[2] ?? '') ?? ''] ?? {
        cause: 'libbpf tried the simplest program (or map), and even that is refused',
        fixes: ['CONFIG_BPF_SYSCALL=y; root; ulimit -l unlimited before 5.11; lockdown'],
        confidence: 'likely',
      },
  },
  {
    rule: 'libbpf is called in the wrong order',
    needle: [
      "load can't be attempted twice",
      "prepare loading can't",
      'not yet loaded',
      'without FD',
      "doesn't belong to object",
      "doesn't match object",
      'already specified',
      'before map creation',
      'same bpf object',
      'invalid map pointer',
    ],
    pattern:
      /object '[^']+': (?:prepare loading|load) can't be attempted twice|object not yet loaded; load it first|(?:prog|map) '[^']+': can't use .* without FD.*|error in \w+: map handler doesn't belong to object|error: (?:program handler doesn't match object|inner_map_fd already specified|unsupported map type)|exclusive programs must be set before map creation|excl_prog and map must be .*|invalid map pointer/,
    cause:
      'open, change, load, attach: a call of the loader comes too early or too late in this order, or uses an object that is another one',
    fixes: ['sizes, types and rodata are set between open and load; file descriptors exist after load only'],
    sources: ['libbpf.c'],
  },
  {
    rule: 'byte order of the object',
    needle: 'non-native endianness',
    pattern: /object '([^']+)': loading non-native endianness is unsupported/,
    cause: 'the object was built for the other byte order (bpfeb, bpfel)',
    fixes: ['-target bpf takes the byte order of the machine that builds; -target bpfel for x86 and arm64'],
  },
  {
    rule: 'skeleton is of another object',
    needle: ['skeleton'],
    pattern:
      /failed to (?:find skeleton (?:map|program) '([^']+)'|(?:initialize|load|populate) (?:BPF )?(?:sub)?skeleton .*)/,
    answer: (match) =>
      match[1] === undefined
        ? undefined
        : {
            cause: `the generated header expects ${match[1]}, and the object does not have it: they are of different builds`,
            fixes: ['generate the header again: bpftool gen skeleton PROBE.o > PROBE.skel.h'],
          },
  },
  {
    rule: 'perf buffer',
    needle: ['perf buffer', 'perf FD', 'page count', 'PERF_EVENT_ARRAY', 'perf_buffer:', 'perf ring'],
    pattern:
      /failed to (?:open perf buffer event|mmap perf buffer|enable perf buffer event|epoll_ctl|set) (?:on )?cpu #(\d+)[^:]*: (.+)|page count should be power of two.*|map '([^']+)' should be BPF_MAP_TYPE_PERF_EVENT_ARRAY|perf_buffer: failed to process records.*|unknown perf sample type.*|failed to create (?:perf ring for CPU \d+|epoll instance): .*/,
    answer: (match) => {
      const errno = errnoOf(match[2] ?? '')
      return {
        cause:
          errno === 'EPERM' || errno === 'ENOMEM'
            ? 'the buffers of all CPUs together are more locked memory than this user may have (kernel.perf_event_mlock_kb, RLIMIT_MEMLOCK)'
            : 'the buffers between kernel and program cannot be set up: the number of pages is not a power of two, or the map is of another type',
        fixes: ['fewer pages for each CPU (8 or 64), a power of two; or a ring buffer (5.8), one for all CPUs'],
        confidence: 'likely',
        sources: ['perf_buffer__new() of libbpf.c'],
      }
    },
  },
  {
    rule: 'ring buffer',
    needle: ['ringbuf:', 'ring buffer', 'ringbuf'],
    pattern: /(?:user_)?ringbuf: (?:failed to .*|map FD \d+ is not .*)|can't mmap ringbuf.*|create ringbuf ring: .*/,
    cause:
      'the map is not a ring buffer, or its size is not a power of two and a multiple of the page size; kernels before 5.8 have no ring buffer',
    fixes: ['__uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 256 * 1024); perf buffers work on older kernels'],
    confidence: 'likely',
    sources: ['kernel/bpf/ringbuf.c'],
  },
  {
    rule: 'function or USDT probe of a program not found',
    needle: ['usdt: ', 'elf: ', 'failed to resolve full path'],
    pattern:
      /elf: (?:failed to find symbol '([^']+)' in '([^']+)'|'([^']+)' is 0 in symtab for '([^']+)'.*|ambiguous match .*|failed to (?:get symbols for symtab|get verdef).*)|prog '[^']+': failed to resolve full path for '([^']+)': .*|usdt: (.+)/,
    answer: (match) => {
      const usdt = match[6]
      if (usdt === undefined)
        return {
          cause:
            match[5] === undefined
              ? 'the file has no such function among its symbols: it is static and stripped, inlined, or C++ with a mangled name; or several match'
              : 'libbpf cannot find the file on PATH or among the libraries',
          fixes: [
            'nm -D FILE | grep NAME, readelf -sW FILE; give an offset where there is no symbol',
            'write the whole path of the file',
          ],
          confidence: 'likely',
          sources: ['elf.c'],
        }
      if (/did you forget to include bpf\/usdt\.bpf\.h/.test(usdt))
        return { cause: 'the object lacks the maps of USDT', fixes: ['#include <bpf/usdt.bpf.h> in the BPF program'] }
      return {
        cause:
          /too many USDT arguments|unrecognized (?:arg|register)|unsupported (?:arg|type|ELF)|SIB|endianness|(?:32|64)-bit/.test(
            usdt,
          )
            ? 'the description of the USDT probe in the file has a form that this libbpf cannot read'
            : 'the USDT probe is not in the file, or the place cannot be mapped to the process',
        fixes: [
          'readelf -n FILE lists the probes (stapsdt); build with sys/sdt.h',
          'a newer libbpf knows more forms of arguments',
        ],
        confidence: 'likely',
        sources: ['usdt.c'],
      }
    },
  },
  {
    rule: 'objects cannot be linked',
    needle: ["global '", 'linked', 'conflicting', "sec '", 'incompatible'],
    pattern:
      /libbpf: (?:global '[^']+': (?:incompatible|ambiguous|multiple) .*|(?:linker|gen object): .*|map '[^']+': incompatible .*|sec '[^']+': sec (?:type|flags) mismatch.*|conflicting (?:non-weak|weak) .*|failed to link .*|unsupported (?:BTF )?relocation type .*)/,
    cause: 'bpftool gen object: two objects define the same thing in different ways',
    fixes: [
      'a variable, map or function must be the same in all objects that define it; mark all but one extern or __weak',
    ],
    confidence: 'likely',
    sources: ['linker.c'],
  },
]
