/** sched_ext: schedulers in BPF (6.12), their loaders, and libbpf-rs, with which most of them are written. */
import type { PrintfKind } from './printf.ts'
import { group, type Row } from './row.ts'

export const SCHED_EXT_ROWS: readonly Row[] = [
  {
    rule: 'libbpf-rs: a call of libbpf failed',
    needle: ['bpf call "', 'returned NULL'],
    pattern: /bpf call "libbpf_rs::(?:\w+::)*?(\w+)::(\w+)(?:::\{\{closure\}\})?" returned NULL/,
    answer: (match) =>
      match[2] === 'attach_struct_ops'
        ? {
            what: 'a struct_ops map cannot be attached',
            cause:
              'the kernel refused to register the struct_ops, and libbpf-rs drops the error number. For a sched_ext scheduler: another one is running, the kernel has no CONFIG_SCHED_CLASS_EXT (6.12 or patches of a distribution), or it does not fit the interface that the scheduler was built for',
            fixes: [
              'cat /sys/kernel/sched_ext/state /sys/kernel/sched_ext/root/ops: stop the scheduler that is there; dmesg | grep sched_ext has the reason',
              'zgrep SCHED_CLASS_EXT /proc/config.gz; schedulers (scx) and kernel of the same time',
            ],
            confidence: 'likely',
            sources: ['kernel/sched/ext.c: scx_ops_enable', 'Documentation/scheduler/sched-ext.rst'],
          }
        : {
            what: `libbpf-rs: ${group(match, 2)} failed`,
            cause: `libbpf's function behind ${match[1]}::${match[2]} failed, and libbpf-rs drops the error number; libbpf has printed the reason before, if its messages are shown`,
            fixes: [
              'set_print() (libbpf_rs::set_print(Some((PrintLevel::Debug, ...)))) or the option -v of the tool shows them',
            ],
            confidence: 'likely',
            sources: ['libbpf-rs/src/util.rs'],
          },
  },
]

export const SCHED_EXT_KINDS: readonly PrintfKind[] = [
  {
    rule: 'sched_ext: probes of the scheduler',
    formats: `
Failed to attach non-struct_ops BPF programs`,
    cause:
      'besides the scheduler itself the object has probes (fentry, kprobe, tracepoint), and one of them cannot be attached: the kernel has no such function or inlined it (ENOENT), or cannot patch it, because the function tracer is not built in or another hook has it (EBUSY)',
    fixes: [
      'the message of libbpf above names the probe (-v of the scheduler shows it); grep -w FUNCTION /sys/kernel/tracing/available_filter_functions',
      'zgrep -E "FUNCTION_TRACER|DYNAMIC_FTRACE_WITH_DIRECT_CALLS|BPF_EVENTS|KPROBES" /proc/config.gz: all of them have to be y',
      'a release of scx that fits this kernel',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/trampoline.c: register_fentry', 'rust/scx_utils of scx'],
  },
  {
    rule: 'sched_ext: the scheduler was ended',
    formats: `
triggered exit kind %d
runnable task stall (%s failed to run for %s)
sched_ext: BPF scheduler "%s" disabled (%s)
runnable task stall (watchdog failed to check in for %s)
EXIT: runnable task stall%s
EXIT: runtime error (%s)
sched_ext: BPF scheduler "%s" errored, disabled
sched_ext: BPF scheduler "%s" errored, disabling`,
    cause:
      'the kernel took the CPUs back from the BPF scheduler: 1024 is a mistake that the kernel found, 1025 scx_bpf_error() of the scheduler itself, 1026 a task that it did not run for too long (timeout_ms, 30 s); below that somebody ended it. The system goes on with the usual scheduler',
    fixes: [
      'the lines below (reason, backtrace, dump of the queues) name the place in the scheduler; for 1025 its own text is the reason',
      'a stall: look for a task that no CPU of its mask takes, or a queue that is never consumed',
      'a newer release of the scheduler',
    ],
    confidence: 'likely',
    sources: ['kernel/sched/ext.c: enum scx_exit_kind, check_rq_for_timeouts', 'commit f0e1a0643a59 (6.12)'],
  },
  {
    rule: 'sched_ext: the scheduler cannot start',
    formats: `
Failed to attach struct ops
Failed to attach struct_ops
scx panic]: %e
Error: the running kernel's BTF has malformed scx kfunc prototype(s)
sched_ext: Not compatible with "isolcpus=" domain isolation
sched_ext: %s: scx_ops_init() failed (%d)
sched_ext: ops.%s has been invoked with %s
sched_ext is not supported
kernel does not support sched_ext
sched_ext: Failed to %s`,
    cause:
      'the BPF scheduler could not take over: another one is running (EBUSY), the kernel lacks sched_ext (CONFIG_SCHED_CLASS_EXT, 6.12) or has another form of its interface, or its BTF was made by a pahole that is too old for kfuncs',
    fixes: [
      'cat /sys/kernel/sched_ext/state; stop the other scheduler (scx_loader, scx.service); dmesg | grep sched_ext',
      'scx schedulers and kernel of the same time; a kernel built with a pahole of its own time',
    ],
    errors: {
      EBUSY: {
        cause: 'another BPF scheduler is running',
        fixes: ['cat /sys/kernel/sched_ext/root/ops; systemctl stop scx scx_loader'],
      },
      E2BIG: {
        cause:
          'a value of its struct sched_ext_ops is beyond what the kernel takes (timeout_ms: 30 s at most), or a field is set that this kernel does not know',
        fixes: ['timeout_ms of 30000 or less, as a plain number', 'the release of scx that fits this kernel'],
      },
    },
    confidence: 'likely',
    sources: ['kernel/sched/ext.c', 'tools/sched_ext of the kernel'],
  },
]
