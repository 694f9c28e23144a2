/** bcc: libbcc's own messages and those of its Python module. */
import { errnoOf } from './errno.ts'
import { KPROBE, TRACEPOINT, UPROBE } from './errno-attach.ts'
import { KPROBE_EVENTS, writeError } from './errno-files.ts'
import { MAP_CREATE, PROG_LOAD } from './errno-load.ts'
import { group, type Answer, type Row } from './row.ts'

const NOT_THERE: Answer = {
  cause:
    'the function does not exist in this kernel under that name, is inlined, notrace, or of a module that is not loaded; bcc only knows that the probe cannot be created',
  fixes: [
    'grep -w FUNCTION /proc/kallsyms, and /sys/kernel/tracing/available_filter_functions',
    'BPF.get_kprobe_functions(b"pattern") lists candidates; a tool that is older than the kernel may name functions that were renamed: use the bcc of a newer release',
    'system calls: b.get_syscall_fnname("read")',
  ],
  confidence: 'likely',
  otherwise: 'dmesg | grep trace_kprobe names functions that are notrace',
  sources: ['bpf_attach_probe() of libbpf.c in bcc'],
}

const NO_PLACE: Answer = {
  cause:
    'the uprobe has no place in the file: the path is not what the loader sees (another mount namespace, a container), the file has no such symbol, or the kernel has no uprobes',
  fixes: [
    'readelf -sW FILE | grep NAME: a stripped file has no symbol to find it by, addr= takes an address',
    'give the whole path as the loader sees it: /proc/PID/root/... for a file of a container',
    'dmesg | tail; zgrep UPROBE /proc/config.gz (CONFIG_UPROBE_EVENTS)',
  ],
  confidence: 'likely',
  sources: ['bpf_attach_probe() of libbpf.c in bcc'],
}

const errnoAnswer = (places: typeof KPROBE, errno: string, what: string): Answer | undefined =>
  places[errno] && { ...places[errno], what: `${what} refused: ${errno}` }

export const BCC_ROWS: readonly Row[] = [
  {
    rule: 'probe refused',
    needle: ['probe entry may not exist', 'cannot attach '],
    pattern: /cannot attach (k(?:ret)?probe|u(?:ret)?probe|\w+), (probe entry may not exist|.+)/,
    answer: (match) => {
      const inUser = group(match, 1).startsWith('u')
      if (match[2] === 'probe entry may not exist') return inUser ? NO_PLACE : NOT_THERE
      const errno = errnoOf(group(match, 2))
      return errno === undefined ? undefined : errnoAnswer(inUser ? UPROBE : KPROBE, errno, group(match, 1))
    },
  },
  {
    rule: 'probe refused',
    needle: 'Failed to attach BPF program',
    pattern: /Failed to attach BPF program b?'?([\w.]+)'? to (kprobe|kretprobe|tracepoint) b?'?([\w.:/]*)'?(.*)/,
    answer: (match) => {
      if (match[3] === '')
        return {
          what: `${group(match, 1)} cannot be attached: no function matches`,
          cause:
            'the name of the function is empty: attach_kprobe() was called with a pattern (event_re=), and no function that can be probed matches it',
          fixes: [
            'BPF.get_kprobe_functions(b"PATTERN") lists what a pattern matches; patterns are regular expressions',
            'grep PATTERN /sys/kernel/tracing/available_filter_functions: a function that is inlined or renamed is not in it',
          ],
          confidence: 'likely',
          sources: ['attach_kprobe() of bcc/__init__.py'],
        }
      const what = `${group(match, 1)} cannot be attached to the ${group(match, 2)} ${group(match, 3)}`
      if (match[2] === 'tracepoint') return { ...(TRACEPOINT['ENOENT'] as Answer), what }
      return { ...NOT_THERE, what }
    },
  },
  {
    rule: 'probe refused',
    needle: ['Failed to attach BPF to k', 'kprobe_events', 'uprobe_events', 'events/'],
    pattern:
      /Failed to attach BPF to k(?:ret)?probe|(?:\w+: )?(?:open|write)\((\S*[ku]probe_events|\S*\/events\/(\S+)\/id)[^)]*\): (.+)/,
    answer: (match) => {
      if (match[1] === undefined) return NOT_THERE
      const errno = errnoOf(group(match, 3)) ?? ''
      if (match[2] !== undefined)
        return TRACEPOINT[errno] && { ...TRACEPOINT[errno], what: `no event ${match[2]}: ${errno}` }
      const known = /\bopen\(/.test(match[0]) ? writeError('/sys/kernel/tracing/', errno) : KPROBE_EVENTS[errno]
      return known && { ...known, what: `${match[1]}: ${errno}` }
    },
  },
  {
    rule: 'program cannot be attached',
    needle: 'Failed to attach BPF ',
    pattern:
      /Failed to attach BPF (?:to (?:entry|exit|fmod_ret) kernel func|to (?:raw tracepoint|uprobe|uretprobe|perf (?:raw )?event)|to device \S+|function with attach_type)(.*)|Failed to attach LSM/,
    cause: 'the kernel has no such function in its BTF, no such event, or refuses the program there',
    fixes: [
      'bpftool btf dump file /sys/kernel/btf/vmlinux | grep FUNCTION',
      'use a kprobe where fentry (kfunc) is not possible',
    ],
    confidence: 'possible',
  },
  {
    rule: 'headers of the kernel not found',
    needle: ['Unable to find kernel headers', 'chdir(/lib/modules', 'modprobe: FATAL: Module kheaders', 'kheaders'],
    pattern:
      /Unable to find kernel headers.*|chdir\(\/lib\/modules\/\S+\/build\): No such file or directory|modprobe: FATAL: Module kheaders not found.*/,
    key: () => '',
    cause:
      'bcc compiles at run time against the headers of the running kernel: neither /lib/modules/$(uname -r)/build nor /sys/kernel/kheaders.tar.xz is there',
    fixes: [
      'apt install linux-headers-$(uname -r) (dnf install kernel-devel-$(uname -r)); after an update of the kernel reboot first',
      'your own kernel: make modules_install leaves the link `build`, or CONFIG_IKHEADERS=y (5.2); BCC_KERNEL_SOURCE names another place',
      'in a container mount /lib/modules and /usr/src of the host',
    ],
    sources: ['kbuild_helper.cc and libbcc of bcc'],
  },
  {
    rule: 'headers of the kernel not found',
    needle: 'include/linux/kconfig.h',
    pattern: /fatal error: '\S*include\/linux\/kconfig\.h' file not found/,
    key: () => '',
    cause:
      'bcc found a directory of headers that has none in it: an unpacked /tmp/kheaders-VERSION that is incomplete, or a link `build` that leads nowhere',
    fixes: ['rm -r /tmp/kheaders-$(uname -r), and run it again', 'ls -l /lib/modules/$(uname -r)/build'],
    confidence: 'likely',
    sources: ['kbuild_helper.cc of bcc'],
  },
  {
    rule: 'bcc cannot compile the program',
    needle: ['Failed to compile BPF'],
    pattern: /Failed to compile BPF (?:module|text|program).*/,
    cause:
      "clang's errors stand above; often bcc is older than the headers of the kernel, or the tool than the kernel's structures",
    fixes: [
      'read the first error above it',
      'a newer bcc; or the libbpf version of the tool (libbpf-tools), which needs no headers',
    ],
    confidence: 'possible',
  },
  {
    rule: 'bcc: headers newer than bcc',
    needle: [': error: '],
    pattern:
      /(virtual\/include\/bcc|\/usr\/src\/linux|\/lib\/modules\/|^\s*(?:\.\/)?(?:include|arch)\/)\S*: error: (.*)/,
    key: () => '',
    answer: (match, { bcc }) => {
      const sure =
        /incomplete (?:definition of )?type|unknown type name|undeclared|redefinition of '|incomplete type 'enum bpf/
      // The headers of a kernel are compiled by its own build, too: only what bcc prints, or types that its bpf.h
      // lacks.
      if (!bcc && !(/bpf/i.test(match[0]) && sure.test(group(match, 2)))) return undefined
      return {
        cause:
          'bcc compiles the headers of the running kernel with the clang and the bpf.h that it brings along, and these headers are newer than both (or need flags that bcc does not pass)',
        fixes: [
          'a newer bcc, or that of the distribution which also made the kernel',
          'the libbpf version of the tool (libbpf-tools), which needs no headers',
        ],
        confidence: bcc ? 'likely' : 'possible',
        sources: ['src/cc/frontends/clang of bcc'],
      }
    },
  },
  {
    rule: 'program cannot be loaded',
    needle: ['bpf: Failed to load program', 'Failed to load BPF program'],
    pattern: /bpf: Failed to load program: (.+)|Failed to load BPF program b?'?(\S+?)'?: (.+)/,
    answer: (match) => {
      const errno = errnoOf(match[1] ?? group(match, 3))
      if (errno === undefined) return undefined
      return PROG_LOAD[errno] && { ...PROG_LOAD[errno], what: `${match[2] ?? 'a program'} cannot be loaded: ${errno}` }
    },
  },
  {
    rule: 'map cannot be created',
    needle: 'could not open bpf map',
    pattern: /could not open bpf map: (?:(\S+), error: )?(.+)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 2)) ?? ''
      return MAP_CREATE[errno] && { ...MAP_CREATE[errno], what: `map ${match[1] ?? ''}: ${errno}` }
    },
  },
  {
    rule: 'helper is newer than the kernel',
    needle: 'HINT: bpf_',
    pattern: /HINT: (bpf_\w+) missing \(added in Linux (\d+\.\d+)\)/,
    answer: (match) => ({
      cause: `the program calls ${group(match, 1)}, which came with Linux ${group(match, 2)}`,
      fixes: [`a kernel of ${group(match, 2)} or later, or another way to the same value`],
    }),
  },
  {
    rule: 'bcc cannot rewrite an expression',
    needle: ['error: '],
    pattern:
      /error: (cannot (?:call non-static helper function|use (?:builtin|map function) inside a macro|have macro at the end.*)|bpf_table \S+ failed to open|arguments to BPF program definition must be named|too many arguments, bcc only supports in-register parameters|internal error: MemberLoc is invalid.*|invalid bpf_table operation .*|get_stackid only available.*)/,
    answer: (match) =>
      /failed to open/.test(group(match, 1))
        ? { ...(MAP_CREATE['EPERM'] as Answer), what: group(match, 1), confidence: 'possible' }
        : {
            cause: 'bcc rewrites accesses to kernel memory and maps in the C text; the form of this one is beyond it',
            fixes: [
              'make functions static inline, name all parameters, take map calls out of macros; bpf_probe_read_kernel() by hand',
            ],
            confidence: 'likely',
            sources: ['b_frontend_action.cc of bcc'],
          },
  },
  {
    rule: 'samples were lost',
    needle: 'Possibly lost',
    pattern: /Possibly lost (\d+) samples?/,
    key: () => '',
    cause: 'the perf buffer was full: the program in user space reads slower than the probe writes',
    fixes: ['open_perf_buffer(..., page_cnt=256), count or filter in the kernel, or a ring buffer (5.8)'],
  },
]
