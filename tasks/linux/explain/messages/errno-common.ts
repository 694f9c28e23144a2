/** What an error number means wherever BPF, perf or tracefs returns it: for places that have no table of their own. */
import { BPF_PERMISSION } from './errno-load.ts'
import type { Answer } from './row.ts'

export const COMMON: Readonly<Record<string, Answer>> = {
  EPERM: BPF_PERMISSION,
  EACCES: {
    cause:
      'the process lacks a right here (a capability, kernel.perf_event_paranoid, the mode of a file), or the verifier refused the program',
    fixes: ['run it as root; where a program is loaded, ask the loader for the log of the verifier'],
    confidence: 'possible',
  },
  ENOENT: {
    cause:
      'what the message names does not exist on this system: a file, a function, an event or an object with this id',
    fixes: ['check the spelling; for functions grep -w NAME /proc/kallsyms, for events ls /sys/kernel/tracing/events'],
    confidence: 'possible',
  },
  ESRCH: {
    cause: 'there is no such process, or no such function or type in the kernel',
    fixes: ['check that the process still runs, and that the kernel has the function: grep -w NAME /proc/kallsyms'],
    confidence: 'possible',
  },
  EINVAL: {
    cause: 'the kernel does not accept one of the values that it was given, or is too old to know what was asked for',
    fixes: ['strace -v -e bpf,perf_event_open shows the values; dmesg | tail may name the reason'],
    confidence: 'possible',
  },
  ENOMEM: {
    cause: 'there is not enough memory, or the limit of the cgroup (or RLIMIT_MEMLOCK before 5.11) is reached',
    fixes: ['make maps and buffers smaller, or raise the limit'],
    confidence: 'likely',
  },
  EBUSY: {
    cause: 'another program or tracer is using it',
    fixes: ['find and end the other user: bpftool link show, bpftool prog show'],
    confidence: 'likely',
  },
  EEXIST: {
    cause: 'it exists already, often left behind by an earlier run',
    fixes: ['remove the old one, or use it again'],
    confidence: 'likely',
  },
  ENODEV: {
    cause: 'the kernel has no such device or kind of event: its option is off or its module is not loaded',
    fixes: ['check the configuration of the kernel (zgrep NAME /proc/config.gz) and lsmod'],
    confidence: 'possible',
  },
  E2BIG: {
    cause: 'something is larger than the kernel allows, or the loader passes a structure that is newer than the kernel',
    fixes: ['make it smaller; or use a newer kernel or an older loader'],
    confidence: 'possible',
  },
  ENOSPC: {
    cause: 'a table or buffer is full: a map, the log buffer of the verifier, or the slots of a hook',
    fixes: ['make it larger, or remove entries that are not used'],
    confidence: 'possible',
  },
  ENOSYS: {
    cause: 'the kernel does not have this system call or this operation',
    fixes: ['check CONFIG_BPF_SYSCALL and CONFIG_PERF_EVENTS; in a container, the seccomp profile may hide the call'],
    confidence: 'likely',
  },
  EMFILE: {
    cause: 'the process has too many open files',
    fixes: ['ulimit -n 65536'],
  },
  EOPNOTSUPP: {
    cause: 'this kernel, driver or architecture does not support the operation',
    fixes: ['bpftool feature probe lists what this kernel has'],
    confidence: 'likely',
  },
  ENOTSUPP: {
    cause:
      'the kernel does not support this combination: often the JIT is off, or the type is not allowed in this place',
    fixes: ['sysctl net.core.bpf_jit_enable=1; bpftool feature probe lists what this kernel has'],
    confidence: 'possible',
    sources: ['include/linux/errno.h'],
  },
  EFAULT: {
    cause: 'the kernel could not read memory that the caller named; in the verifier it marks a bug of the kernel',
    fixes: ['check sizes of buffers and keys; look for a warning in dmesg'],
    confidence: 'possible',
  },
}
