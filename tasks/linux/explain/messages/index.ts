/** All tables, in the order in which their findings of one line come. */
import { LAST_ROWS } from './last.ts'
import { DIAL_ROWS } from './agents-cilium.ts'
import { AGENT_ROWS } from './agents.ts'
import { BPF_SYSCALL_ROWS } from './bpf-syscall.ts'
import { EVERYDAY_ROWS } from './everyday.ts'
import { TC_ROWS } from './tc.ts'
import { LINKER_ROWS } from './build-linker.ts'
import { DENIAL_ROWS } from './denials.ts'
import { SCHED_EXT_ROWS } from './sched-ext.ts'
import { XDP_ROWS } from './xdp.ts'
import { BCC_ROWS } from './bcc.ts'
import { BOOT_ROWS } from './boot.ts'
import { BPFTRACE_ROWS } from './bpftrace.ts'
import { BPFTRACE_SCRIPT_ROWS } from './bpftrace-script.ts'
import { COMPAT_ROWS } from './build-compat.ts'
import { HOST_ROWS } from './build-host.ts'
import { KERNEL_BUILD_ROWS } from './build-kernel.ts'
import { BY_WORDS_ROWS } from './by-words.ts'
import { COMPILER_ROWS } from './compiler.ts'
import { FADDR2LINE_ROWS } from './faddr2line.ts'
import { GO_ROWS } from './go.ts'
import { KERNEL_LOG_ROWS } from './kernel-log.ts'
import { KPROBE_EVENT_ROWS } from './kprobe-events.ts'
import { LIBBPF_ATTACH_ROWS } from './libbpf-attach.ts'
import { LIBBPF_CORE_ROWS } from './libbpf-core.ts'
import { LIBBPF_LOAD_ROWS } from './libbpf-load.ts'
import { LIBBPF_OBJECT_ROWS } from './libbpf-objects.ts'
import { AYA_ROWS, SAMPLE_ROWS } from './loaders.ts'
import { MISSING_ROWS } from './missing.ts'
import { MODULE_ROWS } from './module.ts'
import { PERMISSION_ROWS } from './permission.ts'
import { PRINTF_ROWS } from './printf-tables.ts'
import { CRASHED_ROWS } from './crashed.ts'
import { DAEMON_ROWS } from './daemons.ts'
import { DISK_ROWS } from './disks.ts'
import { KMOD_ROWS } from './kmod.ts'
import type { Row } from './row.ts'
import { SLURM_ROWS } from './slurm-jobs.ts'
import { SSH_ROWS } from './ssh.ts'
import { SHELL_ROWS } from './shell.ts'
import { TEST_ROWS } from './tests.ts'

/**
 * The first row of all that has an answer for a line gives it: the programs' own words come before what several
 * programs print.
 */
export const ROWS: readonly Row[] = [
  ...KPROBE_EVENT_ROWS,
  ...PERMISSION_ROWS,
  ...LIBBPF_CORE_ROWS,
  ...TC_ROWS,
  ...XDP_ROWS,
  ...LIBBPF_ATTACH_ROWS,
  ...LIBBPF_OBJECT_ROWS,
  ...LIBBPF_LOAD_ROWS,
  ...GO_ROWS,
  ...BPFTRACE_ROWS,
  ...BCC_ROWS,
  ...AYA_ROWS,
  ...AGENT_ROWS,
  ...SCHED_EXT_ROWS,
  ...DENIAL_ROWS,
  ...SAMPLE_ROWS,
  ...SHELL_ROWS,
  ...MODULE_ROWS,
  ...KMOD_ROWS,
  ...SLURM_ROWS,
  ...SSH_ROWS,
  ...DIAL_ROWS,
  ...DAEMON_ROWS,
  ...COMPAT_ROWS,
  ...KERNEL_BUILD_ROWS,
  ...HOST_ROWS,
  ...LINKER_ROWS,
  ...BOOT_ROWS,
  ...DISK_ROWS,
  ...BPF_SYSCALL_ROWS,
  ...KERNEL_LOG_ROWS,
  ...FADDR2LINE_ROWS,
  ...TEST_ROWS,
  ...EVERYDAY_ROWS,
  ...PRINTF_ROWS,
  ...BPFTRACE_SCRIPT_ROWS,
  ...MISSING_ROWS,
  ...COMPILER_ROWS,
  ...BY_WORDS_ROWS,
  ...LAST_ROWS,
  ...CRASHED_ROWS,
]
