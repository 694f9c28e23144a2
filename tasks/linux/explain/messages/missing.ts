/**
 * Programs, libraries and Python modules of this field that are not installed. Packages as Debian and Ubuntu name them.
 */
import { group, type Row } from './row.ts'

const LIBRARIES: readonly (readonly [file: RegExp, package_: string])[] = [
  [/^libbpf\.so/, 'libbpf1 (or libbpf0 for libbpf.so.0)'],
  [/^libbcc/, 'libbpfcc'],
  [/^libelf\.so/, 'libelf1'],
  [/^libdw\.so/, 'libdw1'],
  [/^libtraceevent\.so/, 'libtraceevent1'],
  [/^libtracefs\.so/, 'libtracefs1'],
  [/^libxdp\.so/, 'libxdp1'],
  [/^libz\.so/, 'zlib1g'],
  [/^libLLVM/, 'llvm (libllvmN)'],
  [/^libclang/, 'libclang1 (libclang-cppN)'],
  [/^libslirp\.so/, 'libslirp0'],
  [/^libcap\.so/, 'libcap2'],
  [/^libbfd|^libopcodes/, 'binutils'],
]

const PYTHON: Readonly<Record<string, string>> = {
  bcc: 'python3-bpfcc',
  drgn: 'python3-drgn',
  perf: 'linux-perf (python3-perf)',
  pyroute2: 'python3-pyroute2',
  netaddr: 'python3-netaddr',
  elftools: 'python3-pyelftools',
}

const TOOLS: Readonly<Record<string, string>> = {
  bpftrace: 'bpftrace',
  bpftool: 'bpftool (Ubuntu: linux-tools-common linux-tools-$(uname -r))',
  perf: 'linux-perf (Debian), linux-tools-$(uname -r) (Ubuntu)',
  'trace-cmd': 'trace-cmd',
  kernelshark: 'kernelshark',
  opensnoop: 'bpfcc-tools (the program is opensnoop-bpfcc)',
  execsnoop: 'bpfcc-tools (the program is execsnoop-bpfcc)',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  'qemu-system-aarch64': 'qemu-system-arm',
  dwarves: 'dwarves',
  veristat: 'veristat (kernel tree: tools/testing/selftests/bpf)',
  bpf2go: 'go install github.com/cilium/ebpf/cmd/bpf2go@latest',
  'bpf-linker': 'cargo install bpf-linker',
  uftrace: 'uftrace',
  ltrace: 'ltrace',
  gdb: 'gdb',
  crash: 'crash',
  vng: 'virtme-ng',
}

export const MISSING_ROWS: readonly Row[] = [
  {
    rule: 'a library is missing',
    needle: ['cannot open shared object file', 'undefined symbol: '],
    pattern:
      /(?:error while loading shared libraries: |OSError: |ImportError: )?([\w.+-]+\.so[\w.]*): cannot open shared object file: No such file or directory|(?:symbol lookup error: \S+|OSError: \S+|ImportError: \S+): undefined symbol: (\w+)/,
    answer: (match) => {
      const library = match[1]
      if (library === undefined)
        return {
          cause: `two libraries (or a program and its library) of different versions are mixed: ${group(match, 2)} is only in the other one`,
          fixes: [
            'ldd PROGRAM shows which file is taken; remove the older copy in /usr/local/lib, or build the program again',
            'python3-bpfcc and libbpfcc must be of one version',
          ],
          confidence: 'likely',
        }
      const [, known] = LIBRARIES.find(([file]) => file.test(library)) ?? []
      return {
        what: `${library} is not where the program runs`,
        cause: 'the program was linked with this library, and the loader finds no file of that name and version',
        fixes: [
          known === undefined
            ? `apt-file search ${library}, dnf provides '*/${library}': which package has it`
            : `apt install ${known}`,
          'it is in /usr/local/lib or /usr/lib64: run ldconfig, or set LD_LIBRARY_PATH',
          'a guest of the lab has it when `packages:` of its image names the package; a program that is linked with -static needs none',
        ],
      }
    },
  },
  {
    rule: 'a Python module is missing',
    needle: ['No module named', 'cannot import name', 'has no attribute'],
    pattern:
      /(?:ModuleNotFoundError|ImportError): (?:No module named ['"]?([\w.]+)['"]?|cannot import name ['"]?(\w+)['"]? from ['"]?(\w+))|AttributeError: (?:partially initialized )?module '(\w+)' has no attribute '(\w+)'/,
    answer: (match) => {
      const name = (match[1] ?? match[3] ?? group(match, 4)).split('.')[0] ?? ''
      const known = PYTHON[name]
      return known === undefined
        ? undefined
        : {
            what:
              match[1] === undefined
                ? `${name} has no ${match[2] ?? group(match, 5)}`
                : `Python finds no module ${name}`,
            cause: `the module is installed for another Python than the one that runs (a virtual environment, python2), not at all, or a different package of that name was installed with pip${name === 'bcc' ? ' (bcc of PyPI is something else)' : ''}`,
            fixes: [
              `apt install ${known}, and run it with /usr/bin/python3`,
              ...(name === 'bcc' ? ['pip uninstall bcc'] : []),
            ],
            confidence: 'likely' as const,
          }
    },
  },
  {
    rule: 'a program is missing on the host',
    needle: ['not found', 'executable file not found'],
    pattern:
      /(?:^|[:\s])(?:exec: )?["']?([\w.+-]+)["']?: (?:command not found|not found|executable file not found in \$PATH)\s*$/,
    key: (match) => group(match, 1),
    answer: (match) => {
      const known = TOOLS[group(match, 1)]
      return known === undefined
        ? undefined
        : {
            what: `${group(match, 1)} is not on this host`,
            cause: 'it is not installed, or not on PATH',
            fixes: [`apt install ${known}`.replace(/^apt install (?=go |cargo )/, '')],
          }
    },
  },
  {
    rule: 'a program is missing on the host',
    needle: ': command not found',
    pattern: /(?:^|\s)([\w./+-]+): line (\d+): ([\w.+-]+): command not found$/,
    key: (match) => group(match, 3),
    answer: (match) => ({
      what: `${match[1]} finds no program ${match[3]}`,
      cause: /^(?:module|ml|spack|conda)$/.test(group(match, 3))
        ? `${match[3]} is a function that the start files of a login shell define: the shell of the job did not read them, or the node does not have them`
        : 'the script runs a program that is not on its PATH: it is not installed (in an image or on this node), or PATH is another one there (sudo, cron, a chroot, NixOS, a path without /usr/sbin; a module that was not loaded)',
      fixes: [
        ...(/^(?:module|ml|spack|conda)$/.test(group(match, 3))
          ? [
              '#!/bin/bash -l as the first line of the script, or source /etc/profile.d/modules.sh (lmod.sh, conda.sh) in it',
            ]
          : []),
        `command -v ${match[3]}; apt-file search bin/${match[3]}; for chroot, ls and sed it is PATH: PATH=/usr/sbin:/usr/bin:/sbin:/bin before the command`,
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'perf of another kernel',
    needle: 'not found for kernel ',
    pattern: /WARNING: (perf|bpftool|cpupower|x86_energy_perf_policy) not found for kernel (\S+)/,
    answer: (match) => ({
      what: `${match[1]} for kernel ${match[2]} is not installed`,
      cause:
        'on Ubuntu /usr/bin/perf (and bpftool) is a script that starts the program of the running kernel, and there is no package for this one: it is a kernel of your own, of WSL or of a cloud',
      fixes: [
        'apt install linux-tools-$(uname -r)',
        'start another version directly: ls /usr/lib/linux-tools/*/perf; or build it: make -C tools/perf',
      ],
    }),
  },
  {
    rule: 'package not in the archive',
    needle: 'Unable to locate package',
    pattern: /E: Unable to locate package (\S+)/,
    answer: (match) => ({
      what: `apt has no ${match[1]}`,
      cause:
        'the lists of apt are old, the package has another name in this release, or the running kernel is not of this distribution (WSL, a container of another one, a kernel of your own)',
      fixes: [
        'apt update; apt-cache search NAME; the component (universe, contrib, non-free) has to be in sources.list',
        'a kernel of your own: make headers_install, or CONFIG_IKHEADERS=y',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'C library is too old',
    needle: ['version `GLIBC', "version 'GLIBC"],
    pattern: /version [`'](GLIBC(?:XX)?_[\d.]+)' not found/,
    answer: (match) => ({
      cause: `the program was built on a newer distribution: it needs ${match[1]}`,
      fixes: [
        'build it on the machine (or in a container) where it runs; link it statically (-static, musl) for a VM or initramfs',
      ],
    }),
  },
]
