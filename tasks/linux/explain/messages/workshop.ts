/** Tools around a kernel tree and its probes: git and patch, archives, Rust, debuggers, kexec, test suites. */
import type { PrintfKind } from './printf.ts'

/** Only where they begin a line: guides to patch(1) quote them. */
export const PATCH_KINDS: readonly PrintfKind[] = [
  {
    rule: 'a patch does not fit the tree',
    formats: `
Hunk #%d FAILED at %d
%d out of %d hunks FAILED -- saving rejects to file %s
%d out of %d hunk FAILED -- saving rejects to file %s
patch: **** malformed patch at line %d
patch: **** Only garbage was found in the patch input.
Reversed (or previously applied) patch detected!
error: patch failed: %s:%d
error: %s: patch does not apply
error: corrupt patch at line %d
CONFLICT (content): Merge conflict in %s
error: could not apply %s`,
    cause:
      'the lines around the change are others in this tree: the patch is for another version, is in the tree already, or lost blanks and tabs when it was copied (from a mail or a web page)',
    fixes: [
      'git log --oneline -- FILE: is it in the tree already? git apply --3way, patch -p1 --dry-run, and the .rej file show which lines differ',
      'take the patch as a file (git format-patch, b4 am), not from a page; -p1 in the top directory of the tree',
    ],
    confidence: 'likely',
    sources: ['patch(1)', 'git-apply(1)'],
  },
]

export const WORKSHOP_KINDS: readonly PrintfKind[] = [
  {
    rule: 'git cannot fetch the tree',
    formats: `
fatal: not a git repository (or any %s
fatal: unable to access '%s': %s
fatal: early EOF
error: RPC failed; curl %s
fatal: fetch-pack: invalid index-pack output
fatal: the remote end hung up unexpectedly
fatal: couldn't find remote ref %s
fatal: Could not read from remote repository.
fatal: detected dubious ownership in repository at '%s'
fatal: No names found, cannot describe anything.
fatal: bad revision '%s'`,
    cause:
      'git has no repository here, cannot reach the other side, or the connection broke in the middle of a large transfer; or the directory belongs to another user (dubious ownership), or a shallow clone lacks the tag or commit that is asked for',
    fixes: [
      'git clone --depth 1 --branch v6.1 URL moves little; git fetch --unshallow or --tags for what is missing; https_proxy for a proxy',
      'git config --global --add safe.directory DIR, where the owner is another user; git init (or scripts/setlocalversion without git) in an unpacked tar',
    ],
    confidence: 'likely',
    sources: ['git-fetch(1)'],
  },
  {
    rule: 'an archive is cut short or damaged',
    formats: `
gzip: stdin: unexpected end of file
gzip: stdin: not in gzip format
tar: Unexpected EOF in archive
tar: This does not look like a tar archive
tar: Error is not recoverable: exiting now
xz: (stdin): Unexpected end of input
xz: (stdin): File format not recognized
zstd: /*stdin*\\: unsupported format
cpio: premature end of archive
cpio: premature end of file`,
    cause:
      'the file was not loaded to its end, is an error page of a server, or has another compression than its name says',
    fixes: ['file ARCHIVE; ls -l; load it again and compare its checksum; df: was the disk full while it was written?'],
    sources: ['tar(1)'],
  },
  {
    rule: 'Rust of the kernel or of a loader',
    formats: `
Rust bindings generator 'bindgen' could not be found.
Rust bindings generator '%s' is too old.
Rust compiler '%s' is too old.
Rust compiler '%s' could not be found.
Source code for the 'core' standard library could not be found
error: could not compile \`%s\`
error: toolchain '%s' does not have the component %s
error: the \`-Z\` %s only %s
error: linker \`%s\` not found
error: linking with \`%s\` failed: exit %s
error: failed to run custom build command for %s
error: unable to find LLVM shared lib
\`rust-src\` component`,
    cause:
      'the build in Rust lacks a part or has one of another version: Rust in the kernel wants rustc, bindgen and the source of the standard library of known versions; eBPF in Rust (aya) wants a nightly toolchain with rust-src, and bpf-linker with the LLVM of that toolchain',
    fixes: [
      'the kernel: make LLVM=1 rustavailable says what is missing; scripts/min-tool-version.sh rustc; rustup component add rust-src; cargo install bindgen-cli',
      'aya: rustup toolchain install nightly --component rust-src; cargo install bpf-linker; the first error above this line is the reason',
    ],
    confidence: 'likely',
    sources: ['Documentation/rust/quick-start.rst', 'https://aya-rs.dev/book'],
  },
  {
    rule: 'ptrace is not allowed',
    formats: `
ptrace(PTRACE_%s): Operation not permitted
ptrace(PTRACE_%s, ...): Operation not permitted
ptrace: Operation not permitted
Could not attach to process.  If your uid matches the uid of the target
warning: process %d is already traced by process %d
ptrace attach of "%s"%s was attempted by`,
    cause:
      'a debugger, strace or uprobe tool may not attach to the process: Yama allows only parents (kernel.yama.ptrace_scope=1), the container lacks CAP_SYS_PTRACE, the process belongs to another user, or another debugger has it already',
    fixes: [
      'sudo; sysctl kernel.yama.ptrace_scope=0; docker run --cap-add SYS_PTRACE; grep TracerPid /proc/PID/status',
    ],
    sources: ['ptrace(2)', 'Documentation/admin-guide/LSM/Yama.rst'],
  },
  {
    rule: 'gdb and the kernel of QEMU',
    formats: `
Remote 'g' packet reply is too long
Remote connection closed
Cannot access memory at address 0xffffffff%x
Ignoring packet error, continuing...
Truncated register %d in remote 'g' packet
warning: Selected architecture %s is not compatible with reported target architecture %s
Cannot insert breakpoint %d.`,
    cause:
      'gdb and the machine do not agree: the CPU changed its mode (16, 32, 64 bits) since gdb connected, the kernel is not mapped yet or at another address (KASLR), or QEMU ended',
    fixes: [
      'set architecture i386:x86-64 before target remote; connect after the kernel has started; nokaslr on the command line of the kernel',
      'hbreak (hardware) for breakpoints before the kernel is mapped; gdb vmlinux of exactly this build; lx-symbols of scripts/gdb',
    ],
    confidence: 'likely',
    sources: ['Documentation/dev-tools/gdb-kernel-debugging.rst'],
  },
  {
    rule: 'kexec and kdump',
    formats: `
No memory reserved for crash kernel
crashkernel reservation failed%s
kexec_file_load failed: %s
kexec_load failed: %s
kdump: No crashkernel parameter specified
Cannot load %s/vmlinuz%s
kexec: Loading of kernel image failed
crashkernel: memory value expected`,
    cause:
      'the kernel for a crash dump cannot be loaded: no memory was reserved for it at boot (crashkernel=), or lockdown and signatures (Secure Boot) take only a signed image through kexec_file_load',
    fixes: [
      'crashkernel=256M on the command line, then reboot; cat /sys/kernel/kexec_crash_size; dmesg | grep -i crash',
      'kexec -s (kexec_file_load) with a signed kernel, or Secure Boot off',
    ],
    confidence: 'likely',
    sources: ['Documentation/admin-guide/kdump/kdump.rst'],
  },
  {
    rule: 'syzkaller',
    formats: `
SYZFAIL: %s
failed to create instance: %s
failed to read from qemu: EOF
can't ssh into the instance
lost connection to test machine
no output from test machine
executor binary failed: %s`,
    cause:
      'the manager of syzkaller lost or never got its VM: the kernel does not boot in it, the image has no network or sshd, the key does not fit, or the kernel hung',
    fixes: [
      'boot the same image by hand with the qemu arguments of the configuration, and log in with its sshkey; -debug shows the console',
      'the kernel needs the options of docs/linux/kernel_configs.md (KCOV, NET of the machine, the driver of its disk)',
    ],
    confidence: 'likely',
    sources: ['docs/linux/troubleshooting.md of syzkaller'],
  },
  {
    rule: 'kdump or drgn without symbols',
    formats: `
could not find debugging symbols for kernel
missing debugging symbols for kernel
could not get debugging information for:
no debugging symbols found in vmlinux
cannot find booted kernel -- please enter namelist argument`,
    cause: 'drgn, crash or gdb find no vmlinux with debug information (DWARF) of the running kernel or of the dump',
    fixes: [
      'linux-image-$(uname -r)-dbg or kernel-debuginfo; vmlinux of the build directory (CONFIG_DEBUG_INFO=y); DEBUGINFOD_URLS',
      'drgn -s vmlinux; crash vmlinux vmcore: both must be of one build',
    ],
    confidence: 'likely',
    sources: ['drgn(1)', 'crash(8)'],
  },
  {
    rule: 'old iproute2 or an object that it does not read',
    formats: `
No ELF library support compiled in.
Continuing without mounted eBPF fs. Too old kernel?
object file doesn't contain section %s
bpf: Failed to load program: %s`,
    cause:
      'tc or ip cannot load the object: iproute2 was built without libelf or libbpf, no bpffs is mounted (only pinning needs it), or the object has no section of that name',
    fixes: [
      'ip -V and tc -V: a version with libbpf; mount -t bpf bpf /sys/fs/bpf; llvm-objdump -h FILE lists the sections, sec NAME chooses one',
    ],
    confidence: 'likely',
    sources: ['lib/bpf_legacy.c of iproute2'],
  },
  {
    rule: 'compiler does not fit the kernel',
    formats: `
*** Compiler is too old.
*** C compiler '%s' not found.
*** Assembler is too old.
*** Linker is too old.
*** unknown C compiler
Sorry, this compiler is not supported.
die__process_class: tag not supported %s
die__process_function: tag not supported %s
Unsupported DW_TAG_%s`,
    cause:
      'compiler, assembler, linker or pahole are older than this kernel (or its debug information) needs, or of a kind that it does not know',
    fixes: [
      'scripts/min-tool-version.sh gcc (binutils, llvm, rustc) prints what the tree needs; Documentation/process/changes.rst has the whole list',
      'pahole 1.24 or later for DW_TAG of newer compilers and of Rust; CC=gcc-12 chooses another compiler',
    ],
    sources: ['scripts/cc-version.sh', 'dwarf_loader.c of pahole'],
  },
]
