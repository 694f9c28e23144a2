/**
 * The BPF samples of a kernel tree (samples/bpf): which a tree has, how its own build system is asked for one of them alone, and what
 * they need in the guest. Their flags are the tree's own (include order, asm_goto_workaround.h, HAVE_ATTR_TEST=0): they differ from
 * version to version, and samples/bpf/Makefile is the only place that knows them.
 */

/** What a sample needs beyond a kernel that is configured for tracing, for the message when it does not work. */
const NEEDS: Readonly<Record<string, string>> = {
  cpustat:
    'cpustat needs frequency scaling (/sys/devices/system/cpu/cpu0/cpufreq), which the CPUs of a QEMU guest do not have',
  ibumad: 'ibumad needs the tracepoints of ib_umad: CONFIG_INFINIBAND_USER_MAD=y',
  syscall_tp:
    'syscall_tp needs CONFIG_FTRACE_SYSCALLS=y (kernel/config/tracing.config has it); that of 5.4 counts open() alone, and a C library of today (glibc >= 2.26) opens by openat(): 5.10 counts both',
  tracex1:
    'tracex1 hooks __netif_receive_skb_core; where the compiler made a part of it (.constprop.0), keep it whole: `expose: [{ function: __netif_receive_skb_core, as: [noinline] }]`',
}

export const needsOf = (sample: string): string =>
  NEEDS[sample] ?? 'its own words are above; `lab exec` runs it by hand'

const WORDS = /^\s*(\S+)\s*[:+]?=\s*(.*)$/

/** What a samples/bpf/Makefile builds: programs, and objects by the list that they stand in. */
function listsOf(makefile: string): Map<string, Set<string>> {
  const lists = new Map<string, Set<string>>()
  for (const line of makefile.replaceAll(/\\\n/g, ' ').split('\n')) {
    const [, list = '', words = ''] = WORDS.exec(line) ?? []
    if (!/^(hostprogs-y|tprogs-y|always|always-y)$/.test(list)) continue
    const known = lists.get(list) ?? new Set()
    for (const word of words.split(/\s+/)) known.add(word)
    lists.set(list, known)
  }
  return lists
}

export interface SampleBuild {
  /** Assignments for make's command line: the tree's lists, with this sample alone. */
  readonly assignments: Readonly<Record<string, string>>
  /** Files that it makes, below samples/bpf. */
  readonly program: string
  readonly object: string
}

/**
 * How to build one sample of a tree; otherwise the names of those that could be built. `hostprogs-y` and `always` became `tprogs-y` and
 * `always-y` in 5.6. From 6.2 on samples become .bpf.c files with another build; what still is a pair of _user.c and _kern.c works.
 */
export function sampleBuild(makefile: string, sample: string): SampleBuild | { readonly known: readonly string[] } {
  const lists = listsOf(makefile)
  const programs = lists.has('tprogs-y') ? 'tprogs-y' : 'hostprogs-y'
  const always = lists.has('always-y') ? 'always-y' : 'always'
  const object = (name: string) => `${name}_kern.o`
  const known = [...(lists.get(programs) ?? [])].filter((name) => lists.get(always)?.has(object(name)))
  if (!known.includes(sample)) return { known }
  return {
    assignments: {
      [programs]: sample,
      // An assignment on the command line is taken as it is; the tree would have added the directory.
      [always]: [sample, object(sample)].map((name) => `samples/bpf/${name}`).join(' '),
    },
    program: sample,
    object: object(sample),
  }
}

/** Of include/linux/stringify.h. */
const STRINGIFY = '#define __stringify(x) #x\n'

/** Of a text that chooses by architecture, what is for ours. */
const ofX86 = (text: string): string =>
  text.replaceAll(/^#ifdef __x86_64__\n(.*?)^#(?:elif|else)\b.*?^#endif.*$/gms, '$1')

/** Texts of the headers that name what a sample hooks: SYSCALL() of samples/bpf/trace_common.h. @param read a file of the tree */
export const sampleHeaders = (read: (path: string) => string | undefined): string[] => [
  STRINGIFY,
  ofX86(read('samples/bpf/trace_common.h') ?? ''),
]
