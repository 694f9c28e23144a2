/**
 * Files of /proc, /sys and tracefs that are missing or refused, and what every program of the field prints about
 * buffers and maps.
 */
import { errnoOf } from './errno.ts'
import { TRACEPOINT } from './errno-attach.ts'
import { group, type Answer, type Row } from './row.ts'

/** Files that people read, what makes them, and what else tells the same. */
const FILES: readonly (readonly [file: RegExp, missing: Answer])[] = [
  [
    /\/sys\/kernel\/btf\//,
    {
      cause:
        'this kernel has no BTF: CONFIG_DEBUG_INFO_BTF is off (or 5.3 and older, whose file does not exist), or /sys of the host is not mounted in this container',
      fixes: [
        'zgrep DEBUG_INFO_BTF /proc/config.gz; a kernel with CONFIG_DEBUG_INFO_BTF=y (pahole at build time)',
        'BTFHub has BTF of older kernels of distributions; kprobes and tracepoints work without',
      ],
      sources: ['commit 341dfcf8d78e (5.4, /sys/kernel/btf)'],
    },
  ],
  [
    /\/proc\/config\.gz/,
    {
      cause:
        'the kernel does not carry its configuration (CONFIG_IKCONFIG_PROC is off, or built as the module configs)',
      fixes: ['modprobe configs; cat /boot/config-$(uname -r); the .config of the build directory'],
      sources: ['kernel/configs.c'],
    },
  ],
  [
    /\/sys\/kernel\/(?:debug\/)?tracing|\/sys\/kernel\/debug\/kprobes/,
    {
      cause:
        'tracefs (or debugfs) is not mounted there, or this kernel has no tracing (CONFIG_FTRACE, CONFIG_DEBUG_FS)',
      fixes: [
        'sudo mount -t tracefs nodev /sys/kernel/tracing; sudo mount -t debugfs nodev /sys/kernel/debug',
        'grep -E "tracefs|debugfs" /proc/filesystems; in a container mount /sys/kernel/debug and /sys/kernel/tracing of the host',
      ],
      confidence: 'likely',
      sources: ['Documentation/trace/ftrace.rst'],
    },
  ],
  [
    /\/proc\/kallsyms/,
    {
      cause: 'the kernel was built without CONFIG_KALLSYMS, or /proc is not mounted (or masked) here',
      fixes: ['System.map and vmlinux of the build have the names; mount -t proc proc /proc'],
      confidence: 'likely',
    },
  ],
  [
    /\/proc\/sys\/(?:kernel\/(?:perf_event|kptr|unprivileged_bpf|ftrace|kprobes|bpf)|net\/core\/bpf)|\/sys\/fs\/bpf|\/sys\/kernel\/security/,
    {
      cause: 'the part of the kernel that this file belongs to is not built in, or the file system is not mounted',
      fixes: [
        'zgrep NAME /proc/config.gz; mount -t bpf bpf /sys/fs/bpf; mount -t securityfs securityfs /sys/kernel/security',
      ],
      confidence: 'likely',
    },
  ],
]

const DENIED: Answer = {
  cause:
    'only root may read or write it (a redirection is done by your shell, not by sudo), or the container or lockdown forbids it',
  fixes: [
    'sudo sh -c "echo VALUE > FILE", or echo VALUE | sudo tee FILE; sudo sysctl -w NAME=VALUE',
    'cat /sys/kernel/security/lockdown',
  ],
  confidence: 'likely',
}

/** Other files of tracefs and /proc/sys are busy for reasons of their own. */
const TAKEN = /\/tracing\/.*trace(?:_pipe\w*)?$/
const BUSY: Answer = {
  cause: 'trace_pipe and the buffers behind it have one reader at a time, and another process reads them',
  fixes: [
    'sudo fuser -v FILE; end the other reader, or use an instance of your own (mkdir /sys/kernel/tracing/instances/x)',
  ],
  sources: ['kernel/trace/trace.c: tracing_open_pipe'],
}

export const EVERYDAY_ROWS: readonly Row[] = [
  {
    rule: 'a script for another shell',
    needle: [
      'ad substitution',
      '[[: not found',
      'source: not found',
      'declare: not found',
      'shopt: not found',
      'edirection unexpected',
    ],
    pattern:
      /(?:^|\s)(\/?[\w./-]+): ?(?:line )?(\d+): ?(?:[Ss]yntax error: )?([Bb]ad substitution|\[\[: not found|(?:source|declare|shopt): not found|redirection unexpected.*)/,
    answer: (match) => ({
      what: `line ${match[2]} of ${match[1]}: ${match[3]}`,
      cause:
        'the script uses what only bash has, and another shell runs it: /bin/sh is dash on Debian and Ubuntu, and ash of busybox in an initramfs',
      fixes: [
        '#!/bin/bash in its first line, or bash SCRIPT; in an initramfs write it for sh (no [[ ]], no ${x//a/b}, . in place of source), or put bash into it',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'a file of the kernel',
    needle: ['/sys/kernel/', '/proc/config.gz', '/proc/kallsyms', '/proc/sys/', '/sys/fs/bpf'],
    pattern:
      /(?:\b(?:cat|ls|grep|zcat|zgrep|head|tail|cd|tee|bash|sh|zsh|dash|open|openat|stat|read|failed to (?:read|open)|cannot (?:access|open|stat)|could not (?:read|open))\b[^/]{0,30}|^-?)['"]?(\/(?:sys|proc)\/[\w./-]+?)['"]?: (No such file or directory|no such file or directory|Permission denied|permission denied|Operation not permitted|operation not permitted|Device or resource busy)\b/,
    answer: (match) => {
      const file = group(match, 1)
      const errno = errnoOf(group(match, 2))
      const [, missing] = FILES.find(([pattern]) => pattern.test(file)) ?? []
      if (missing === undefined || (errno === 'EBUSY' && !TAKEN.test(file))) return undefined
      const event = /\/events\/(\w+)(?:\/(\w+))?/.exec(file)
      if (event !== null && errno === 'ENOENT')
        return {
          ...(TRACEPOINT['ENOENT'] as Answer),
          what: event[2] === undefined ? `no events of a group ${event[1]}` : `no event ${event[1]}:${event[2]}`,
        }
      const known = errno === 'ENOENT' ? missing : errno === 'EBUSY' ? BUSY : DENIED
      return { ...known, what: `${file}: ${errno}` }
    },
  },
  {
    rule: 'a setting of the kernel',
    needle: ['sysctl: ', 'bpf_jit_'],
    pattern:
      /sysctl: (?:setting key "([\w.]+)"|permission denied on key '([\w.]+)'|cannot stat \/proc\/sys\/(\S+?)): ?(.*)|sysctl: permission denied on key [‘'"]?([\w./]+)/i,
    answer: (match) => {
      const key = (match[1] ?? match[2] ?? match[3] ?? match[5] ?? '').replaceAll('/', '.')
      if (
        !/^(?:kernel\.(?:perf|kptr|unprivileged|ftrace|kprobes|bpf|dmesg|sched|panic|yama)|net\.core\.bpf|debug\.)/.test(
          key,
        )
      )
        return undefined
      const missing = match[3] !== undefined
      const invalid = /Invalid argument/i.test(match[4] ?? '')
      return {
        what: `${key} cannot be set`,
        cause: missing
          ? `this kernel has no ${key}: its option is off, or it came later`
          : invalid
            ? `${key} does not take this value: it is outside of its range, or cannot be turned back (unprivileged_bpf_disabled=1, bpf_jit_enable with BPF_JIT_ALWAYS_ON, kptr_restrict under lockdown)`
            : `only root of the host may set ${key}; in a container /proc/sys is read-only`,
        fixes: ['sudo sysctl -w KEY=VALUE on the host; Documentation/admin-guide/sysctl has the values'],
        confidence: 'likely',
        sources: ['Documentation/admin-guide/sysctl'],
      }
    },
  },
  {
    rule: 'buffer between kernel and program',
    needle: ['perf buffer', 'ring buffer', 'perfbuf', 'ringbuf'],
    pattern:
      /(?:[Ff]ailed to|[Ee]rror|[Cc]ould not|[Cc]ouldn't|[Cc]annot) (?:poll(?:ing)?|open|create|setup|set up|creating|opening|consume|consuming)(?: the)? (perf|ring) ?buf(?:fer)?s?: (.+)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 2))
      if (errno === undefined) return undefined
      const ring = match[1] === 'ring'
      const answers: Readonly<Record<string, Answer>> = {
        EINTR: {
          cause: 'a signal (^C) interrupted the wait for events: this is how such programs end',
          fixes: ['nothing; the program should leave its loop for -EINTR without a message'],
        },
        EINVAL: {
          cause: ring
            ? 'the map is no ring buffer, its size is no power of two of pages, or the kernel has no ring buffers (before 5.8)'
            : 'the number of pages is no power of two, or the map is no perf event array',
          fixes: ring
            ? ['BPF_MAP_TYPE_RINGBUF with max_entries = 256 * 1024; a perf buffer before 5.8']
            : ['8, 16, 64, ... pages; BPF_MAP_TYPE_PERF_EVENT_ARRAY with key and value of 4 bytes'],
        },
        ENOMEM: {
          cause: 'no memory for the buffers, or the limit of locked memory is reached',
          fixes: ['fewer pages; ulimit -l unlimited; the limit of the cgroup'],
        },
        EMFILE: {
          cause: 'a perf buffer opens a file for each CPU, and the limit is reached',
          fixes: ['ulimit -n 65536'],
        },
        EACCES: {
          cause: 'kernel.perf_event_paranoid or a missing capability (CAP_PERFMON) forbids it',
          fixes: ['run it as root'],
        },
        EPERM: {
          cause: 'the process may not lock so much memory or open such events',
          fixes: ['run it as root; ulimit -l unlimited'],
        },
        ENODEV: {
          cause: 'a CPU went offline or was never there',
          fixes: ['a newer libbpf, which skips CPUs that are offline'],
        },
      }
      const known = answers[errno]
      return (
        known && {
          ...known,
          what: `${match[1]} buffer: ${errno}`,
          confidence: 'likely',
          sources: ['libbpf.c: perf_buffer__new', 'ringbuf.c of libbpf'],
        }
      )
    },
  },
  {
    rule: 'map takes no more',
    needle: ['update', 'lookup', 'delete'],
    pattern:
      /(?:bpf_map_(update|lookup|delete)_elem\w*(?:\(\))?(?: failed)?|map (update|lookup|delete)(?: failed)?|^(update|lookup|delete)(?: failed)?): (?:key too big for map: |.{0,60}?: )?(argument list too long|Argument list too long|E2BIG|key does not exist|no such file or directory|No such file or directory|ENOENT|file exists|File exists|key already exists|[Ii]nvalid argument|EINVAL)\b/,
    answer: (match) => {
      const text = group(match, 4).toLowerCase()
      const full = /e2big|too long/.test(text)
      const exists = text.endsWith('exists')
      if (/invalid|einval/.test(text))
        return {
          what: `${match[1] ?? match[2] ?? match[3]} of a map: EINVAL`,
          cause:
            'the kernel does not take this key, value or flag for a map of this type: a program array wants the file descriptor of a program that is loaded, a map of maps that of a map like its template, an array no BPF_NOEXIST, a device map an index of an interface',
          fixes: [
            'load the program first and check that its descriptor is not negative; value_size 4 for descriptors; flags BPF_ANY (0)',
            'the program of a program array must be of the type (and have the JIT state) of the first one in it',
          ],
          confidence: 'likely',
          sources: ['kernel/bpf/arraymap.c: fd_array_map_update_elem', 'kernel/bpf/map_in_map.c'],
        }
      return {
        what: `${match[1] ?? match[2] ?? match[3]} of a map: ${full ? 'E2BIG' : exists ? 'EEXIST' : 'ENOENT'}`,
        cause: full
          ? 'the map is full (max_entries keys), or the index is outside of an array'
          : exists
            ? 'BPF_NOEXIST was asked for and the key is there'
            : 'the map has no such key: the program has not stored it (yet), or key bytes differ (padding that is not zero, the other byte order)',
        fixes: full
          ? ['a larger max_entries; delete keys that are done; BPF_MAP_TYPE_LRU_HASH drops old ones by itself']
          : ['bpftool map dump name NAME shows the keys; memset the key before its fields are set'],
        confidence: 'likely',
        sources: ['kernel/bpf/hashtab.c', 'kernel/bpf/arraymap.c'],
      }
    },
  },
  {
    rule: 'events were lost',
    needle: ['ost ', 'LOST'],
    pattern: /^(?:\S+ )?(?:[Ll]ost|LOST|Possibly lost) (\d+) (?:events|samples|records)(?: on CPU ?#?(\d+))?\b/,
    key: () => '',
    cause: 'the buffer between kernel and program was full: the program read it more slowly than events came',
    fixes: [
      'more pages (page_cnt, --perf-pages), a ring buffer (5.8) instead of a perf buffer; count in the kernel (maps) instead of sending each event; a filter',
    ],
    sources: ['libbpf.c: perf_buffer_lost_fn'],
  },
  {
    rule: 'target architecture of the program',
    needle: ['__TARGET_ARCH_', 'Must specify a BPF target arch'],
    pattern: /.*Must specify a BPF target arch via __TARGET_ARCH_xxx.*/,
    key: () => '',
    cause:
      'PT_REGS_PARM1() and BPF_KPROBE() differ between architectures, and the compiler was not told which one is meant',
    fixes: ['clang -D__TARGET_ARCH_x86 (arm64, riscv, powerpc, s390, ...) -target bpf'],
    sources: ['bpf_tracing.h of libbpf'],
  },
  {
    rule: 'headers and compiler do not fit',
    needle: ['asm goto', "'=@cc", 'cannot mangle this', 'version of Clang is too old', 'Please fix <asm/byteorder.h>'],
    pattern:
      /error: .*(?:asm goto|invalid output constraint '=@cc\w*' in asm|cannot mangle this built-in type|version of Clang is too old|Please fix <asm\/byteorder\.h>).*/i,
    cause:
      'the headers of this kernel use something that this clang (or the bcc and bpftrace with it) does not know, or are included without the macros of the build of the kernel',
    fixes: [
      'a newer clang and bcc; BPF programs with vmlinux.h and CO-RE need no headers of the kernel at all',
      '#define asm_volatile_goto(x...) asm volatile("invalid use of asm_volatile_goto") before the headers (asm goto), -D__KERNEL__ and include/linux/kconfig.h as samples/bpf/Makefile has it',
    ],
    confidence: 'likely',
    sources: ['samples/bpf/asm_goto_workaround.h of the kernel'],
  },
]
