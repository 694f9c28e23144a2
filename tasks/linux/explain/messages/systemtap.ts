/** SystemTap: resolving probes, building its module, loading it. Read from systemtap 5. */
import type { PrintfKind } from './printf.ts'

export const SYSTEMTAP_KINDS: readonly PrintfKind[] = [
  {
    rule: 'systemtap: debug information',
    formats: `
semantic error: missing %s debuginfo
kernel/module debuginfo [man warning::debuginfo]
WARNING: cannot find module %s debuginfo
WARNING: Kernel function symbol table missing
semantic error: unable to find local '%s'
semantic error: unable to find member '%s' for struct %s
Missing separate debuginfos, use: debuginfo-install kernel%s
Missing separate debuginfos, use: dnf debuginfo-install kernel%s`,
    cause:
      'stap finds functions, variables and types in the DWARF of exactly this kernel (or program), and that is not installed, or lacks the name',
    fixes: [
      'debuginfo-install kernel-$(uname -r) (Fedora, RHEL), linux-image-$(uname -r)-dbgsym (Debian, Ubuntu); stap-prep installs what is missing',
      'your own kernel: CONFIG_DEBUG_INFO=y, and stap -r BUILD_DIRECTORY',
      'kprobe.function("NAME") and tracepoints (kernel.trace("EVENT")) need no DWARF',
    ],
    confidence: 'likely',
    sources: ['error::pass2(7stap), warning::debuginfo(7stap)'],
  },
  {
    rule: 'systemtap: module of another build',
    formats: `
ERROR: module version mismatch (%s vs %s), release %s
ERROR: module release mismatch (%s vs %s)`,
    cause:
      'the module that stap made (or took from its cache) is for another build of this kernel: headers and debug information of the same release number, but not of the kernel that runs',
    fixes: [
      'rm -rf ~/.systemtap/cache; install kernel-devel and kernel-debuginfo of the very build that `uname -v` names',
      'boot the kernel that the packages are of',
    ],
    sources: ['runtime/transport/symbols.c of systemtap'],
  },
  {
    rule: 'systemtap: probe point',
    formats: `
semantic error: while resolving probe point: identifier '%s' at %s
semantic error: no match
semantic error: probe point mismatch
semantic error: no probes found
semantic error: while processing function %s
Pass 2: analysis failed.`,
    cause:
      'no function, tracepoint or alias fits the probe point: it does not exist in this kernel, was inlined, or stap has no debug information to find it with',
    fixes: [
      'stap -L \'kernel.function("PATTERN")\' lists what there is; stap-prep installs the debug information',
      'a tapset that is older than the kernel names functions that were renamed: use a newer systemtap; `!` or `?` behind the point makes it optional',
    ],
    confidence: 'likely',
    sources: ['error::pass2(7stap)'],
  },
  {
    rule: 'systemtap: tapset and kernel differ',
    formats: "semantic error: type definition '%s' not found in '%s'",
    cause:
      'the script or the tapset casts to a type that the debug information of this kernel does not have: the tapset is older (or newer) than the kernel, or the type is in a module',
    fixes: [
      'a systemtap of the time of the kernel, or newer; @cast(p, "TYPE", "kernel<linux/types.h>") names a header that has the type',
      'without debug information of the kernel no type is found: stap-prep installs it',
    ],
    confidence: 'likely',
    sources: ['error::pass2(7stap)'],
  },
  {
    rule: 'systemtap: kernel headers',
    formats: `
Checking "%s" failed with error: %s
Incorrect version or missing kernel-devel package, use: %s
WARNING: kbuild exited with status: %d
Pass 4: compilation failed.`,
    cause:
      'stap makes a module of the script, and cannot compile it: the headers of this kernel are not installed, or its runtime is older than the interfaces of the kernel',
    fixes: [
      'kernel-devel-$(uname -r) or linux-headers-$(uname -r), for the kernel that runs',
      'a newer systemtap; stap --bpf or --dyninst need no module',
    ],
    confidence: 'likely',
    sources: ['error::pass4(7stap)'],
  },
  {
    rule: 'systemtap: module cannot be loaded',
    formats: `
ERROR: Couldn't insert module '%s': %e
ERROR: Unable to canonicalize path "%s": %s
You are trying to run systemtap as a normal user.
Pass 5: run failed.
WARNING: MODVERSIONS is not set`,
    cause:
      'the module of the script is refused or ended with an error: no root (or group stapdev), signatures are enforced (Secure Boot), or the script failed while it ran',
    fixes: [
      'sudo, or the groups stapusr and stapdev; dmesg | tail says why the module was refused',
      'Secure Boot: enrol the key of a stap-server, or turn it off',
    ],
    confidence: 'likely',
    sources: ['error::pass5(7stap)'],
  },
]
