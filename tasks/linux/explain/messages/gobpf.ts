/** gobpf (iovisor), the library that older Go programs load BPF with; and dropbox/goebpf, whose words are alike. */
import { KPROBE } from './errno-attach.ts'
import { KPROBE_EVENTS } from './errno-files.ts'
import { MAP_CREATE, PIN, PROG_LOAD } from './errno-load.ts'
import type { PrintfKind } from './printf.ts'

export const GOBPF_KINDS: readonly PrintfKind[] = [
  {
    rule: 'map cannot be created',
    formats: `
error while loading map %s: %e
map location not supported: map %s is in section %s
map %s has empty namespace
error creating map directory %s: %e
cannot create perfring map %e
unable to initialize perf map: %e`,
    cause: 'gobpf could not create or pin a map of the object',
    fixes: [
      'sudo; elf.Module.Load() raises RLIMIT_MEMLOCK only as root; SELinux and seccomp profiles of containers forbid bpf(2) too',
    ],
    errors: {
      ...MAP_CREATE,
      EACCES: {
        cause: 'the process may not create maps: no CAP_BPF (CAP_SYS_ADMIN before 5.8), or SELinux forbids it',
        fixes: ['privileged: true for the pod; ausearch -m avc -ts recent; sysctl kernel.unprivileged_bpf_disabled'],
      },
    },
    confidence: 'likely',
    sources: ['elf/elf.go of gobpf'],
  },
  {
    rule: 'program cannot be loaded',
    formats: `
error while loading "%s" (%e):
error while loading %s (%e):
couldn't load BPF program %s: %e`,
    cause: 'the kernel did not take a program of the object; the log of the verifier follows, if there is one',
    fixes: ['read the lines below it'],
    errors: PROG_LOAD,
    confidence: 'likely',
    sources: ['elf/elf.go of gobpf'],
  },
  {
    rule: 'probe refused',
    formats: `
cannot open kprobe_events: %e
cannot write %s to kprobe_events: %e
cannot open uprobe_events: %e
cannot write %s to uprobe_events: %e
couldn't enable kprobe %s: %e
kprobe id file doesn't exist
Module: unable to find %s
failed to attach BPF kprobe: %e
could not find a valid syscall name
unable to locate symbol %s in module %s
no symbols matching %s for %s found
Failed to create the enterKprobe event. Errno: %e
Failed to create the exitKprobe event. Errno: %e`,
    cause: 'the probe cannot be made: tracefs refuses its definition or cannot be opened, or there is no such function',
    fixes: [
      'sudo; mount -t tracefs nodev /sys/kernel/tracing (debugfs at /sys/kernel/debug for older libraries)',
      'grep -w FUNCTION /proc/kallsyms; system calls are __x64_sys_NAME (__arm64_sys_NAME) since 4.17',
    ],
    errors: { ...KPROBE, ...KPROBE_EVENTS },
    confidence: 'likely',
    sources: ['elf/module.go and bcc/module.go of gobpf'],
  },
  {
    rule: 'BPF file system',
    formats: `
bpf fs not mounted at %s
error mounting %s: %e
error pinning object to %s: %e
not a valid pin path: %s`,
    cause: 'objects are pinned in the BPF file system, and it is not mounted there or cannot be written',
    fixes: ['mount -t bpf bpf /sys/fs/bpf; in a container mount that of the host'],
    errors: PIN,
    confidence: 'likely',
    sources: ['pkg/bpffs of gobpf'],
  },
]
