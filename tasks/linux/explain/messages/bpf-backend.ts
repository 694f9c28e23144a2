/**
 * The BPF backend of LLVM, and the tools that drive it (bpf-linker, bpf2go): code that cannot become BPF instructions.
 */
import type { PrintfKind } from './printf.ts'

export const BACKEND_KINDS: readonly PrintfKind[] = [
  {
    rule: 'code that BPF cannot express',
    formats: `
A call to built-in function '%s' is not supported.
a call to built-in function '%s' is not supported
LLVM ERROR: Unsupported relocation%s
LLVM ERROR: Cannot select: %s
error in backend: Cannot select: %s
too many args to %s
in function %s: too many arguments
aggregate returns are not supported
only integer returns supported
only small returns
defined with too many args
stack arguments are not supported
variadic functions are not supported
unsupported signed division, please convert to unsigned div/mod
unsupported dynamic stack allocation
fast-isel didn't handle
Unsupport signed division for DAG: %s
by value not supported
invalid data for atomic%s`,
    cause:
      'the code needs something that BPF programs do not have: a call of libc (memcpy or memset of a length that is not constant or too large, which clang makes of loops and struct copies), more than five arguments, large values by value, or signed division (before cpu v4)',
    fixes: [
      '__builtin_memcpy and __builtin_memset with constant lengths; a bounded loop that copies; clang -fno-builtin where clang makes the call of a loop',
      'static __always_inline for functions with more than five arguments, or pointers to a struct; large buffers in a per-CPU array map',
      '-O2 (without it nothing is inlined), and -mcpu=v3 or v4 for newer instructions',
    ],
    confidence: 'likely',
    sources: ['llvm/lib/Target/BPF/BPFISelLowering.cpp'],
  },
  {
    rule: 'clang without BPF',
    formats: `
unable to create target: 'No available targets are compatible with triple "bpf"'
unable to create target: 'No available targets are compatible with %s'
unknown target triple 'bpf%s
Unknown target 'bpf%s
unknown target CPU 'v%s`,
    cause: 'this clang (or llc) was built without the BPF backend, or is older than the -mcpu that it is given',
    fixes: ['llc --version | grep bpf; the clang of the distribution has it (clang 10 or later for CO-RE)'],
    sources: ['llvm/lib/Target/BPF'],
  },
  {
    rule: 'bpf-linker',
    formats: `
LLVM issued diagnostic with error severity
error: linking with \`bpf-linker\` failed: %s
linker \`bpf-linker\` not found
unable to open LLVM shared lib %s
error: failure linking module %s
Running pass 'BPF DAG->DAG Pattern Instruction Selection' on function
error: failed to run custom build command for \`%s-ebpf%s
the \`bpfel-unknown-none\` target may not be installed
the \`bpfeb-unknown-none\` target may not be installed`,
    cause:
      'the eBPF crate could not be compiled to BPF: bpf-linker is missing or of another LLVM than this rustc, the nightly toolchain lacks rust-src, or the code has something that BPF cannot express (the diagnostic above says what)',
    fixes: [
      'cargo install bpf-linker again after each update of rustc nightly; rustup component add rust-src --toolchain nightly',
      'in the eBPF code: no panics and no format!, no 128-bit numbers, #[inline(always)] for functions with many arguments; build with --release',
    ],
    confidence: 'likely',
    sources: ['bpf-linker of aya'],
  },
  {
    rule: 'a program is missing on the host',
    formats: `
can't find clang: exec: "%s": executable file not found in $PATH
exec: "clang": executable file not found in $PATH
exec: "llvm-strip": executable file not found in $PATH
exec: "bpftool": executable file not found in $PATH`,
    cause:
      'go generate (bpf2go) runs clang and llvm-strip, and they are not installed or have a version in their names',
    fixes: ['apt install clang llvm; BPF2GO_CC=clang-14 BPF2GO_STRIP=llvm-strip-14 go generate'],
    sources: ['cmd/bpf2go of cilium/ebpf'],
  },
]
