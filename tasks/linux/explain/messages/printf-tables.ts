/** The tables that are made of formats, each with what its program prints before a message. */
import { BCC_KINDS } from './bcc-printf.ts'
import { BPFTRACE_KINDS } from './bpftrace-printf.ts'
import { BUILD_KINDS } from './compiler.ts'
import { LIBBPF_FILE_KINDS } from './libbpf-files.ts'
import { LIBBPF_OLD_KINDS } from './libbpf-old.ts'
import { LIBBPF_KINDS } from './libbpf-printf.ts'
import { LOADER_KINDS } from './loaders-printf.ts'
import { AGENT_KINDS } from './agents.ts'
import { PERF_KINDS } from './perf.ts'
import { PERF_BUILD_KINDS } from './perf-build.ts'
import { PERF_RECORD_KINDS } from './perf-record.ts'
import { printfRow, type PrintfKind } from './printf.ts'
import { BACKEND_KINDS } from './bpf-backend.ts'
import { CILIUM_KINDS } from './agents-cilium.ts'
import { BOOTLOADER_KINDS } from './bootloader.ts'
import { DEBUGGER_KINDS } from './debuggers.ts'
import { DKMS_KINDS } from './dkms.ts'
import { FIRECRACKER_KINDS } from './firecracker.ts'
import { GOBPF_KINDS } from './gobpf.ts'
import { KBUILD_KINDS } from './kbuild.ts'
import { KERNEL_PRINTK_KINDS } from './kernel-printk.ts'
import { KPATCH_KINDS } from './kpatch.ts'
import { SCHED_EXT_KINDS } from './sched-ext.ts'
import { LIBXDP_KINDS, XDP_TOOL_KINDS } from './xdp.ts'
import { SYSTEMTAP_KINDS } from './systemtap.ts'
import { QEMU_KINDS } from './qemu.ts'
import { BOOTSTRAP_KINDS } from './bootstrap.ts'
import { DAEMON_KINDS } from './daemons.ts'
import { DISK_KINDS } from './disks.ts'
import { KERNEL_WARNING_KINDS } from './kernel-warnings.ts'
import { KMOD_KINDS } from './kmod.ts'
import { QEMU_MORE_KINDS, VIRTIOFSD_KINDS } from './qemu-more.ts'
import { SLURM_KINDS } from './slurm.ts'
import { SSH_KINDS } from './ssh.ts'
import { PATCH_KINDS, WORKSHOP_KINDS } from './workshop.ts'
import type { Row } from './row.ts'
import { BPFTOOL_KINDS, NET_KINDS, TRACE_CMD_END_KINDS, TRACE_CMD_KINDS } from './tools.ts'

export interface PrintfTable {
  /** A pattern, for the messages of the whole table. */
  readonly before: string
  /** A text that the pattern matches. */
  readonly sample: string
  readonly kinds: readonly PrintfKind[]
}

export const PRINTF_TABLES: readonly PrintfTable[] = [
  // Some words of QEMU and trace-cmd are those of other programs too: only after their names, or at the beginning of a
  // line.
  {
    before: String.raw`(?:\b(?:qemu|kvm)[\w.-]{0,30}: (?:.{0,200}? )?|^)`,
    sample: 'qemu-system-x86_64: ',
    kinds: [...QEMU_KINDS, ...QEMU_MORE_KINDS],
  },
  {
    before: String.raw`(?:\b(?:slurm\w*|sbatch|srun|salloc|sacct\w*|squeue|sinfo|scontrol|scancel|munge\w*)(?:\[\d+\])?: (?:.{0,160}?\s)?|^(?:error|fatal): )`,
    sample: 'slurmd: error: ',
    kinds: SLURM_KINDS,
  },
  { before: '', sample: '', kinds: [...SSH_KINDS, ...BOOTSTRAP_KINDS] },
  {
    before: '',
    sample: '',
    kinds: [
      ...DAEMON_KINDS,
      ...DISK_KINDS,
      ...KERNEL_WARNING_KINDS,
      ...KMOD_KINDS,
      ...VIRTIOFSD_KINDS,
      ...CILIUM_KINDS,
      ...WORKSHOP_KINDS,
    ],
  },
  { before: '^', sample: '', kinds: PATCH_KINDS },
  { before: String.raw`^(?:trace-cmd: ?)?\s{0,8}`, sample: '', kinds: TRACE_CMD_KINDS },
  { before: String.raw`^(?:trace-cmd: ?|\s{2,8})`, sample: '  ', kinds: TRACE_CMD_END_KINDS },
  { before: 'Error: ', sample: 'Error: ', kinds: BPFTOOL_KINDS },
  { before: 'libxdp: ', sample: 'libxdp: ', kinds: LIBXDP_KINDS },
  { before: '(?:libxdp: |^\\s*)', sample: '', kinds: XDP_TOOL_KINDS },
  {
    before: '',
    sample: '',
    kinds: [...NET_KINDS, ...PERF_KINDS, ...PERF_RECORD_KINDS, ...DKMS_KINDS, ...BACKEND_KINDS, ...BUILD_KINDS],
  },
  { before: '', sample: 'trace: ', kinds: KERNEL_PRINTK_KINDS },
  { before: '', sample: 'make: ', kinds: [...KBUILD_KINDS, ...PERF_BUILD_KINDS] },
  { before: '', sample: '', kinds: [...BOOTLOADER_KINDS, ...FIRECRACKER_KINDS, ...KPATCH_KINDS, ...DEBUGGER_KINDS] },
  { before: 'libbpf: ', sample: 'libbpf: ', kinds: [...LIBBPF_KINDS, ...LIBBPF_FILE_KINDS, ...LIBBPF_OLD_KINDS] },
  {
    before: '',
    sample: '',
    kinds: [
      ...BPFTRACE_KINDS,
      ...BCC_KINDS,
      ...LOADER_KINDS,
      ...AGENT_KINDS,
      ...GOBPF_KINDS,
      ...SCHED_EXT_KINDS,
      ...SYSTEMTAP_KINDS,
    ],
  },
]

export const PRINTF_ROWS: readonly Row[] = PRINTF_TABLES.flatMap(({ before, kinds }) =>
  kinds.map((kind) => printfRow(before, kind)),
)
