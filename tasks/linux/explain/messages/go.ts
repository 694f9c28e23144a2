/** The Go library cilium/ebpf: errors are one line, "outer: inner: errno". */
import { errnoOf } from './errno.ts'
import { KPROBE, KPROBE_MULTI, SET_BPF, TRACEPOINT, TRAMPOLINE, UPROBE } from './errno-attach.ts'
import { KPROBE_EVENTS } from './errno-files.ts'
import { MAP_CREATE, PROG_LOAD } from './errno-load.ts'
import { XDP } from './errno-net.ts'
import { goingOn } from './goes-on.ts'
import { group, type Answer, type Row } from './row.ts'

/** What a structured logger has behind the error: '" path=/coredns pid=2646'. */
const NEXT_KEY = /\\?"\s+\w+=.*$/s
/** The errno is the last part, where the program adds nothing: ", couldn't load eBPF programs, ...". */
const last = (text: string): string | undefined =>
  errnoOf(/^([a-z ]{6,40}?) ?(?:[,(]|$)/.exec(text)?.[1] ?? '') ??
  errnoOf(/([^:(]+)(?:\([^)]*\))?\s*$/.exec(text.replace(NEXT_KEY, '').replace(/["'\\}\]\s]+$/, ''))?.[1] ?? '')

const known = (place: Readonly<Record<string, Answer>>, text: string, what: string): Answer | undefined => {
  const errno = last(text)
  const answer = errno === undefined ? undefined : place[errno]
  return answer && { ...answer, what: `${what}: ${errno}` }
}

/** The library names no kind of link here. */
const LINK_CREATE: Answer = {
  cause:
    'the kernel has no link of this kind (tracing 5.5, cgroup 5.7, XDP 5.9, perf events and probes 5.15, kprobe.multi 5.18, tcx 6.6), the program was loaded for another attach type, or, for XDP, the driver refuses it: its MTU, queues or offloads do not fit native mode',
  fixes: [
    'XDP: dmesg | tail has the reason of the driver; link.XDPGenericMode works with every driver',
    'compare AttachType and section of the program with the kind of link; uname -r with the versions above',
  ],
  confidence: 'possible',
  sources: ['kernel/bpf/syscall.c: link_create', 'commit aa8d3a716b59 (5.9, XDP)', 'commit b89fbfbb854c (5.15, perf)'],
}

/** The library prints "not supported" for EOPNOTSUPP and for ENOTSUPP, which trampolines return. */
const TRACING = { ...SET_BPF, ...TRAMPOLINE, EOPNOTSUPP: TRAMPOLINE['ENOTSUPP'] as Answer }

/** @param call what the library did; only some of its names say to what it attached */
function linkErrors(call: string, line: string): Readonly<Record<string, Answer>> {
  if (call === 'cannot create bpf perf link') return SET_BPF
  if (!/^(?:create link|link create|attach program)$/.test(call) || /tracing|fentry|fexit|lsm/i.test(line))
    return /XDP/.test(call) ? { ...TRACING, ...XDP } : TRACING
  return /xdp/i.test(line) ? { ...TRACING, ...XDP } : { ...TRACING, EINVAL: LINK_CREATE, EOPNOTSUPP: LINK_CREATE }
}

export const GO_ROWS: readonly Row[] = [
  {
    rule: 'probe refused',
    needle: [
      'creating perf_kprobe PMU',
      'creating perf_uprobe PMU',
      'creating trace event',
      'creating probe entry on tracefs',
      'creating tracefs event',
    ],
    pattern:
      /creating (?:perf_([ku])probe PMU|trace event '([^']+)' in tracefs|probe entry on tracefs|tracefs event)(?: \(arch-specific fallback for "([^"]+)"\))?: (.+)/,
    answer: (match) => {
      const place = match[1] === 'u' ? UPROBE : { ...KPROBE_EVENTS, ...KPROBE }
      const name = /symbol "?([\w.]+)"?/.exec(group(match, 4))?.[1] ?? match[3] ?? match[2]
      return known(place, group(match, 4), `no probe at ${name ?? 'the function'}`)
    },
  },
  {
    rule: 'symbol of a probe not found',
    needle: ['symbol ', 'not found: '],
    pattern:
      /(?:opening|attaching|attach) (?:kprobe|kretprobe|uprobe|uretprobe)[^:]*: .*(?:symbol|token) (\S+?): ?not found.*|symbol '?"?([\w.]+)'?"? not found(?: \([^)]*\))?: (?:no such file or directory|file does not exist)/i,
    answer: (match) => {
      const what = `no symbol ${match[1] ?? match[2]}`
      // "opening uprobe: symbol main: not found", "creating perf_uprobe PMU: symbol 'main.f' not found".
      return /u(?:ret)?probe|executable/i.test(match.input)
        ? {
            what,
            cause:
              'the program or library has no such symbol: it is stripped, the function is inlined or of another file, or its name is mangled (C++, Rust; Go writes package.Function). Releases of cilium/ebpf before 0.7 also say this of programs that are position independent (PIE)',
            fixes: [
              'nm FILE | grep NAME, nm -D FILE | grep NAME, readelf -sW FILE',
              'UprobeOptions.Address takes an offset in the file where there is no symbol; keep the symbols: no -ldflags=-s, no strip',
            ],
            confidence: 'likely',
            sources: ['link/uprobe.go of cilium/ebpf'],
          }
        : { ...(KPROBE['ENOENT'] as Answer), what }
    },
  },
  {
    rule: 'attaching to an ambiguous function',
    needle: 'attaching to ambiguous kernel symbol',
    pattern: /attaching to ambiguous kernel symbol is not supported/,
    ...(KPROBE['EADDRNOTAVAIL'] as Answer),
  },
  {
    rule: 'probe refused',
    needle: [
      "missing kernel symbol or prog's AttachType",
      'missing symbol or prog',
      "couldn't find one or more symbols",
    ],
    pattern:
      /(.*)\((?:invalid pid, )?missing (?:kernel )?symbol or prog's AttachType not (\w+)\?\)|couldn't find one or more symbols: .*/,
    answer: ({ 0: text }) => ({
      ...(KPROBE_MULTI[/uprobe/i.test(text) ? 'EINVAL' : 'ESRCH'] as Answer),
      otherwise:
        'the program must be loaded with the attach type of multi probes: the section kprobe.multi/ or uprobe.multi/',
    }),
  },
  {
    rule: 'tracepoint not there',
    needle: ['trace event ID', 'trace event', 'tracefs not found', 'tracepoint'],
    pattern:
      /(?:reading|get(?:ting)?) trace event (?:ID|id)[^:]*: (.+)|trace event \S+: (file does not exist|no such file or directory)/,
    answer: ({ 1: error, 2: other }) =>
      known(TRACEPOINT, error ?? 'no such file or directory', 'no such tracepoint') ??
      (other ? TRACEPOINT['ENOENT'] : undefined),
  },
  {
    rule: 'tracing link refused',
    needle: [
      'create tracing link:',
      'create link:',
      'attach tracing',
      'create raw tracepoint',
      'cannot create bpf perf link',
      'attach LSM',
      'attach Tracing/',
      'link create:',
      'attach cgroup',
      'attach program:',
      'attach XDP',
      'attach tcx',
    ],
    pattern:
      /(create tracing link|create link|link create|create raw tracepoint|cannot create bpf perf link|attach program|(?:can't )?attach (?:cgroup|XDP|tcx(?: link)?|LSM|Tracing\/\w+))(?: with cookie)?: (.+)/,
    answer: (match) => {
      const answer = known(linkErrors(group(match, 1), match.input), group(match, 2), group(match, 1))
      return answer && { ...answer, cause: goingOn(answer.cause, match.input) }
    },
  },
  {
    rule: 'function or type not in BTF',
    needle: ['find target', "doesn't exist in kernel", 'attach function', 'finding kfunc'],
    pattern:
      /(?:find(?:ing)? (?:target|kfunc)[^:]*|attach (?:Tracing|LSM)\/?\S* [^:]*)(?::.*)?: (?:type name (\S+): )?not found|"([^"]+)" doesn't exist in kernel: .*/,
    answer: (match) => ({
      what: match[1] ?? match[2] ?? match[0],
      cause:
        'the BTF of this kernel has no such function or type: inlined, of a module that is not loaded, renamed, or newer than the kernel',
      fixes: ['bpftool btf dump file /sys/kernel/btf/vmlinux | grep NAME', 'a kprobe needs only the symbol'],
      confidence: 'likely',
      sources: ['cilium/ebpf, prog.go'],
    }),
  },
  {
    rule: 'no BTF in the kernel',
    needle: ['vmlinux', 'not supported'],
    pattern:
      /(?:no BTF found for kernel version|find vmlinux|BTF for kernel version|load(?:ing)? vmlinux)[^:]*: (?:not supported|not found|no such file.*|file does not exist)/,
    cause: 'the running kernel has no BTF (/sys/kernel/btf/vmlinux: CONFIG_DEBUG_INFO_BTF)',
    fixes: [
      'a kernel with DEBUG_INFO_BTF=y, or ProgramOptions.KernelTypes with BTF of this kernel (BTFHub has those of distributions)',
    ],
    sources: ['cilium/ebpf, btf/kernel.go'],
  },
  {
    rule: 'CO-RE: the kernel has no such type or field',
    needle: ['CO-RE', 'bad CO-RE relocation', 'relocate '],
    pattern:
      /\brelocate (?:Struct|Union|Enum|Typedef|Int|Ptr|Func|Fwd|Array)\w*:"[^"]*": .*|(?:apply CO-RE relocations|CO-RE fixup|CO-RE relocation): .*|bad CO-RE relocation.*/,
    answer: ({ 0: text }) => ({
      cause: /load BTF for kmod|string table is empty/.test(text)
        ? 'the BTF of a module of the kernel cannot be read: the file in /sys/kernel/btf is empty or damaged (a defect of the build of that module). cilium/ebpf reads the BTF of all modules for some relocations'
        : /bad magic number|unsized type|target Func/.test(text)
          ? 'this release of cilium/ebpf takes one thing for another (BTF for ELF, a function for a type of the same name): newer kernels and files have what it does not know'
          : /ambiguous/.test(text)
            ? 'the kernel has several types of this name with different layouts'
            : /no BTF|not found: |find vmlinux/.test(text)
              ? 'the running kernel has no BTF (CONFIG_DEBUG_INFO_BTF), or not this type'
              : 'the program uses a type, field or enum value that this kernel does not have',
      fixes: [
        ...(/load BTF for kmod|bad magic|unsized type|target Func|string table/.test(text)
          ? ['a newer cilium/ebpf; rmmod the module that the message names, as a test']
          : ['guard it with bpf_core_field_exists()/bpf_core_type_exists()']),
        'without BTF in the kernel: ProgramOptions.KernelTypes with BTF of this kernel',
      ],
      confidence: 'likely',
      sources: ['cilium/ebpf, btf/core.go'],
    }),
  },
  {
    rule: 'kernel too old',
    needle: ['requires >= v', 'not supported (requires'],
    pattern:
      /(?:(\S[^:]*?) )?not supported \((?:kernel )?requires >= v?(\d+\.\d+)[^)]*\)|\((?:requires|needs) (?:Linux|kernel) >= v?(\d+\.\d+)\)/,
    answer: (match, { kernel }) => ({
      cause: `the library tried this feature on the running kernel and failed; it came with Linux ${match[2] ?? match[3]}`,
      fixes: [
        kernel === undefined ? 'uname -r' : 'a newer kernel',
        'where the version is new enough: the option of the feature is off, or the process lacks the capability to probe for it',
      ],
      confidence: 'likely',
      sources: ['cilium/ebpf, internal/feature.go'],
    }),
  },
  {
    rule: 'map cannot be created',
    needle: ['map create', 'create map: ', 'creating map: '],
    pattern: /(?:map (\S+?): )?(?:map create|create map|creating map)(?: without BTF)?: (.+)/,
    // EPERM has a row of its own (MEMLOCK).
    answer: (match) =>
      /MEMLOCK/.test(group(match, 2))
        ? undefined
        : known(MAP_CREATE, group(match, 2), `map ${match[1] ?? ''} cannot be created`),
  },
  {
    rule: 'log of the verifier is too long',
    needle: ['hit verifier bug, increase LogSizeStart'],
    pattern: /load program: bad address \(hit verifier bug, increase LogSizeStart[^)]*\)/,
    cause:
      'the log of the verifier did not fit into its buffer, and kernels that are not new answer EFAULT then instead of the reason: the program was refused for something that the log would say',
    fixes: [
      'ProgramOptions{LogSizeStart: 64 << 20}, or LogLevel: ebpf.LogLevelBranch off: the whole log fits then',
      'a newer cilium/ebpf shows the part of the log that it got',
    ],
    confidence: 'likely',
    sources: ['internal/errors.go and prog.go of cilium/ebpf'],
  },
  {
    // Without a reason of the verifier behind it: with one, that is the answer.
    rule: 'program cannot be loaded',
    needle: ['load program: invalid', 'load program: permission'],
    pattern: /load program: (invalid argument|permission denied)(?=["'\\}\])\s]*$|["'] |, \w)/,
    answer: (match) => known(PROG_LOAD, group(match, 1), 'a program cannot be loaded'),
  },
  {
    rule: 'program cannot be loaded',
    needle: ['load program: '],
    pattern:
      /load program: (operation not permitted|argument list too long|no space left on device|not supported|function not implemented|bad address)\b.*/,
    answer: (match) =>
      /MEMLOCK/.test(match[0]) ? undefined : known(PROG_LOAD, group(match, 1), 'a program cannot be loaded'),
  },
  {
    rule: 'references of a Go collection',
    needle: [
      'missing map',
      'missing program',
      'unsatisfied',
      'reference to undefined',
      'field ',
      'incompatible map',
      'use of already closed',
    ],
    pattern:
      /(?:missing (?:map|program) "?\S+"?(?: in collection)?|symbol \S+: (?:load:? )?unsatisfied (?:map|program) reference|(?:use of )?unsatisfied (?:map|program) reference|map spec is incompatible with existing map.*|field \S+: missing (?:map|program) \S+|ProgramArray \S+ must be assigned.*)/,
    answer: ({ 0: text }) =>
      /incompatible/.test(text)
        ? {
            cause: 'a map of this name is pinned already with another type, sizes or flags',
            fixes: ['remove the pinned file below /sys/fs/bpf, or give the map another name'],
          }
        : {
            cause:
              'the Go code names a map or program that the object does not have, or the generated code is of another object',
            fixes: ['go generate again (bpf2go); compare the ebpf:"name" tags with the names in C'],
            confidence: 'likely',
          },
  },
]
