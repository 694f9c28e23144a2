/** Modules that cannot be loaded: what insmod, modprobe and dmesg say. */
import { errnoOf } from './errno.ts'
import { group, type Answer, type Row } from './row.ts'

const INSMOD: Readonly<Record<string, Answer>> = {
  ENOEXEC: {
    cause:
      'the module was built for another kernel (version, compiler options, architecture), or is damaged; dmesg has the reason',
    fixes: ['dmesg | tail; modinfo FILE | grep vermagic, and uname -r', 'build it against the running kernel'],
    confidence: 'likely',
  },
  ENOENT: {
    cause: 'the module needs a symbol that is not there: dmesg names it ("Unknown symbol")',
    fixes: ['modprobe loads what it depends on, insmod does not'],
    confidence: 'likely',
  },
  EINVAL: {
    cause: 'a parameter, a symbol version or the BTF of the module does not fit the kernel; dmesg has the reason',
    fixes: ['dmesg | tail'],
    confidence: 'possible',
  },
  EPERM: {
    cause: 'modules may not be loaded: lockdown (Secure Boot), kernel.modules_disabled=1, or not root',
    fixes: ['cat /sys/kernel/security/lockdown; sysctl kernel.modules_disabled'],
    confidence: 'likely',
  },
  ENOKEY: {
    cause:
      'the module is not signed with a key that the kernel knows, and signatures are enforced (Secure Boot, CONFIG_MODULE_SIG_FORCE)',
    fixes: ['sign it (scripts/sign-file) with an enrolled key (mokutil --import), or turn Secure Boot off'],
  },
  EKEYREJECTED: {
    cause: 'the signature of the module does not fit: it was changed after signing (strip), or is of another build',
    fixes: ['sign it again; install modules and kernel of one build together'],
  },
  EEXIST: { cause: 'a module of this name is loaded already', fixes: ['rmmod it first'] },
  EBUSY: {
    cause: 'a module of this name is being loaded or unloaded, or its device is taken',
    fixes: ['dmesg | tail'],
    confidence: 'possible',
  },
  ENODEV: {
    cause: 'the module found no device that it is for, and its init function says so',
    fixes: ['dmesg | tail; the hardware is not in this VM'],
    confidence: 'likely',
  },
}

export const MODULE_ROWS: readonly Row[] = [
  {
    rule: 'module refused',
    needle: ['insmod', 'modprobe', 'could not insert', "Couldn't insert module"],
    pattern:
      /(?:insmod: ERROR: could not insert module|modprobe: ERROR: could not insert|insmod: can't insert|modprobe: can't (?:load|insert)|insmod: error inserting|ERROR: Couldn't insert module) '?(\S+?)'?: (.+)/,
    answer: (match) => {
      const errno =
        errnoOf(group(match, 2)) ??
        (/Unknown symbol/.test(group(match, 2))
          ? 'ENOENT'
          : /Invalid (?:module format|parameters)/.test(group(match, 2))
            ? /format/.test(group(match, 2))
              ? 'ENOEXEC'
              : 'EINVAL'
            : '')
      const known = INSMOD[errno]
      return known && { ...known, what: `${group(match, 1)} cannot be loaded: ${errno}` }
    },
  },
  {
    rule: 'module is of another kernel',
    needle: ['version magic', 'disagrees about version of symbol', 'this_module section size'],
    pattern:
      /(\S+): (?:version magic '([^']+)' should be '([^']+)'|disagrees about version of symbol (\S+)|\.gnu\.linkonce\.this_module section size must match)/,
    answer: (match) => ({
      what: match[0],
      cause: `${group(match, 1)} was built against another kernel or another configuration than the one that runs`,
      fixes: [
        'build it against the tree of the running kernel: make -C /lib/modules/$(uname -r)/build M=$PWD',
        'install the modules of this build: make modules_install',
      ],
      sources: ['kernel/module (same_magic, check_version)'],
    }),
  },
  {
    rule: 'module needs a symbol that is not there',
    needle: 'Unknown symbol',
    // Before 2.6.37 without the number.
    pattern: /(\S+): Unknown symbol (\w[\w.]*)(?: \(err (-?\d+)\)|\s*$)/,
    key: (match) => `${match[1]} ${match[2]}`,
    answer: (match) => ({
      cause:
        match[3] === '-22'
          ? `the version of ${match[2]} is another one than in the kernel that the module was built for`
          : `no module that is loaded exports ${match[2]}, nor does the kernel`,
      fixes: [
        'modprobe instead of insmod, after depmod -a',
        `grep ${match[2]} Module.symvers; not exported: \`expose:\` of lab (as: [exported])`,
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'module signature',
    needle: [
      'module verification failed',
      'is rejected: unsigned module',
      'Loading of unsigned module',
      'PKCS#7 signature not signed',
    ],
    pattern:
      /(\S+: module verification failed: signature and\/or required key missing)|Loading of (?:unsigned )?module(?: with \S+ \S+)? is rejected|PKCS#7 signature not signed with a trusted key/,
    key: () => '',
    answer: (match) =>
      match[1] === undefined
        ? (INSMOD['ENOKEY'] as Answer)
        : {
            cause:
              'the module has no signature of a known key; it is loaded all the same, and the kernel is marked as tainted (E)',
            fixes: ['nothing, unless signatures are enforced'],
          },
  },
  {
    rule: 'module is not signed',
    needle: ['sign-file: ', 'SSL error:'],
    pattern:
      /^\s*(?:-|At main\.c:\d+:) ?SSL error:.*(?:fopen|no such file|BIO_new_file|PEM_read_bio|bad password).*|sign-file: \S+: No such file or directory/i,
    key: () => '',
    cause:
      'make modules_install signs each module (CONFIG_MODULE_SIG_ALL), and the private key of the kernel (certs/signing_key.pem) is not in the headers of a distribution. The module is installed all the same, without a signature',
    fixes: [
      'nothing, where signatures are not enforced: the kernel loads it and is marked as tainted (E)',
      'where they are (Secure Boot, module.sig_enforce): make a key of your own, enrol it (mokutil --import), and scripts/sign-file sha256 KEY CERT MODULE.ko',
      'make modules_install CONFIG_MODULE_SIG_ALL= leaves the messages out',
    ],
    sources: ['scripts/sign-file.c', 'scripts/Makefile.modinst'],
  },
  {
    rule: 'init of a module returned a positive number',
    needle: 'suspiciously returned',
    pattern: /do_init_module: '(\w+)'->init suspiciously returned (-?\d+)/,
    answer: (match) => ({
      what: `the init function of ${match[1]} returned ${match[2]}`,
      cause: `the init function of a module returns 0 or a negative error, and this one returned ${match[2]}. The kernel warns, with a call trace, and keeps the module loaded: nothing crashed, and whatever the module wanted to say with the number is lost`,
      fixes: ['in the module: return 0 where all is well, -ENOENT and the like where it is not'],
      sources: ['do_init_module() of kernel/module'],
    }),
  },
  {
    rule: 'module without a license',
    needle: ['MODULE_LICENSE', 'license '],
    pattern: /modpost: missing MODULE_LICENSE\(\) in (\S+)|: module license '([^']*)' taints kernel/,
    answer: (match) => ({
      cause:
        match[1] === undefined
          ? `the license ${match[2]} of the module is not one that the kernel counts as free: it is loaded, may not use GPL-only symbols, and the kernel is marked as tainted (P)`
          : `${match[1]} does not say its license, which modpost of newer kernels treats as an error`,
      fixes: ['MODULE_LICENSE("GPL"); in one source file of the module'],
      sources: ['include/linux/module.h', 'scripts/mod/modpost.c'],
    }),
  },
  {
    rule: 'module of outside of the tree',
    needle: 'loading out-of-tree module taints kernel',
    pattern: /(\S+): loading out-of-tree module taints kernel/,
    answer: (match) => ({
      cause: `${match[1]} was not built with the kernel: the kernel notes that with the taint flag O. It is no error`,
      fixes: ['nothing'],
      sources: ['Documentation/admin-guide/tainted-kernels.rst'],
    }),
  },
  {
    rule: 'module BTF',
    needle: ['failed to validate module', 'BPF:', 'module BTF', 'BTF is malformed'],
    pattern:
      /failed to validate module \[(\S+)\] BTF: (-\d+)|^(?:<\d+>)?(?:\[ *\d+\.\d+\] ?)BPF: ?(?:Invalid \w+|\[\d+\] [A-Z_]+ |type_id=).*|missing module BTF, cannot register kfuncs|in-kernel BTF is malformed/,
    key: (match) => match[1] ?? '',
    answer: (match) => ({
      cause: `the BTF of ${match[1] ?? 'a module (or of the kernel)'} was made against another vmlinux than the one that runs; before 5.16 or so the module is refused for it`,
      fixes: [
        'build module and kernel together; CONFIG_MODULE_ALLOW_BTF_MISMATCH=y (5.18 and later); strip .BTF from the module',
      ],
      confidence: 'likely',
      sources: ['commit 5e214f2e43e4 (5.18, MODULE_ALLOW_BTF_MISMATCH)'],
    }),
  },
  {
    rule: 'module compressed or not found',
    needle: ['modprobe: FATAL: Module'],
    pattern: /modprobe: FATAL: Module (\S+) not found in directory (\S+)/,
    answer: (match) => ({
      cause: `${group(match, 2)} has no ${group(match, 1)}: it is built in, not built at all, or modules of this kernel are not installed`,
      fixes: [
        `grep ${group(match, 1)} ${group(match, 2)}/modules.builtin; zcat /proc/config.gz | grep CONFIG_...`,
        'make modules_install; the kernel was updated: reboot',
      ],
    }),
  },
]
