/** modprobe, rmmod, depmod and the programs of an initramfs that use them. */
import { errnoOf } from './errno.ts'
import type { PrintfKind } from './printf.ts'
import { group, type Row } from './row.ts'

export const KMOD_KINDS: readonly PrintfKind[] = [
  {
    rule: 'module is in use',
    formats: `
Module %s is in use
FATAL: Module %s is in use.
ERROR: Module %s is in use by: %s`,
    cause:
      'a module cannot be removed while something uses it: another module, an open file, a mount, a running probe or VM',
    fixes: [
      'lsmod | grep NAME: the last column lists modules that use it, the number counts all users; remove those first (modprobe -r does)',
      'lsof /dev/NAME; a count that never falls is a leak in the module: reboot',
    ],
    sources: ['kernel/module: delete_module'],
  },
  {
    rule: 'module is not loaded',
    formats: `
ERROR: Module %s is not currently loaded
rmmod: can't unload module '%s': %s
Module %s is builtin.`,
    cause:
      'there is no such module to remove: it was never loaded (its insmod failed), has another name (- is _), or is built in',
    fixes: ['lsmod | grep NAME; grep NAME /lib/modules/$(uname -r)/modules.builtin'],
    sources: ['rmmod(8)'],
  },
  {
    rule: 'modules of this kernel are not there',
    formats: `
depmod: ERROR: could not open directory %s
depmod: ERROR: fstatat(%s
depmod: WARNING: could not open modules.%s
modprobe: ERROR: ../libkmod/libkmod.c:%d %s
modprobe: can't change directory to '%s'
Failed to find module '%s'
Failed to look up module alias '%s'`,
    cause:
      'there are no modules of the running kernel in this system (or not this one): the kernel was built and booted without make modules_install, or is not the one of the distribution',
    fixes: [
      'ls /lib/modules; uname -r; make modules_install INSTALL_MOD_PATH=ROOT, then depmod -b ROOT VERSION',
      'build in what the guest needs (=y instead of =m): then no module has to be loaded',
    ],
    confidence: 'likely',
    sources: ['modprobe(8)'],
  },
]

const MEANING: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  EOPNOTSUPP: [
    'the hardware does not have what the module drives: kvm_intel and kvm_amd need VT-x or AMD-V, which is off in the firmware or not passed on to this VM',
    'dmesg | tail; egrep -c "vmx|svm" /proc/cpuinfo; nested virtualisation on the host',
  ],
  ENODEV: ['no device of this driver is in the machine', 'lspci -nn, lsusb; dmesg | tail'],
  EBUSY: ['another driver or module has the device already', 'lsmod; lspci -k'],
  EEXIST: ['the module, or something of the same name, is there already', 'lsmod | grep NAME; rmmod NAME first'],
  EINVAL: ['a parameter is wrong, or its init refuses', 'modinfo -p NAME; dmesg | tail'],
  ENOMEM: ['no memory for the module', 'free -m; dmesg | tail'],
  EPERM: [
    'it is not run by root, or modules are locked (kernel.modules_disabled=1, lockdown)',
    'sudo; sysctl kernel.modules_disabled',
  ],
}

export const KMOD_ROWS: readonly Row[] = [
  {
    rule: 'module refused',
    needle: ['could not insert', "can't insert", 'error inserting'],
    pattern:
      /(?:modprobe|insmod): (?:ERROR: )?(?:could not insert|can't insert|error inserting) (?:module )?'?([^\s':]+)'?: (?:-1 )?(.{3,60})$/,
    answer: (match) => {
      const known = MEANING[errnoOf(group(match, 2)) ?? '']
      return (
        known && {
          what: `${match[1]} cannot be loaded: ${errnoOf(group(match, 2))}`,
          cause: known[0],
          fixes: [known[1]],
          confidence: 'likely',
          sources: ['init_module(2)'],
        }
      )
    },
  },
]
