/** What an error number means of perf_event_open(2) for a counter, and of mapping its buffer. */
import type { Answer } from './row.ts'

type ByErrno = Readonly<Record<string, Answer>>

const NO_COUNTER: Answer = {
  cause:
    'the CPU has no counter for this event, or cannot sample it precisely or with branches: virtual machines and containers in them usually have no hardware counters',
  fixes: [
    'perf list, perf stat -e cycles true: "<not supported>" means that there is no PMU; give the VM a virtual one (-cpu host,pmu=on), or use software events (cpu-clock, task-clock)',
    'a kernel that is older than the CPU does not know its counters',
  ],
  confidence: 'likely',
  otherwise: 'for a tracepoint: the kernel has no event of this number',
  sources: ['perf_event_open(2)', 'kernel/events/core.c'],
}

const FORBIDDEN: Answer = {
  cause:
    'kernel.perf_event_paranoid or a missing capability (CAP_PERFMON) forbids it; in a container the seccomp profile forbids the call itself',
  fixes: [
    'run it as root; sysctl kernel.perf_event_paranoid=1 (2 and more: no kernel; 3 and 4 of Debian and Ubuntu: nothing for users)',
    'docker run --cap-add PERFMON --security-opt seccomp=unconfined (or a profile that allows perf_event_open)',
  ],
  confidence: 'likely',
  sources: ['Documentation/admin-guide/perf-security.rst'],
}

export const PERF_OPEN: ByErrno = {
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ENOENT: NO_COUNTER,
  ENODEV: NO_COUNTER,
  ENXIO: NO_COUNTER,
  EOPNOTSUPP: NO_COUNTER,
  ENOSYS: {
    cause: 'the kernel was built without CONFIG_PERF_EVENTS, or a container runtime (gVisor) does not have the call',
    fixes: ['zgrep PERF_EVENTS /proc/config.gz'],
    confidence: 'likely',
  },
  ESRCH: {
    cause:
      'there is no such process or thread: it ended meanwhile, -p got the id of a process whose threads come and go, or the process is in another PID namespace',
    fixes: ['ps -T -p PID; -a with a filter for programs that start and end threads all the time'],
    confidence: 'likely',
    sources: ['find_lively_task_by_vpid() of kernel/events/core.c'],
  },
  EMFILE: {
    cause: 'perf opens a file for each event, CPU and thread, and the limit of open files is reached',
    fixes: ['ulimit -n 65536; fewer events; -a instead of a process with many threads'],
    sources: ['perf_event_open(2)'],
  },
  EBUSY: {
    cause: 'another profiler (or the NMI watchdog) uses the counter',
    fixes: ['sysctl kernel.nmi_watchdog=0; end the other profiler (VTune, OProfile, another perf)'],
    sources: ['perf_event_open(2)'],
  },
  EINVAL: {
    cause:
      'the CPU or this kernel does not know the event or an option of it (precise_ip, branch stacks, a clock, a frequency above kernel.perf_event_max_sample_rate): the program is newer than the kernel, or the VM has no such counter',
    fixes: ['without :ppp and -b; -e cpu-clock; the perf of this kernel (linux-tools-$(uname -r))'],
    confidence: 'likely',
    sources: ['perf_event_open(2)'],
  },
}

const NO_ROOM: Answer = {
  cause:
    'the buffers of perf events are locked memory, and this user has no more of it: kernel.perf_event_mlock_kb (516 KB for each CPU) and RLIMIT_MEMLOCK together',
  fixes: [
    'fewer pages (perf record -m 16); sysctl kernel.perf_event_mlock_kb=2048; ulimit -l unlimited; or root',
    'end other profilers of the same user: all of them share the limit',
  ],
  confidence: 'likely',
  sources: ['perf_mmap() of kernel/events/core.c'],
}

/** mmap() of the buffer of a perf event. */
export const PERF_MMAP: ByErrno = {
  EPERM: NO_ROOM,
  ENOMEM: NO_ROOM,
  EINVAL: {
    ...NO_ROOM,
    cause: 'the buffer is no power of two of pages, or one event is mapped twice with different sizes',
    fixes: ['-m N with N a power of two'],
  },
}

/** Files that a program opens or makes by itself. */
export const FILES: ByErrno = {
  ENOENT: {
    cause:
      'there is no such file or directory: the path is relative to where the program was started, or the file was never made',
    fixes: ['ls -l the path, with the directory of the program as the current one; give the whole path'],
  },
  EACCES: {
    cause:
      'this user may not read the file or go through its directories; libvirt runs QEMU as another user, with SELinux or AppArmor around it',
    fixes: ['namei -l PATH shows the modes on the way; ls -lZ and dmesg | grep -i denied for SELinux and AppArmor'],
  },
  EPERM: {
    cause: 'the operation is only for root here',
    fixes: ['sudo; or the group that owns the device (ls -l)'],
  },
  ENOMEM: { cause: 'there is not enough memory', fixes: ['free -m; ask for less (-m)'] },
  EBUSY: { cause: 'another process has it open', fixes: ['fuser -v FILE; end the other one'] },
}
