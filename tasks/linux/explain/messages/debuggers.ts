/** Tools that look into a kernel or a trace: crash, drgn, gdb, uftrace, LTTng. */
import { FILES } from './errno-perf.ts'
import type { PrintfKind } from './printf.ts'

export const DEBUGGER_KINDS: readonly PrintfKind[] = [
  {
    rule: 'debug information of the kernel',
    formats: `
cannot find booted kernel -- please enter namelist argument
no debugging data available
vmlinux and %s do not match!
could not find debugging information for kernel
could not get debugging information for:
missing debugging symbols for %s
missing debugging symbols; see https://%s
drgn.MissingDebugInfoError: %s
crash: cannot resolve "%s"
crash: invalid structure member offset: %s
crash: seek error: kernel virtual address: %s
no symbol table is loaded. use the "file" command.
libelf error: invalid \`Elf' handle
crash: read error: kernel virtual address: %s`,
    cause:
      'crash, drgn and gdb need the vmlinux with DWARF of exactly this kernel (same build-id), and have none, another one, or a dump that is damaged or filtered',
    fixes: [
      "the distribution's debug symbols of this version (linux-image-$(uname -r)-dbg, kernel-debuginfo), or vmlinux from the build directory (CONFIG_DEBUG_INFO=y); debuginfod finds it by itself",
      'crash VMLINUX /proc/kcore (or the dump); drgn -s VMLINUX; file VMLINUX shows "with debug_info, not stripped" and the BuildID',
      'a dump without some pages: makedumpfile -d 31 leaves out free and user pages; use a lower level',
    ],
    confidence: 'likely',
    sources: ['crash(8), drgn(1)'],
  },
  {
    rule: 'drgn does not see a kernel in the dump',
    formats: `
virtual address translation is only available for the Linux kernel
not an ELF file; ignoring`,
    cause:
      'drgn takes the file for something else than the dump of a kernel: dump-guest-memory of QEMU writes no VMCOREINFO unless the guest has the device for it, and a dump that makedumpfile compressed is no ELF file',
    fixes: [
      'QEMU: -device vmcoreinfo (and FW_CFG_SYSFS in the guest), then dump again',
      'makedumpfile: drgn built with libkdumpfile reads its format (drgn -c); makedumpfile -R or -E writes ELF',
    ],
    confidence: 'likely',
    sources: ['drgn: libdrgn/program.c', 'QEMU: docs/specs/vmcoreinfo.rst'],
  },
  {
    rule: 'memory of the kernel cannot be read',
    formats: `
crash: /dev/mem: %e
crash: /proc/kcore: %e
drgn: open: /proc/kcore: %e
/proc/kcore: Operation not permitted
/dev/mem: Operation not permitted`,
    cause: 'reading the memory of the running kernel needs root, CONFIG_PROC_KCORE, and no lockdown (confidentiality)',
    fixes: ['sudo; cat /sys/kernel/security/lockdown; or look at a dump (kdump, virsh dump --memory-only)'],
    sources: ['Documentation/admin-guide/kdump'],
  },
  {
    rule: 'uftrace: tracing of the kernel',
    formats: `
kernel: cannot open tracing file: %s: %e
cannot open tracing file: %s: %e
failed to reset tracing files
kernel tracing disabled due to an error
is CONFIG_FUNCTION_GRAPH_TRACER enabled in the kernel?
kernel tracing requires root privilege
failed to open 'tracing/available_events
failed to open 'tracing/available_filter_functions' file`,
    cause:
      'uftrace -k uses function_graph through tracefs, and cannot write there: not root, tracefs is not mounted where this uftrace looks (older ones only know /sys/kernel/debug/tracing), or the tracer is not built in',
    fixes: [
      'sudo; mount -t tracefs nodev /sys/kernel/tracing, and mount -t debugfs nodev /sys/kernel/debug; in a container mount /sys/kernel of the host',
      'zgrep FUNCTION_GRAPH_TRACER /proc/config.gz; a newer uftrace',
    ],
    errors: FILES,
    confidence: 'likely',
    sources: ['utils/kernel.c and utils/tracefs.c of uftrace'],
  },
  {
    rule: 'LTTng: kernel tracer',
    formats: `
Error: Kernel tracer not available
Failed to open kernel tracer
Failed to open /proc/lttng
Kernel tracer is not available
Unable to load required module %s
Unable to load optional kernel module %s
No tracing group detected
Tracing the kernel requires a root lttng-sessiond daemon`,
    cause:
      'the session daemon of LTTng could not load its modules (lttng-modules): they are not installed for this kernel, are refused by Secure Boot, or the daemon does not run as root',
    fixes: [
      'sudo systemctl start lttng-sessiond (one that runs as root); sudo usermod -aG tracing $USER, then log in again',
      'apt install lttng-modules-dkms; sudo modprobe lttng-tracer && dmesg | tail',
      'sudo lttng-sessiond -d, and your user in the group tracing',
    ],
    confidence: 'likely',
    sources: ['lttng-sessiond(8)'],
  },
]
