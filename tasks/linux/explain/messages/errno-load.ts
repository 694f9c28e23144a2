/** What an error number means where a program, a map or types are loaded: bpf(2). */
import type { Answer } from './row.ts'

type ByErrno = Readonly<Record<string, Answer>>

/** Before 5.11 memory of BPF counts as locked memory (commit 97306be45fbe), and its limit gives EPERM. */
export const BPF_PERMISSION: Answer = {
  cause:
    'before 5.11 maps and programs count against RLIMIT_MEMLOCK, and EPERM is what the kernel says when it is used up; on any kernel it also means that the process lacks CAP_BPF (CAP_SYS_ADMIN before 5.8)',
  fixes: [
    'ulimit -l unlimited, or setrlimit(RLIMIT_MEMLOCK) in the loader (rlimit.RemoveMemlock() in Go)',
    'run it as root; in a container add CAP_BPF and CAP_PERFMON, and look at kernel.unprivileged_bpf_disabled',
  ],
  confidence: 'likely',
  otherwise:
    "the container runtime's seccomp profile forbids bpf(2), or lockdown does: cat /sys/kernel/security/lockdown",
  sources: ['commit 97306be45fbe (5.11, memory cgroups)', 'commit a17b53c4a4b5 (5.8, CAP_BPF)'],
}

export const PROG_LOAD: ByErrno = {
  EPERM: BPF_PERMISSION,
  E2BIG: {
    cause:
      'the program has more instructions than the kernel takes (4096 before 5.2 or without CAP_BPF; else a million looked at), or the loader passes attributes that this kernel does not know',
    fixes: ['make the program smaller, split it with tail calls, or put loops into bpf_loop() (5.17 and later)'],
    confidence: 'likely',
    otherwise: 'strace -v -e bpf shows the attributes; an older libbpf passes fewer of them',
    sources: ['commit c04c0d2b968a (5.2)', 'bpf_check_uarg_tail_zero() of kernel/bpf/syscall.c'],
  },
  ENOSPC: {
    cause: "the verifier's log is longer than the buffer that the loader gave; the program itself may be right",
    fixes: ['a larger log buffer (old kernels take up to 16 MB), or log level 1 instead of 2'],
    sources: ['kernel/bpf/verifier.c'],
  },
  ENOTSUPP: {
    cause:
      'the program needs the JIT compiler, which is off or refuses it: calls between functions, kfuncs and trampolines do not work in the interpreter; or a helper or map that this program type cannot have',
    fixes: ['sysctl net.core.bpf_jit_enable=1 and CONFIG_BPF_JIT=y', 'read the log of the verifier, if there is one'],
    confidence: 'likely',
    sources: ['kernel/bpf/core.c'],
  },
  EINVAL: {
    cause:
      'the kernel refuses the attributes of the program (an unknown type or flag, before 5.0 a kern_version of another kernel) or the verifier refused the program: then its log has the reason',
    fixes: [
      'ask the loader for the log: log level 1',
      'kprobe programs before 5.0: build with the headers of the running kernel',
    ],
    confidence: 'possible',
    sources: ['commit 6c4fc209fcf9 (5.0, kern_version)'],
  },
  EACCES: {
    cause: 'the verifier refused the program; its log has the reason',
    fixes: ['ask the loader for the log: log level 1 (libbpf prints it by itself)'],
    confidence: 'likely',
  },
  EFAULT: {
    cause: 'the kernel found an inconsistency in its own tables while it checked the program',
    fixes: ['dmesg has a warning of the verifier: "verifier bug"; a newer stable kernel may have the fix'],
    confidence: 'possible',
  },
  EBADF: {
    cause:
      'the program refers to a map by a file descriptor that is none: the map was not created (its type is newer than the kernel, or locked memory is used up), and the loader went on',
    fixes: [
      'look for an earlier error about a map; strace -e bpf shows BPF_MAP_CREATE; ulimit -l unlimited before 5.11',
    ],
    confidence: 'likely',
    sources: ['resolve_pseudo_ldimm64() of kernel/bpf/verifier.c'],
  },
  ENOSYS: { cause: 'the kernel has no bpf() system call', fixes: ['CONFIG_BPF_SYSCALL=y'] },
  ENOMEM: {
    cause: 'no memory for the program or its JIT image',
    fixes: ['sysctl net.core.bpf_jit_limit, and the memory of the machine or its cgroup'],
    confidence: 'likely',
  },
  EAGAIN: {
    cause: 'a signal interrupted the verifier; loaders try again a few times',
    fixes: ['load it again; profilers that send SIGPROF interrupt long verifications'],
    sources: ['commit c3494801cd17 (5.0)'],
  },
  ESRCH: {
    cause: 'the attach target that the program names is not in the BTF of the kernel, or the kernel has no BTF',
    fixes: ['bpftool btf dump file /sys/kernel/btf/vmlinux | grep FUNCTION; no such file: DEBUG_INFO_BTF is off'],
    confidence: 'likely',
  },
}

export const MAP_CREATE: ByErrno = {
  EPERM: BPF_PERMISSION,
  EACCES: {
    cause:
      'a security module forbids maps to this process (SELinux: class bpf, permission map_create), which holds for root and privileged containers too',
    fixes: [
      'ausearch -m avc -ts recent, or dmesg | grep avc; sudo setenforce 0 as a test; docker run --security-opt label=disable',
    ],
    confidence: 'possible',
    otherwise: 'the file system of the pinned map refuses it (mode of the file), or lockdown does',
    sources: ['security/selinux/hooks.c: selinux_bpf'],
  },
  EINVAL: {
    cause:
      'this kernel does not take such a map: the type is newer than the kernel, a size or max_entries is 0, a flag is unknown, or key and value have the wrong size for the type (4 for arrays; max_entries of a ring buffer: a power of two and of pages)',
    fixes: [
      'bpftool feature probe | grep map_type lists what the kernel has',
      'compare max_entries, key and value size with the documentation of the map type (man 2 bpf, Documentation/bpf/map_*.rst)',
    ],
    confidence: 'likely',
    sources: ['map_alloc_check() of each map type in kernel/bpf'],
  },
  E2BIG: {
    cause: 'key, value or max_entries are beyond what the map type takes, or an attribute is not known to this kernel',
    fixes: ['values of hash maps hold up to some MB, keys 512 bytes (MAX_BPF_STACK); make max_entries smaller'],
    confidence: 'likely',
    sources: ['kernel/bpf/hashtab.c, kernel/bpf/syscall.c'],
  },
  ENOMEM: {
    cause: 'there is not enough memory for the map: per-CPU maps take value_size x max_entries for each possible CPU',
    fixes: ['a smaller max_entries, or BPF_F_NO_PREALLOC for hash maps'],
    confidence: 'likely',
  },
  ENOTSUPP: {
    cause:
      'types in the value (spin lock, timer, kptr, list) are not supported in this map type, or its BTF is missing',
    fixes: ['a hash or array map takes them; keep BTF in the object (clang -g)'],
    confidence: 'likely',
    sources: ['map_check_btf() of kernel/bpf/syscall.c'],
  },
  EOPNOTSUPP: {
    cause: 'a field of the value is not supported in this map type by this kernel',
    fixes: ['a hash or array map takes special fields; or a newer kernel'],
    confidence: 'likely',
  },
}

export const BTF_LOAD: ByErrno = {
  EPERM: BPF_PERMISSION,
  EINVAL: {
    cause: 'the BTF of the object has kinds that this kernel does not know: the compiler is newer than the kernel',
    fixes: ['libbpf rewrites what old kernels lack: use a newer libbpf; or build without -g where no CO-RE is needed'],
    confidence: 'likely',
    sources: ['kernel/bpf/btf.c'],
  },
}

/** bpf(BPF_OBJ_PIN). */
export const PIN: ByErrno = {
  EEXIST: { cause: 'something is pinned at this path already', fixes: ['rm the file, or reuse the pinned object'] },
  EPERM: {
    cause: 'the path is not on a BPF file system, or the process may not pin there',
    fixes: ['mount -t bpf bpf /sys/fs/bpf, and pin below that; names may not contain a dot'],
    confidence: 'likely',
    sources: ['kernel/bpf/inode.c'],
  },
  EINVAL: {
    cause: 'the path is not on a BPF file system',
    fixes: ['mount -t bpf bpf /sys/fs/bpf, and pin below that'],
    confidence: 'likely',
  },
  ENOENT: {
    cause: 'the directory of the path does not exist',
    fixes: ['mkdir -p below /sys/fs/bpf'],
    confidence: 'likely',
  },
}
