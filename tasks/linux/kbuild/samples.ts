/**
 * The BPF samples of a kernel tree (samples/bpf): which a tree has, how its own build system is asked for one of them
 * alone, and what they need in the guest. Their flags are the tree's own (include order, asm_goto_workaround.h,
 * HAVE_ATTR_TEST=0): they differ from version to version, and samples/bpf/Makefile is the only place that knows them.
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

/** What a samples/bpf/Makefile builds: programs, and objects by the list that they are in. */
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
 * How to build one sample of a tree; otherwise the names of those that could be built. `hostprogs-y` and `always`
 * became `tprogs-y` and `always-y` in 5.6. From 6.2 on samples become .bpf.c files with another build; what still is a
 * pair of _user.c and _kern.c works.
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

/** What `NAME-objs` of each sample is in the Makefile, as it is written there. */
function objectLists(makefile: string): [name: string, objects: string][] {
  return makefile
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const [, name, objects] = /^(\S+)-objs\s*:?=\s*(.*)$/.exec(line) ?? []
      return name === undefined || objects === undefined ? [] : [[name, objects] as [string, string]]
    })
}

/** Headers of samples/bpf, and the object that a program which includes one is linked with. */
const LINKED_BY_HEADER: readonly (readonly [header: string, object: RegExp])[] = [
  ['bpf_load.h', /\bbpf_load\.o\b/],
  ['trace_helpers.h', /TRACE_HELPERS|\btrace_helpers\.o\b/],
  ['cgroup_helpers.h', /CGROUP_HELPERS|\bcgroup_helpers\.o\b/],
]

/**
 * Headers of older samples by their bare names, where a tree may have them, and what took their place in later ones.
 */
export const MOVED_HEADERS: readonly {
  readonly name: string
  readonly places: readonly string[]
  readonly now: string
}[] = [
  {
    // As in 5.4; 5.10 has it with libbpf, and PT_REGS_* in a header of their own.
    name: 'bpf_helpers.h',
    places: ['samples/bpf', 'tools/testing/selftests/bpf'],
    now: '#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_tracing.h>\n',
  },
  {
    name: 'bpf_endian.h',
    places: ['samples/bpf', 'tools/testing/selftests/bpf'],
    now: '#include <bpf/bpf_endian.h>\n',
  },
  {
    // Found by its bare name in 5.4, whose samples look into tools/lib/bpf; those of 5.10 do not.
    name: 'libbpf.h',
    places: ['samples/bpf'],
    now: '#include <bpf/bpf.h>\n#include <bpf/libbpf.h>\n',
  },
]

/** Whether a program gets read_trace_pipe() from trace_helpers.h, as in 5.10: in 5.4 it is in bpf_load.h. */
export const wantsTraceHelpers = (user: string, bpfLoad: string): boolean =>
  /\bread_trace_pipe\s*\(/.test(user) && !bpfLoad.includes('read_trace_pipe')

/**
 * How to build a program of one's own, NAME_user.c and NAME_kern.c, as if it were a sample of the tree: it is linked as
 * that sample of the tree is which includes the same headers, since what is linked with bpf_load.h differs from version
 * to version.
 * @param included the names that its user program includes
 * @returns the header that no sample of this tree is linked for: 5.10 is the last that has bpf_load.h
 */
export function ownSampleBuild(
  makefile: string,
  name: string,
  included: ReadonlySet<string>,
): SampleBuild | { readonly lacks: string } {
  const lists = listsOf(makefile)
  const programs = lists.has('tprogs-y') ? 'tprogs-y' : 'hostprogs-y'
  const always = lists.has('always-y') ? 'always-y' : 'always'
  const known = objectLists(makefile).filter(([sample, objects]) => objects.includes(`${sample}_user.o`))
  const linksWhatIsIncluded = (objects: string) =>
    LINKED_BY_HEADER.every(([header, object]) => object.test(objects) || !included.has(header))
  // The one with the fewest objects: a sample may be linked with more than this program needs.
  const [like] = known
    .filter(([, objects]) => linksWhatIsIncluded(objects))
    .toSorted(([, one], [, other]) => one.split(/\s+/).length - other.split(/\s+/).length)
  if (like === undefined) {
    const lacks = ([header, object]: (typeof LINKED_BY_HEADER)[number]) =>
      included.has(header) && !known.some(([, objects]) => object.test(objects))
    return { lacks: LINKED_BY_HEADER.find(lacks)?.[0] ?? '' }
  }
  const [sample, objects] = like
  return {
    assignments: {
      [programs]: name,
      [always]: [name, `${name}_kern.o`].map((one) => `samples/bpf/${one}`).join(' '),
      [`${name}-objs`]: objects.replace(`${sample}_user.o`, `${name}_user.o`),
      // A header that the program does not name: see `wantsTraceHelpers`.
      ...(included.has('trace_helpers.h') && {
        [`${programs === 'tprogs-y' ? 'TPROG' : 'HOST'}CFLAGS_${name}_user.o`]: '-include trace_helpers.h',
      }),
      // By program, as in 4.15; later Makefiles add it for all.
      [`HOSTLOADLIBES_${name}`]: '-lelf',
    },
    program: name,
    object: `${name}_kern.o`,
  }
}

/** Of include/linux/stringify.h. */
const STRINGIFY = '#define __stringify(x) #x\n'

/** Of a text that chooses by architecture, what is for ours. */
const ofX86 = (text: string): string =>
  text.replaceAll(/^#ifdef __x86_64__\n(.*?)^#(?:elif|else)\b.*?^#endif.*$/gms, '$1')

/**
 * Texts of the headers that name what a sample hooks: SYSCALL() of samples/bpf/trace_common.h. @param read a file of
 * the tree
 */
export const sampleHeaders = (read: (path: string) => string | undefined): string[] => [
  STRINGIFY,
  ofX86(read('samples/bpf/trace_common.h') ?? ''),
]
