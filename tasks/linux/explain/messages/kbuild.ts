/** What the kernel's own build says: its Makefiles, modpost and kconfig. Read from 5.4, 5.10 and 7.2. */
import type { PrintfKind } from './printf.ts'

export const KBUILD_KINDS: readonly PrintfKind[] = [
  {
    rule: 'kernel is not configured',
    formats: `
No .config exists, config your kernel first!
*** Configuration file "%s" not found!
*** Please run some configurator (e.g. %s
Run 'make oldconfig && make prepare' on kernel src to fix it.
*** Can't find default configuration "%s"!
The configuration requires explicit update.
Error in reading or end of file.
Console input/output is redirected. Run 'make oldconfig' to update configuration.
*** The present kernel configuration has modules disabled.`,
    cause:
      'the tree has no complete configuration, or kconfig wants to ask about new options and nobody can answer: .config is missing, of another version, or of another directory (O=)',
    fixes: [
      'make defconfig (or copy a configuration to .config), then make olddefconfig, which asks nothing and takes the defaults',
      'for modules outside of the tree: make olddefconfig modules_prepare in the tree; headers packages bring both',
    ],
    sources: ['scripts/kconfig', 'Documentation/kbuild/kconfig.rst'],
  },
  {
    rule: 'make is called in a form that kbuild does not take',
    formats: `
'SUBDIRS' was removed in Linux 5.3
Use 'M=' or 'KBUILD_EXTMOD=' instead
targets prefixed with '__' are only for internal use
source directory cannot contain spaces or colons
building multiple external modules is not supported
failed to create output directory "%s"
main directory cannot contain spaces nor colons
GNU Make >= %s is required. Your Make version is %s
You cannot use subdir-y/m to visit a module Makefile. Use obj-y/m instead.
kbuild: Makefile.build is included improperly
will not be built even though obj-m is specified.
You need to use 'M='`,
    cause: 'the build of the kernel refuses the way in which it is called; the message says which rule is broken',
    fixes: [
      'make -C /lib/modules/$(uname -r)/build M=$PWD modules: M= in the place of SUBDIRS= (gone since 5.3)',
      'a directory without blanks and colons in its path, that may be written to; a newer GNU make where the message asks for one',
    ],
    sources: ['Makefile of the kernel', 'Documentation/kbuild/modules.rst', 'commit 7e35b42591c0 (5.3, SUBDIRS)'],
  },
  {
    rule: 'section mismatch',
    formats: `
Section mismatch in reference from the %s
Section mismatches detected.
section mismatch in reference: %s
modpost: Found %d section mismatch(es).
unexpected non-allocatable section.`,
    cause:
      'code that stays in memory refers to code or data that is freed after boot (__init, __exit): it works until the reference is used. Harmless where the compiler only inlined differently than usual',
    fixes: [
      'mark the caller __init too, or take __init off what it calls; CONFIG_DEBUG_SECTION_MISMATCH=y shows where it comes from',
      'a tree that is older than the compiler has such warnings without harm: CONFIG_SECTION_MISMATCH_WARN_ONLY=y lets the build go on',
    ],
    confidence: 'likely',
    sources: ['scripts/mod/modpost.c'],
  },
  {
    rule: 'symbols of the kernel are not known to modpost',
    formats: `
Symbol info of vmlinux is missing. Unresolved symbol check will be entirely skipped.
modpost: Symbol version dump "%s" is missing
parse error in symbol dump file
version generation failed, symbol will not be versioned.
"%s" [%s.ko] has no CRC!
exported twice. Previous export was in %s
is COMMON symbol
has no symtab?
"%s" [%s] is a static %s`,
    cause:
      'modpost could not compare the symbols of the module with those of the kernel: Module.symvers is missing (the kernel was never built here, only prepared) or of another build, or two modules export the same name',
    fixes: [
      'build the kernel once (make vmlinux modules), or copy Module.symvers of exactly this kernel into the build directory',
      'a symbol that another module of yours exports: KBUILD_EXTRA_SYMBOLS=/path/Module.symvers',
    ],
    confidence: 'likely',
    sources: ['scripts/mod/modpost.c', 'Documentation/kbuild/modules.rst'],
  },
  {
    rule: 'Kconfig file has a mistake',
    formats: `
Recursive inclusion detected.
unexpected recursive dependency error
%s: Kconfig file missing
can't find file Kconfig
can't find file %s/Kconfig
warning: ignoring unsupported character '%s'
missing end statement for this entry
Kconfig:%d: unknown statement "%s"
Kconfig.%s:%d: unknown statement "%s"
:\tsymbol %s depends on %s
:\tsymbol %s is selected by %s
Kconfig:%d: invalid statement
Kconfig.%s:%d: invalid statement`,
    cause:
      'the description of options (Kconfig) cannot be read: a file that it includes is missing (an incomplete tree or patch), or options depend on each other in a circle',
    fixes: [
      'the file and line are in the message; git status shows files that are missing or changed by a patch',
      'a circle: turn a select into depends on (Kconfig recursive dependency limitations)',
    ],
    sources: ['Documentation/kbuild/kconfig-language.rst'],
  },
]
