/**
 * Agents that load BPF programs by themselves: Falco and sysdig, Tetragon, Tracee. What they print in their own
 * words; what libbpf and cilium/ebpf print inside of them has its own tables.
 */
import { SET_BPF } from './errno-attach.ts'
import { PROG_LOAD } from './errno-load.ts'
import { errnoOf } from './errno.ts'
import type { PrintfKind } from './printf.ts'
import { group, type Row } from './row.ts'

const LIBSCAP = 'load_single_prog() of scap_bpf.c (falcosecurity/libs up to 0.20)'

export const AGENT_ROWS: readonly Row[] = [
  {
    rule: 'libpman: modern probe of Falco',
    needle: 'libpman: ',
    pattern: /libpman: (?!failed to (?:load|open) BPF object)(.{3,200}?) \(errno: (\d+) \| message: ([^)]*)\)/,
    answer: (match) => {
      const words = group(match, 1)
      const known = PROG_LOAD[errnoOf(group(match, 2)) ?? '']
      const missing = /not supported|kernel .*support/i.test(words)
      return {
        what: `libpman: ${words}: ${errnoOf(group(match, 2)) ?? group(match, 3)}`,
        cause: missing
          ? 'this kernel lacks what the modern probe of Falco is made of: programs of the type tracing (tp_btf) with BTF, and ring buffers, which came with 5.8 and need CONFIG_DEBUG_INFO_BTF'
          : (known?.cause ?? 'the modern probe of Falco could not be set up; the error stands in the message'),
        fixes: [
          ...(missing ? [] : (known?.fixes ?? [])),
          'ls -l /sys/kernel/btf/vmlinux; uname -r: 5.8 or later with BTF for modern_ebpf; else driver.kind=kmod (or ebpf in older releases)',
          'libbpf lines above it, with the log of the verifier, say more: falco -o libs_logger.enabled=true -o libs_logger.severity=debug',
        ],
        confidence: 'likely',
        sources: ['userspace/libpman of falcosecurity/libs'],
      }
    },
  },
  {
    rule: 'BPF runs without its compiler',
    needle: ["BPF doesn't have JIT enabled"],
    pattern: /BPF doesn't have JIT enabled.*/,
    key: () => '',
    cause:
      'the kernel interprets BPF programs, or was built without CONFIG_BPF_JIT (or net.core.bpf_jit_enable is 0): programs run several times slower, and nothing else is wrong',
    fixes: ['sysctl net.core.bpf_jit_enable=1; a kernel with CONFIG_BPF_JIT=y'],
    sources: ['Documentation/admin-guide/sysctl/net.rst'],
  },
  {
    rule: 'program of Falco is refused',
    needle: 'bpf_load_program() e',
    pattern: /bpf_load_program\(\) (?:err=(\d+) )?event=(\S*?)(?=:? |:?$)/,
    key: () => '',
    answer: (match) => {
      const errno = match[1] === undefined ? undefined : errnoOf(match[1])
      const known = errno === undefined || errno === 'EACCES' ? undefined : PROG_LOAD[errno]
      const what = `libscap cannot load ${group(match, 2)}${errno === undefined ? '' : `: ${errno}`}`
      return known !== undefined && known.cause !== ''
        ? { ...known, what, confidence: 'likely' }
        : {
            what,
            cause:
              'the verifier refused this program. The "Operation not permitted" behind it says nothing: libscap prints EPERM for whatever the kernel answered',
            fixes: [
              'read the log between BEGIN and END PROG LOAD LOG: its last line but one is the reason',
              'the modern probe (modern_ebpf, since 5.8) comes with BTF and one build for all kernels; the driver of a newer Falco is made for newer kernels and compilers',
              'as root of the host, with CAP_BPF and CAP_PERFMON (CAP_SYS_ADMIN before 5.8), where there is no log at all',
            ],
            confidence: 'likely',
            sources: [LIBSCAP],
          }
    },
  },
  {
    rule: 'event and program do not fit',
    needle: 'PERF_EVENT_IOC_SET_BPF: Errno',
    pattern: /PERF_EVENT_IOC_SET_BPF: Errno (\d+)/,
    answer: (match) => {
      const known = SET_BPF[errnoOf(group(match, 1)) ?? '']
      return known && { ...known, what: `the program cannot be connected to its event: ${errnoOf(group(match, 1))}` }
    },
  },
]

export const AGENT_KINDS: readonly PrintfKind[] = [
  {
    rule: 'Falco: driver',
    formats: `
error opening device %s. Make sure you have root credentials and that the %s module is loaded
error mapping the ring buffer for device %s
Unable to find a prebuilt falco %s
Unable to find a pre-built driver
Unable to download a driver
can't open BPF probe '%s'
can't open BPF probe %s
failed to load BPF object (errno: %d | message: %s)
failed to open BPF object (errno: %d | message: %s)
unable to open the BPF probe
Detected an unsupported target system, please get in touch with the Falco community`,
    cause:
      'Falco has no driver for the running kernel: no prebuilt one for this version and distribution, and none could be built here',
    fixes: [
      'driver.kind=modern_ebpf: needs no driver of its own, only 5.8 with BTF (/sys/kernel/btf/vmlinux) and CAP_BPF, CAP_PERFMON',
      'install the headers of exactly this kernel (linux-headers-$(uname -r)) and run falcoctl driver install; in a container mount /boot, /usr and /lib/modules of the host',
    ],
    confidence: 'likely',
    sources: ['userspace/libscap of falcosecurity/libs'],
  },
  {
    rule: 'program at a cgroup',
    formats: `
failed to attach (legacy) program %s to cgroupv2 %s
failed to attach program %s to cgroup %s
can't query bpf programs attached to %s
can't open cgroup %s
no valid cgroup2 mount found`,
    cause:
      'programs for cgroups need the unified hierarchy (cgroup v2): it is not mounted, the path is one of v1, the kernel lacks CONFIG_CGROUP_BPF, or it does not know an attach type that a newer tool asks about (ENXIO, EINVAL)',
    fixes: [
      'mount | grep cgroup2; systemd.unified_cgroup_hierarchy=1 on the command line of the kernel; zgrep CGROUP_BPF /proc/config.gz',
      'in a container: --cgroupns=host, and /sys/fs/cgroup of the host',
    ],
    errors: SET_BPF,
    confidence: 'likely',
    sources: ['kernel/bpf/cgroup.c'],
  },
  {
    rule: 'symbols of the kernel cannot be read',
    formats: `
ksyms.KernelSymbols: no symbols found
no kernel symbols found
kernel symbols addresses are not available
kernel symbols uninitialized
failed to get kernel symbols
failed to parse kernel symbols`,
    cause:
      'the program reads /proc/kallsyms to check its functions, and finds no names or only zeros there: it runs without CAP_SYSLOG, kernel.kptr_restrict is 2, or lockdown (confidentiality) hides the addresses',
    fixes: [
      'head -3 /proc/kallsyms as the user of the program: zeros mean that addresses are hidden; sysctl kernel.kptr_restrict=1 and CAP_SYSLOG',
      'CONFIG_KALLSYMS=y and CONFIG_KALLSYMS_ALL=y; in a container /proc must be that of the host, not masked',
    ],
    confidence: 'likely',
    sources: ['pkg/ksyms of cilium/tetragon', 'kallsyms_show_value() of kernel/ksyms_common.c'],
  },
  {
    rule: 'Tetragon: hook of a policy',
    formats: `
kprobe spec validation failed: proto for call %s not found
kprobe spec validation failed: %s
lsm hook "%s" not found in BTF%s
hook "%s" has no BTF type FuncProto
can't override '%s' function with kprobe_multi
no override helper or mod_ret support: cannot load enforcer
override action not supported
sigkill action requires kernel %s
loader event are not supported on running kernel
oes you kernel support the bpf LSM?
Unable to load simple LSM BPF program%s`,
    cause:
      'the policy names a function or an action that this kernel does not have: Tetragon compares hooks and arguments with the BTF, and overriding needs CONFIG_BPF_KPROBE_OVERRIDE and functions of ALLOW_ERROR_INJECTION',
    fixes: [
      'bpftool btf dump file /sys/kernel/btf/vmlinux | grep NAME; a system call is sys_NAME with syscall: true',
      'zgrep -E "BPF_KPROBE_OVERRIDE|BPF_LSM|FUNCTION_ERROR_INJECTION" /proc/config.gz; for LSM also lsm=...,bpf on the command line of the kernel',
    ],
    confidence: 'likely',
    sources: ['pkg/sensors/tracing and pkg/btf of cilium/tetragon'],
  },
  {
    rule: 'no BTF in the kernel',
    formats: `
Tracee needs to build its non-CORE eBPF object!
You need to bind mount /usr/src and /lib/modules.
BTF is not available; core BPF cannot be used`,
    cause:
      'the agent found no BTF of the running kernel, and wants to compile its program against the headers of this kernel instead, which it cannot see',
    fixes: [
      'a kernel with CONFIG_DEBUG_INFO_BTF=y (ls /sys/kernel/btf/vmlinux), or BTF of this kernel from BTFHub',
      'install the headers of exactly this kernel, and mount /usr/src and /lib/modules of the host into the container',
    ],
    confidence: 'likely',
    sources: ['Tracee up to 0.11'],
  },
  {
    rule: 'no BTF in the kernel',
    formats: `
kernel version "%s" BTF search failed%s
BTF discovery: candidate btf file does not exist
aborting, could not find BTF
BPF: checking BPF resources failed`,
    cause: 'the agent found no BTF of the running kernel where it looked (/sys/kernel/btf/vmlinux, its own archive)',
    fixes: [
      'a kernel with CONFIG_DEBUG_INFO_BTF=y; or --btf FILE with BTF of exactly this kernel (BTFHub has those of distributions)',
      'in a container /sys of the host has to be mounted',
    ],
    confidence: 'likely',
    sources: ['pkg/btf of cilium/tetragon'],
  },
]
