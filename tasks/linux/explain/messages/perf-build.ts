/**
 * Builds of perf and of libbpf's own tools look for libraries first, and leave out what needs those that are missing.
 */
import type { PrintfKind } from './printf.ts'

export const PERF_BUILD_KINDS: readonly PrintfKind[] = [
  {
    rule: 'a library is missing on the host',
    formats: `
No libelf found
No libbpf devel library found, please install libbpf-devel
No gnu/libc-version.h found, please install glibc-dev
No static glibc found, please install glibc-static
No libasan found, please install libasan
No libubsan found, please install libubsan
No zlib found
BPF API too old. Please install recent kernel headers.`,
    cause:
      'the build of a tool of the kernel tree (libbpf, bpftool, perf) needs this library, and its headers are not installed',
    fixes: [
      'apt install libelf-dev zlib1g-dev libdw-dev libcap-dev (dnf: elfutils-libelf-devel zlib-devel elfutils-devel libcap-devel)',
      'headers are there, and the test fails all the same: make V=1 -C tools/build/feature test-libelf.bin shows the error of the compiler',
    ],
    sources: ['tools/build/feature', 'tools/perf/Makefile.config'],
  },
  {
    rule: 'perf is built without a part',
    formats: `
No libdw DWARF unwind found, Please install %s
No libdw.h found or old libdw.h found or elfutils is older than %s
No libunwind found. Please install %s
No libcap found, disables capability support
No numa.h found, disables 'perf bench numa mem' benchmark
No libbabeltrace found, disables 'perf data' CTF format support
No libaudit.h found, disables 'trace' tool
No liblzma found, disables xz kernel module decompression
No libzstd found, disables trace compression
No sys/sdt.h found, no SDT events are defined
No libcrypto.h found, disables jitted code injection
No libtraceevent found%s
No bfd.h/libbfd found, please install %s
GTK2 not found, disables GTK2 support.
slang not found, disables TUI support.
libpfm4 not found, disables libpfm4 support.
Missing perl devel files. Disabling perl scripting support
Python support disabled
libtraceevent is missing. Please install %s
No openjdk development package found, please install JDK package`,
    cause:
      'perf was built without what needs this library. The build goes on; what is missing are the functions that the message names (libtraceevent: all tracepoints; libdw: perf probe of lines and variables)',
    fixes: [
      'apt install libtraceevent-dev libdw-dev libelf-dev libslang2-dev libcap-dev libnuma-dev libzstd-dev libbabeltrace-dev systemtap-sdt-dev, and build it again',
      'nothing, where the function is not needed: NO_LIBAUDIT=1, NO_GTK2=1, ... leave the message out',
    ],
    sources: ['tools/perf/Makefile.config'],
  },
]
