/** dkms, which builds modules for each installed kernel. Read from dkms 3. */
import type { PrintfKind } from './printf.ts'

export const DKMS_KINDS: readonly PrintfKind[] = [
  {
    rule: 'dkms: the module is not where it was expected',
    formats: `
Error!  Build of %s failed for: %s
Error! Build of %s failed for: %s
Make sure the name and location of the generated module are correct,`,
    cause:
      'the build ended, and the file of the module is not at the place that dkms.conf names (BUILT_MODULE_NAME, BUILT_MODULE_LOCATION): make had nothing to do (a wrong M= or MAKE[0] line, obj-m empty), or it failed without saying so',
    fixes: [
      'make.log: does it have a line CC [M]? find /var/lib/dkms/MODULE -name "*.ko*"; compare with dkms.conf',
      'a newer release of the module: rules of kbuild changed with 6.13 (M= outside of the tree) and 5.3 (SUBDIRS=)',
    ],
    confidence: 'likely',
    sources: ['dkms(8)'],
  },
  {
    rule: 'dkms: the module does not compile',
    formats: `
Error! Bad return status for module build on kernel: %s
(bad exit status: %d)
Running dkms build failed, dumping %s
Error! One or more modules failed to install during autoinstall.
ERROR (dkms apport): kernel package %s is not supported
Consult %s/make.log for more information.`,
    cause:
      'the module does not compile against this kernel: usually the kernel is newer than the module and changed a function that it uses, or its headers are incomplete. The reason is in make.log',
    fixes: [
      'the first "error:" in /var/lib/dkms/MODULE/VERSION/build/make.log (`lab explain` on that file); a newer release of the module',
      'boot the older kernel meanwhile; compile with the gcc (or clang: LLVM=1) that built the kernel',
    ],
    confidence: 'likely',
    sources: ['dkms(8)'],
  },
  {
    rule: 'headers of the kernel are not there',
    formats: `
kernel headers for this kernel do not seem to be installed.
Missing %s kernel headers for module %s
Error! echo
Error! Module build for kernel %s was skipped since the
Please install the linux-headers-%s package`,
    cause: 'dkms builds the module against the headers of this kernel, and they are not installed',
    fixes: [
      'apt install linux-headers-$(uname -r), dnf install kernel-devel, pacman -S linux-headers (of the same kernel flavour)',
      'nothing, for kernels that are not booted any more',
    ],
    sources: ['dkms(8)'],
  },
  {
    rule: 'dkms: the module is not for this kernel',
    formats: `
includes a BUILD_EXCLUSIVE directive which does not match this kernel/arch/config.
Error! The %s/dkms.conf for module %s includes a BUILD_EXCLUSIVE directive%s
Error! Could not find module source directory.
Error! DKMS tree already contains: %s
Error! Could not locate dkms.conf file.`,
    cause:
      'dkms.conf says for which kernels and architectures the module is, and this is none of them; or its source is not where dkms expects it',
    fixes: ['dkms status; another release of the module; dkms remove MODULE/VERSION --all, then add it again'],
    confidence: 'likely',
    sources: ['dkms(8)'],
  },
]
