/** What the host must have, by program or file, and the Debian package that brings it. */
import { existsSync } from 'node:fs'
import { which } from './which.ts'

export interface Requirement {
  /** A program on the PATH, or an absolute path. */
  readonly needs: string
  readonly package: string
  readonly why: string
}

/** What every lab needs. */
const REQUIREMENTS: readonly Requirement[] = [
  { needs: 'qemu-system-x86_64', package: 'qemu-system-x86', why: 'runs the guest' },
  { needs: 'qemu-img', package: 'qemu-utils', why: 'makes disk overlays' },
  { needs: 'gcc', package: 'gcc', why: 'compiles holder, workloads and kernels' },
  { needs: 'tar', package: 'tar', why: 'unpacks sources and images' },
  { needs: 'xz', package: 'xz-utils', why: 'unpacks sources, and modules of prebuilt kernels' },
  { needs: 'dpkg-deb', package: 'dpkg', why: 'unpacks Debian packages' },
  { needs: 'clang', package: 'clang', why: 'compiles BPF objects' },
  { needs: '/usr/include/bpf/libbpf.h', package: 'libbpf-dev', why: 'headers of BPF programs and of the holder' },
  { needs: '/usr/include/libelf.h', package: 'libelf-dev', why: 'the holder, and kernels with objtool' },
  { needs: '/usr/include/zlib.h', package: 'zlib1g-dev', why: 'the holder' },
  { needs: '/usr/include/stdio.h', package: 'libc6-dev', why: 'holder and workloads' },
  { needs: 'mmdebstrap', package: 'mmdebstrap', why: 'builds images' },
  { needs: 'mke2fs', package: 'e2fsprogs', why: 'makes disks' },
  { needs: 'trace-cmd', package: 'trace-cmd', why: 'reads trace.dat' },
  { needs: 'bwrap', package: 'bubblewrap', why: 'confines programs that read what a guest wrote (trace-cmd)' },
  { needs: 'setpriv', package: 'util-linux', why: 'ends children when the lab is killed' },
  {
    needs: '/usr/share/keyrings/debian-archive-keyring.gpg',
    package: 'debian-archive-keyring',
    why: 'verifies the packages of images',
  },
]

/** What building a kernel needs; a lab whose kernels are all prebuilt does without. */
export const KERNEL_BUILD: readonly Requirement[] = [
  { needs: 'ld', package: 'binutils', why: 'links the kernel' },
  { needs: 'objdump', package: 'binutils', why: 'proves that the clones are called' },
  { needs: 'make', package: 'make', why: 'builds the kernel' },
  { needs: 'flex', package: 'flex', why: 'kernel build (kconfig)' },
  { needs: 'bison', package: 'bison', why: 'kernel build (kconfig)' },
  { needs: 'bc', package: 'bc', why: 'kernel build (timeconst.h)' },
  { needs: 'perl', package: 'perl', why: 'kernel build' },
  { needs: 'rsync', package: 'rsync', why: 'copies local kernel trees' },
]

/**
 * Needed where an image is built by a user who is not root: it maps the ids of the image's files to subordinate ids of
 * the user's.
 */
const UIDMAP: Requirement = { needs: 'newuidmap', package: 'uidmap', why: 'builds images without root' }

/** What every lab needs of a host on which we run as this user (0: root). */
export const requirementsFor = (uid: number | undefined): readonly Requirement[] =>
  uid === 0 ? REQUIREMENTS : [...REQUIREMENTS, UIDMAP]

/** Needed where a kernel or a probe wants its types: `debug: btf`, or `#include "vmlinux.h"`. */
export const PAHOLE: Requirement = { needs: 'pahole', package: 'dwarves', why: 'makes BTF out of DWARF' }

/** Needed where a workload includes a skeleton of its own BPF side. */
export const BPFTOOL: Requirement = {
  needs: '/usr/sbin/bpftool',
  package: 'bpftool',
  why: 'makes skeletons of BPF objects',
}

/** Needed to share kernels and images with another host (`lab cache push ssh://...`). */
export const SFTP: Requirement = { needs: 'sftp', package: 'openssh-client', why: 'reaches the other host' }

/** What only `lab report --figures` needs: asked for there, and nowhere else. */
export const FIGURES: readonly Requirement[] = [
  { needs: 'rsvg-convert', package: 'librsvg2-bin', why: 'makes PDF files of figures' },
  {
    needs: '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
    package: 'fonts-dejavu-core',
    why: 'the letters of figures in PDF files',
  },
]

/** Needed where stacks are recorded of a kernel or program with DWARF. */
export const SYMBOLIZER: Requirement = {
  needs: 'llvm-symbolizer',
  package: 'llvm',
  why: 'names functions that were inlined in stacks',
}

/** What only `lab gdb` needs. */
export const GDB: Requirement = { needs: 'gdb', package: 'gdb', why: 'debugs the kernel of a guest' }

/** What `lab crash` needs, by the program that opens a dump. */
export const DUMP_READERS = {
  gdb: { needs: 'gdb', package: 'gdb', why: 'opens dumps of kernels without DWARF' },
  crash: { needs: 'crash', package: 'crash', why: 'opens dumps of kernels with DWARF' },
  drgn: { needs: 'drgn', package: 'python3-drgn', why: 'opens dumps of kernels with DWARF' },
} as const satisfies Readonly<Record<string, Requirement>>

/** What only the tests need. */
export const TESTS: readonly Requirement[] = [
  GDB,
  SYMBOLIZER,
  ...KERNEL_BUILD,
  PAHOLE,
  BPFTOOL,
  SFTP,
  ...FIGURES,
  { needs: 'chromium', package: 'chromium', why: 'looks at reports in a real browser' },
  { needs: 'bsdtar', package: 'libarchive-tools', why: 'reads the archive of a sealed guest as somebody else would' },
  { needs: '/usr/sbin/sshd', package: 'openssh-server', why: 'plays the other host, on loopback' },
  { needs: 'pdftotext', package: 'poppler-utils', why: 'reads the PDF files of figures and reports' },
  { needs: 'zsh', package: 'zsh', why: 'completes command lines' },
  { needs: 'fish', package: 'fish', why: 'completes command lines' },
  { needs: '/usr/sbin/slurmctld', package: 'slurm-wlm', why: 'runs experiments as jobs of a cluster' },
  { needs: '/usr/sbin/munged', package: 'munge', why: 'tells the daemons of a cluster who somebody is' },
]

const present = ({ needs }: Requirement): boolean =>
  needs.startsWith('/') ? existsSync(needs) : which(needs) !== undefined

/** The requirements that this host does not meet; `also` are those of the lab at hand. */
export const missingRequirements = (
  also: readonly Requirement[] = [],
  all: readonly Requirement[] = requirementsFor(process.getuid?.()),
): Requirement[] => [...all, ...also].filter((requirement) => !present(requirement))

/** Package names without doubles, sorted. */
export const packagesOf = (requirements: readonly Requirement[]): string[] =>
  [...new Set(requirements.map((requirement) => requirement.package))].toSorted()
