/** What the kernel or its distribution does not allow: lockdown, capabilities, paranoid settings, locked memory. */
import { errnoOf } from './errno.ts'
import { BPF_PERMISSION } from './errno-load.ts'
import { PERF_OPEN } from './errno-perf.ts'
import { group, type Answer, type Row } from './row.ts'

/**
 * security/lockdown: what each reason means for tracing. The text is that of lockdown_reasons in security/security.c.
 */
const LOCKED: readonly (readonly [reason: RegExp, what: string, level: string])[] = [
  [
    /use of bpf to read kernel RAM/i,
    'BPF programs may not read memory of the kernel (bpf_probe_read and its kin)',
    'confidentiality',
  ],
  [
    /use of bpf to write user RAM/i,
    'BPF programs may not write memory of user space (bpf_probe_write_user)',
    'integrity',
  ],
  [/use of kprobes/i, 'kprobes are refused', 'confidentiality'],
  [/use of tracefs/i, 'tracefs cannot be opened', 'confidentiality'],
  [/unsafe use of perf/i, 'perf may not sample the kernel', 'confidentiality'],
  [/debugfs access/i, 'debugfs cannot be opened', 'integrity'],
  [/unsigned module loading/i, 'modules without a signature are refused', 'integrity'],
  [/\/proc\/kcore access|\/dev\/mem,kmem,port/i, 'the memory of the kernel cannot be read', 'confidentiality'],
  [/kexec of unsigned images/i, 'kexec takes signed images only', 'integrity'],
  [/use of kgdb\/kdb/i, 'the kernel debugger is refused', 'integrity'],
  [/xmon/i, 'the kernel debugger is refused', 'integrity'],
]

/** The limit is the same, whether perf or another program reports it. */
export const PERF_BUFFERS: Answer = {
  cause:
    'the buffers of perf events are locked memory: each user may have perf_event_mlock_kb (516 KB for each CPU) and RLIMIT_MEMLOCK on top, and the program wants more',
  fixes: ['sysctl kernel.perf_event_mlock_kb=2048; ulimit -l unlimited; smaller buffers (-m); or run it as root'],
  sources: ['perf_mmap() of kernel/events/core.c'],
}

export const PERMISSION_ROWS: readonly Row[] = [
  {
    rule: 'lockdown',
    needle: 'is restricted; see man kernel_lockdown',
    pattern: /Lockdown: (\S+): (.+?) is restricted; see man kernel_lockdown/,
    key: (match) => group(match, 2),
    answer: (match) => {
      const [, what = group(match, 2), level = 'integrity'] =
        LOCKED.find(([reason]) => reason.test(group(match, 2))) ?? []
      return {
        what: `lockdown: ${what} (for ${group(match, 1)})`,
        cause: `the kernel is locked down, usually because it was booted with Secure Boot; the level ${level} forbids this to root too`,
        fixes: [
          'cat /sys/kernel/security/lockdown shows the level; `lockdown=none` is heeded only where the distribution does not force it',
          'turn Secure Boot off in the firmware (mokutil --disable-validation with shim), or use a VM: `lab run` boots without it',
        ],
        sources: ['commit 000d388ed3bb (5.4)', 'security/lockdown/lockdown.c', 'man 7 kernel_lockdown'],
      }
    },
  },
  {
    rule: 'lockdown is on',
    needle: 'Kernel is locked down from',
    pattern: /Kernel is locked down from ([^;]+)/,
    answer: (match) => ({
      what: `the kernel is locked down from ${group(match, 1)}`,
      cause:
        'parts of tracing are refused even to root: kprobes, perf and reads by BPF programs in confidentiality mode',
      fixes: ['only needed when something fails with EPERM: turn Secure Boot off, or trace in a VM'],
      sources: ['security/lockdown/lockdown.c'],
    }),
  },
  {
    rule: 'locked memory',
    needle: ['MEMLOCK', 'memlock', "raising 'ulimit -l'"],
    pattern:
      /operation not permitted \(MEMLOCK may be too low.*\)|libbpf: (?!Error in ).*RLIMIT_MEMLOCK.*|try raising 'ulimit -l'\?.*|Failed to (?:increase|set|bump) RLIMIT_MEMLOCK.*|couldn't set RLIMIT_MEMLOCK.*|failed to set memlock rlimit.*|setrlimit\(RLIMIT_MEMLOCK.*(?:not permitted|EPERM|denied).*|(?:failed|unable) to set rlimit memlock.*|removing memlock.*(?:operation not permitted|permission denied)/i,
    ...BPF_PERMISSION,
  },
  {
    rule: 'unprivileged BPF',
    needle: ['unprivileged_bpf_disabled', 'Unprivileged eBPF is enabled'],
    pattern: /(?:Unprivileged eBPF is enabled|unprivileged_bpf_disabled (?:is|=|:) ?\d)/,
    cause:
      'kernel.unprivileged_bpf_disabled: 0 lets everybody load socket filters, 1 only privileged processes until the next boot, 2 the same but changeable. Tracing programs need CAP_BPF and CAP_PERFMON in any case',
    fixes: ['run the loader as root; the warning itself is about side channels and harmless for a lab'],
    sources: ['Documentation/admin-guide/sysctl/kernel.rst'],
  },
  {
    rule: 'perf_event_paranoid',
    needle: [
      'perf_event_paranoid',
      'No permission to enable',
      'You may not have permission to collect',
      'Access to performance monitoring',
    ],
    pattern:
      /Error: (?:You may not have permission to collect.*|No permission to enable .*)|No permission to enable \S+ event|Access to performance monitoring and observability operations is limited|(?:consider (?:adjusting|tweaking)|needs?|requires?|(?:please|must|should|to) (?:lower|set)) (?:\/proc\/sys\/kernel\/|kernel[./])perf_event_paranoid.*/i,
    key: () => '',
    cause: 'kernel.perf_event_paranoid does not allow this process what it asked perf for',
    fixes: [
      'run it as root, or setcap cap_perfmon,cap_sys_ptrace,cap_syslog=ep on the program',
      'sysctl kernel.perf_event_paranoid=1: processes of the user with kernel parts; 0: whole CPUs; -1: raw tracepoints too. Debian and Ubuntu have levels 3 and 4, which forbid perf altogether',
    ],
    sources: ['Documentation/admin-guide/perf-security.rst'],
  },
  {
    rule: 'perf may not map its buffers',
    needle: 'perf_event_mlock_kb',
    pattern: /.*(?:increas|decreas|smaller|mapp(?:ing|able)|mmap).*perf_event_mlock_kb.*/i,
    key: () => '',
    ...PERF_BUFFERS,
  },
  {
    rule: 'addresses of the kernel are hidden',
    needle: ['kptr_restrict', 'kallsyms'],
    pattern:
      /WARNING: Kernel address maps \(.*are restricted|check \/proc\/sys\/kernel\/kptr_restrict|Kernel samples will not be resolved|Cannot read kernel map/i,
    key: () => '',
    cause: '/proc/kallsyms shows addresses only to root, and with kernel.kptr_restrict=2 to nobody',
    fixes: ['sudo, with sysctl kernel.kptr_restrict=0 (1 suffices for CAP_SYSLOG)'],
    sources: ['Documentation/admin-guide/sysctl/kernel.rst'],
  },
  {
    rule: 'bpf() is not allowed',
    needle: ['bpf(BPF_'],
    pattern: /\bbpf\(BPF_(\w+), .*\) *= -1 (EPERM|ENOSYS)\b/,
    answer: (match) =>
      match[2] === 'ENOSYS'
        ? { cause: 'the kernel has no bpf() system call', fixes: ['CONFIG_BPF_SYSCALL=y'] }
        : { ...BPF_PERMISSION, what: `bpf(BPF_${group(match, 1)}): EPERM` },
    key: (match) => `${match[1]} ${match[2]}`,
  },
  {
    rule: 'root is needed',
    needle: [
      'super-user',
      'must be run as root',
      'currently only supports running as the root',
      'CAP_',
      'Run with sudo',
    ],
    pattern:
      /Need super-user privileges to run|bpftrace currently only supports running as the root user|ERROR: (?:Missing|Failed to query process) (?:CAP_\w+ )?capabilit(?:y|ies)|need root or CAP_[A-Z_]+ capabilit/,
    cause: 'the program needs root, or CAP_BPF and CAP_PERFMON (CAP_SYS_ADMIN before 5.8)',
    fixes: ['sudo; in a container --privileged, or --cap-add BPF --cap-add PERFMON --cap-add SYS_RESOURCE'],
    sources: ['commit a17b53c4a4b5 (5.8, CAP_BPF)'],
  },
  {
    rule: 'perf_event_open refused',
    needle: [
      'perf_event_open(',
      'perf_event_open failed',
      'perf_event_open: ',
      'performance counter with',
      'performance event',
    ],
    pattern:
      /perf_event_open\(.*\) *= -1 (E\w+)|sys_perf_event_open\(\) (?:syscall )?returned with (-?\d+) \(([^)]+)\)|errno: (E[A-Z]+)\] Unable to open performance counter|^(?:\S{1,40}: )?(?:sys_)?perf_event_open(?: failed)?(?:, error|:) (-?\d{1,3}|[A-Z][a-z]+(?: [a-z]+){1,5})$|performance event file descriptor: (.+)/,
    answer: (match) => {
      const errno = match[1] ?? match[4] ?? errnoOf(match[2] ?? match[5] ?? match[6] ?? '') ?? ''
      return PERF_OPEN[errno] && { ...PERF_OPEN[errno], what: `perf_event_open: ${errno}` }
    },
  },
]
