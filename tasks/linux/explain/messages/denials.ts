/** SELinux, AppArmor, seccomp and mounts that are between a tracing tool and the kernel. */
import { group, type Row } from './row.ts'

/** What a permission of the classes bpf, perf_event, lockdown and capability stands for. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  prog_load: 'load a BPF program',
  prog_run: 'use a BPF program',
  map_create: 'create a BPF map',
  map_read: 'read a BPF map',
  map_write: 'write a BPF map',
  open: 'open an event',
  kernel: 'count or sample the kernel',
  tracepoint: 'use a tracepoint',
  cpu: 'count on whole CPUs',
  confidentiality: 'read what lockdown (confidentiality) protects',
  integrity: 'change what lockdown (integrity) protects',
  bpf: 'use CAP_BPF',
  perfmon: 'use CAP_PERFMON',
  sys_admin: 'use CAP_SYS_ADMIN',
  sys_resource: 'raise its limits (locked memory)',
  module_load: 'load a kernel module',
  syslog: 'read the log or the addresses of the kernel',
}

/** The capability or file that AppArmor denied. */
const deniedName = (line: string): string | undefined => /(?:capname|name)="([^"]+)"/.exec(line)?.[1]

export const DENIAL_ROWS: readonly Row[] = [
  {
    rule: 'SELinux forbids it',
    needle: 'avc:',
    pattern:
      /avc: +denied +\{ ?([^}]+?) ?\} for .*?(?:comm="([^"]*)".*)?tclass=(bpf|perf_event|lockdown|capability2?|system|tracefs|debugfs|file|dir)\b.*/,
    key: (match) => `${match[1]} ${match[2]} ${match[3]}`,
    answer: (match) => {
      const asked = group(match, 1).trim().split(' ')
      const known = asked.map((name) => PERMISSIONS[name]).find((text) => text !== undefined)
      const file = match[3] === 'file' || match[3] === 'dir'
      if (file && !/tracefs|debugfs|bpf/.test(match[0])) return undefined
      return {
        what: `SELinux: ${match[2] ?? 'a process'} may not ${known ?? `do { ${asked.join(' ')} } on ${match[3]}`}`,
        cause: `the policy gives the domain of ${match[2] ?? 'this process'} (scontext) no permission { ${asked.join(' ')} } of the class ${match[3]}; the program sees EACCES or EPERM, even as root${/permissive=1/.test(match[0]) ? '. permissive=1: it was only logged' : ''}`,
        fixes: [
          'setenforce 0 shows whether it is only that; then ausearch -m avc -ts recent | audit2allow -M mine, semodule -i mine.pp',
          'a container: --security-opt label=disable, or the type spc_t (privileged pods have it)',
        ],
        sources: ['security/selinux/include/classmap.h'],
      }
    },
  },
  {
    rule: 'AppArmor forbids it',
    needle: 'apparmor="DENIED"',
    pattern: /apparmor="DENIED" operation="([^"]+)".*?profile="([^"]+)".*/,
    key: (match) => `${match[1]} ${match[2]} ${deniedName(match[0])}`,
    answer: (match) => {
      const name = deniedName(match[0])
      // The log of a desktop is full of programs that may not read some file of somebody else.
      if (name?.startsWith('/') && !/^\/(?:sys|proc)\/|tracefs|debugfs|bpf/.test(name)) return undefined
      return {
        what: `AppArmor: ${group(match, 1)}${name === undefined ? '' : ` ${name}`} is not in the profile ${match[2]}`,
        cause: `the profile ${match[2]} does not allow ${group(match, 1)}${name === undefined ? '' : ` of ${name}`}; the program sees EACCES or EPERM, even as root`,
        fixes: [
          'docker run --security-opt apparmor=unconfined (with the capabilities that it needs), appArmorProfile: Unconfined in Kubernetes',
          `aa-complain ${match[2]} for a test; sudo aa-logprof adds what was denied`,
        ],
        sources: ['apparmor.d(5)'],
      }
    },
  },
  {
    rule: 'a file system of the kernel cannot be mounted',
    needle: ['mount: /sys', 'mounting tracefs', 'mounting debugfs', 'mounting bpf', "unknown filesystem type '"],
    pattern:
      /mount: (\/sys\/\S+?):? ?(permission denied|mount failed|mount point does not exist|must be superuser.*|unknown filesystem type '(\w+)'|\S+ already mounted.*)|mount: mounting (\w+) on (\S+) failed: (.+)/i,
    answer: (match) => {
      const place = match[1] ?? match[5] ?? 'it'
      const type = match[3] ?? match[4]
      const text = match[2] ?? match[6] ?? ''
      if (/already mounted/i.test(text))
        return { cause: `${place} is mounted already`, fixes: ['nothing'], confidence: 'certain' }
      return {
        what: `${place} cannot be mounted`,
        cause: /unknown filesystem|No such device/i.test(text)
          ? `this kernel has no file system ${type ?? ''}: its option is off (CONFIG_TRACING for tracefs, CONFIG_DEBUG_FS, CONFIG_BPF_SYSCALL for bpf)`
          : /not exist|No such file/i.test(text)
            ? `the kernel does not make the directory ${place}: the part that it belongs to is not built in`
            : 'mounting needs CAP_SYS_ADMIN in the initial user namespace; containers have neither, and AppArmor or seccomp forbid it as well',
        fixes: [
          'sudo; in a container bind the mount of the host: -v /sys/kernel/debug:/sys/kernel/debug (tracing, bpf), or --privileged',
          'grep -E "tracefs|debugfs|bpf" /proc/filesystems shows what the kernel has',
        ],
        confidence: 'likely',
      }
    },
  },
]
