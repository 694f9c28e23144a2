/** Messages around the kernel: jobs of Slurm, ssh, mounts, modules, and programs that crash. */
import type { Example } from './example.fixture.ts'

export const SYSTEMS: readonly Example[] = [
  [
    'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified',
    'slurm: job refused',
    /sacctmgr show assoc/,
  ],
  [
    'srun: error: Unable to create step for job 7: Memory required by task is not available',
    'slurm: job refused',
    /--mem/,
  ],
  ['sbatch: error: Batch job submission failed: Something that is not known', 'slurm: job refused', /slurmctld\.log/],
  ['srun: error: node3: task 0: Exited with exit code 127', 'slurm: task failed', /not found on the node/],
  ['   17  debug  build  anna PD  0:00  1 (ReqNodeNotAvail, UnavailableNodes:n1)', 'slurm: job waits', /reservation/],
  ['17.batch      batch    lab  4  OUT_OF_ME+    0:125', 'slurm: how a job ended', /more memory/],
  [
    'srun: error: node3: task 1: Out Of Memory\nsrun: Terminating job step 17.0\nslurmstepd: error: *** STEP 17.0 ON node3 CANCELLED AT 2024-05-05T10:00:00 ***',
    'slurm: out of memory',
    /MaxRSS/,
  ],
  [
    "slurmstepd: error: common_file_write_uints: write value '9' to '/sys/fs/cgroup/cpuset/slurm/cgroup.procs' failed: No space left on device",
    'slurm: cgroups',
    /no disk is full/,
  ],
  ['ssh: connect to host 127.0.0.1 port 2222: Connection refused', 'ssh: no connection', /hostfwd/],
  ['root@127.0.0.1: Permission denied (publickey).', 'ssh: login refused', /authorized_keys/],
  ['ssh: Could not resolve hostname guest: Name or service not known', 'ssh: name is not known', /getent/],
  ["mount: /mnt: unknown filesystem type 'virtiofs'.", 'mount failed', /VIRTIO_FS/],
  ["modprobe: ERROR: could not insert 'kvm_intel': Operation not supported", 'module refused', /VT-x/],
  [
    'panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation]',
    'a program crashed',
    /program in Go/,
  ],
  [
    "thread 'main' panicked at src/main.rs:12:8:\ncalled `Option::unwrap()` on a `None` value",
    'a program crashed',
    /Rust/,
  ],
  ["tool: main.c:10: main: Assertion `count > 0' failed.", 'a program crashed', /does not hold/],
  ['*** stack smashing detected ***: terminated', 'a program crashed', /its own memory/],
  ['==77==ERROR: AddressSanitizer: heap-use-after-free on address 0x60', 'a program crashed', /sanitizer/],
  ["terminate called after throwing an instance of 'std::out_of_range'", 'a program crashed', /what\(\)/],
  ['Illegal instruction (core dumped)', 'a program crashed', /march=native/],
  ["KeyError: 'sched_switch'", 'a program crashed', /Python/],
  [
    '[ 88.1] Out of memory: Killed process 812 (stress) total-vm:8388608kB, anon-rss:3145728kB',
    'memory ran out',
    /killed stress/,
  ],
  ['[ 88.0] stress invoked oom-killer: gfp_mask=0x100cca, order=0, oom_score_adj=0', 'memory ran out', /needed memory/],
  ['running command: fork/exec /bin/cat: too many open files', 'too many files are open', /ulimit -n/],
  ['bash: ./probe: cannot execute binary file: Exec format error', 'program of another architecture', /file PROGRAM/],
  ['./run.sh: /bin/bash^M: bad interpreter: No such file or directory', 'program of another architecture', /Windows/],
  ['Loadmap() failed: ebpf_map_update_elem() failed: Invalid argument', 'map takes no more', /program array/],
  [
    'panic: error while loading "raw_tracepoint/filler/sys_open_x" (no space left on device)',
    'an error by its number',
    /log is longer/,
  ],
  ['[ 1.0] Kernel panic - not syncing: Fatal exception in interrupt', 'splat: panic', /consequence/],
  ['[ 1.0] Kernel panic - not syncing: Some text that no table has', 'splat: panic', /first report above/],
  [
    './gen.sh: 3: frobnicate: the table cannot be made\n  Error: no table\nmake[2]: *** [Makefile:12: table.h] Error 1\nmake: *** [all] Error 2',
    'make stopped',
    /table cannot be made|Error: no table/,
  ],
  [
    "libbpf: prog 'p': relo #12: target candidate search failed for [30] struct : -22",
    'CO-RE: the kernel has no such type or field',
    /without a name/,
  ],
  [
    'libpman: tracing program type is not supported (errno: 95 | message: Operation not supported)',
    'libpman: modern probe of Falco',
    /5\.8/,
  ],
  [
    "** BPF doesn't have JIT enabled, performance might be degraded. **",
    'BPF runs without its compiler',
    /bpf_jit_enable/,
  ],
  [
    '/usr/share/debootstrap/functions: line 1142: chroot: command not found',
    'a program is missing on the host',
    /PATH/,
  ],
  ['btf_encoder__encode: btf__dedup failed!', 'BTF of the kernel cannot be made', /newer pahole/],
  [
    "one.c:361:27: error: initialization of 'void (*)(struct platform_device *)' from incompatible pointer type 'int (*)(struct platform_device *)'",
    'compiler error',
    /6\.11/,
  ],
  ["m.c:166:9: error: no previous prototype for 'show_it' [-Werror=missing-prototypes]", 'compiler error', /static/],
  [
    'kernel: [ 17.1] Code: 02 <0f> 0b 49 8b\nkernel: [ 17.2] RIP: kfree+0x13a/0x180 RSP: ffff9a69c1b1fd38\nkernel: [ 17.3] ---[ end trace 4cf8f459b8f68a44 ]---',
    'call trace without its beginning',
    /freed before/,
  ],
  [
    "libbpf: prog 'p': failed to load: -7\nlibxdp: Falling back to loading single prog without dispatcher",
    'libxdp goes on without a dispatcher',
    /attempt/,
  ],
]
