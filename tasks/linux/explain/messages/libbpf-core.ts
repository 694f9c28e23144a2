/** libbpf: CO-RE relocations and the BTF of the running kernel. */
import { group, type Row } from './row.ts'

/** "struct ", "union <anon>". */
const isAnonymous = (type: string | undefined): boolean =>
  type !== undefined && /^(?:struct|union|enum)\s*(?:<anon>|\(anon\))?$/.test(type.trim())

export const LIBBPF_CORE_ROWS: readonly Row[] = [
  {
    rule: 'no BTF in the file',
    needle: "failed to find '.BTF",
    pattern: /failed to find '\.BTF(?:\.\w+)?' ELF section in (\S*(?:\/|\.)\S+)/,
    key: (match) => group(match, 1),
    answer: (match) =>
      /vmlinu[xz]/.test(group(match, 1))
        ? {
            what: `${match[1]} has no BTF`,
            cause:
              'the kernel image at this path was built without BTF (CONFIG_DEBUG_INFO_BTF, 5.2 and later), or its BTF was stripped',
            fixes: [
              'build the kernel with CONFIG_DEBUG_INFO_BTF=y and pahole installed; BTFHub has BTF of the kernels of distributions',
              'kprobes and tracepoints without CO-RE need no BTF',
            ],
            sources: ['commit e83b9f55448a (5.2)', 'btf__load_vmlinux_btf() of btf.c'],
          }
        : {
            what: `${match[1]} has no BTF`,
            cause: 'the object was compiled without -g, or stripped: clang writes BTF only with debug information',
            fixes: ['clang -g -O2 -target bpf; llvm-strip -g (not strip) removes DWARF and keeps BTF'],
            sources: ['btf.c of libbpf'],
          },
  },
  {
    rule: 'no BTF in the kernel',
    needle: ['BTF'],
    pattern:
      /libbpf: (?:failed to find valid kernel BTF|Error loading vmlinux BTF: .+|kernel BTF is missing.*|vmlinux BTF is not found|failed to parse target BTF: .+)|(?:bpftrace|bpf): (?:vmlinux )?BTF is not found|(?:ERROR|WARNING): .*(?:Could not read|Can't|Unable to (?:load|find)) (?:kernel )?BTF.*/i,
    key: () => '',
    cause:
      'the running kernel has no BTF that the loader can read (/sys/kernel/btf/vmlinux: CONFIG_DEBUG_INFO_BTF, since 5.2; many old distributions have none)',
    fixes: [
      'build the kernel with DEBUG_INFO_BTF=y (pahole must be installed), or give the loader BTF of this kernel (btf_custom_path; BTFHub has those of distributions)',
      'kprobes and tracepoints without CO-RE need no BTF',
    ],
    otherwise:
      'in a container /sys/kernel/btf must be mounted; a file that is there may be of a newer format than the loader (failed to parse)',
    sources: ['commit 341dfcf8d78e (5.4, /sys/kernel/btf)', 'btf__load_vmlinux_btf() of btf.c'],
  },
  {
    rule: 'BTF of modules',
    needle: ['module [', 'BTF object'],
    pattern:
      /failed to (?:load module \[([^\]]+)\]'s BTF object #\d+|iterate BTF objects|get BTF object #\d+ (?:FD|info)): (.+)/,
    cause: 'types of modules are not available: before 5.11 there are none, and reading them needs CAP_SYS_ADMIN',
    fixes: ['run the loader as root; programs that need no types of modules can be loaded without'],
    confidence: 'likely',
    sources: ['load_module_btfs() of libbpf.c'],
  },
  {
    rule: 'object has no BTF',
    needle: [
      'BTF is required, but is missing',
      "program doesn't have BTF",
      'subskeletons require BTF',
      'missing .BTF.ext',
    ],
    pattern:
      /BTF is required, but is missing or corrupted|The target program doesn't have BTF|subskeletons require BTF.*|prog '[^']+': missing \.BTF\.ext (?:function|line) info.*/,
    cause: 'the object was built without type information, which maps in .maps, global variables and CO-RE need',
    fixes: ['clang -g -O2 -target bpf (-g makes BTF for this target); do not strip .BTF'],
    sources: ['bpf_object__init_btf() of libbpf.c'],
  },
  {
    rule: 'CO-RE: the kernel has no such type or field',
    needle: [
      'failed to relocate',
      'failed to perform CO-RE',
      'target candidate search failed',
      'substituting insn',
      'no matching targets',
    ],
    pattern:
      /prog(?:ram)? '([^']+)': relo(?: #\d+|cation)?:? ?(?:#?\d*:? ?)?(?:failed to relocate: .*|target candidate search failed for \[\d+\] (.+?): .*|no matching targets found.*|.*substituting insn #\d+ w\/ invalid insn)|failed to perform CO-RE relocations: (.+)/,
    answer: (match) => ({
      what:
        match[2] === undefined
          ? match[0]
          : isAnonymous(match[2])
            ? `${match[1]} asks for the place of a field in a type without a name (${match[2].trim()})`
            : `${match[1]} uses ${match[2]}, which this kernel's BTF does not have`,
      cause: isAnonymous(match[2])
        ? 'CO-RE finds a type of the kernel by its name, and this one has none (an anonymous struct or union, also inside of union bpf_attr): the access is recorded against the inner type'
        : "the program uses a type, field or enum value that is not in this kernel's BTF: it was renamed, came later or its option is off",
      fixes: [
        ...(isAnonymous(match[2])
          ? [
              'read it without CO-RE (bpf_probe_read with an offset of your own copy of the type, #pragma clang attribute pop around it), or begin the access at the outer type that has a name; a newer clang does so by itself',
            ]
          : []),
        'ask first: if (bpf_core_field_exists(p->field)) ..., bpf_core_type_exists(struct x), bpf_core_enum_value_exists()',
        'give the old form a flavour: struct task_struct___old { ... } __attribute__((preserve_access_index))',
      ],
      confidence: 'likely',
      otherwise:
        'bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -A40 "struct NAME {" shows what is there',
      sources: ['bpf_core_apply_relo() of libbpf.c, relo_core.c'],
    }),
  },
  {
    rule: 'CO-RE: ambiguous',
    needle: ['ambiguity', 'ambiguous relocation', 'multiple candidate target types'],
    pattern:
      /relo #\d+: (?:field offset ambiguity|relocation decision ambiguity): .*|(?:CO-RE|relocation|reloc|fixup).*ambiguous relocation.*|error relocating (\S+), multiple candidate target types.*/,
    cause:
      'the kernel (or its modules) has several types of this name with different layouts, and the relocation would differ',
    fixes: [
      'use the name with which only one matches, or read the field of the type that is meant through a struct of its own (___flavour)',
    ],
    sources: ['relo_core.c'],
  },
  {
    rule: 'CO-RE: access that cannot be relocated',
    needle: ['relo'],
    pattern:
      /relo #\d+: (?:insn #\d+ \((?:LDX\/ST\/STX|LDIMM64)\) (?:accesses field incorrectly.*|invalid new mem size.*|unexpected mem size.*|value too big.*|has unexpected form)|unexpected insn #\d+ .*|trying to relocate unrecognized insn .*|parsing \[\d+\] .* failed.*|error matching candidate .*|.*relocation doesn't support anonymous types)|relo \d+ at insn #\d+ can't be (?:applied to array access|satisfied for bitfield)|relo for \[\d+\] .* of unexpected kind \S+|unexpected kind \S+ relocated.*/,
    cause:
      'the field has another size or kind in this kernel than in the vmlinux.h of the build, and a direct access cannot be adapted (only pointers, unsigned integers and fields of the same size can)',
    fixes: [
      'BPF_CORE_READ() or bpf_core_read() with a variable of the right size; BPF_CORE_READ_BITFIELD() for bit fields',
      'build with vmlinux.h of a kernel near the one that runs',
    ],
    confidence: 'likely',
    sources: ['bpf_core_patch_insn() of relo_core.c'],
  },
  {
    rule: 'CO-RE: loader older than the compiler',
    needle: 'unrecognized CO-RE relocation',
    pattern: /unrecognized CO-RE relocation (\S+) \(\d+\)/,
    cause: 'clang wrote a relocation that this loader does not know',
    fixes: ['a newer libbpf (loader library), not a newer kernel'],
    sources: ['relo_core.c'],
  },
  {
    rule: 'struct_ops of another kernel',
    needle: 'struct_ops ',
    pattern:
      /struct_ops init_kern(?: (\S+?))?:? (.*)|struct_ops (?:reloc|init)(?: \S+)?: (?!.*skipping)(.+)|prog '([^']+)': SEC\("struct_ops"\) program isn't referenced anywhere.*/,
    answer: (match) =>
      match[4] === undefined
        ? {
            cause:
              'the structure of operations in the program differs from that of the running kernel: a member is not there, or has another size or type',
            fixes: [
              'take vmlinux.h of the running kernel; members that it lacks must be 0 (libbpf drops those)',
              `bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -A60 "struct ${match[1]?.replace(/:$/, '') ?? 'NAME'} {"`,
            ],
            confidence: 'likely',
            sources: ['bpf_map__init_kern_struct_ops() of libbpf.c'],
          }
        : {
            cause: `no structure in .struct_ops uses ${group(match, 4)}, so libbpf does not know which operation it is`,
            fixes: ['set it as a member of the structure, or turn its autoload off'],
          },
  },
]
