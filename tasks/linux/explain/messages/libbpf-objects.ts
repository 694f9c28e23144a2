/** libbpf while it opens an object: the ELF file, map definitions, relocations, externs, CO-RE and BTF. */
import { errnoOf } from './errno.ts'
import { BTF_LOAD, MAP_CREATE, PIN } from './errno-load.ts'
import { group, type Row } from './row.ts'

export const LIBBPF_OBJECT_ROWS: readonly Row[] = [
  {
    rule: 'not a BPF object',
    needle: ['elf: '],
    pattern:
      /(?:libbpf: )?elf: (?:(\S+) is not a valid eBPF object file|'([^']+)' (?:is not a (?:64-bit|proper) ELF object|has unknown byte order)|failed to open (\S+)(?: as ELF file)?: .*|couldn't find symbol table in (\S+), stripped object file\?|could not read elf .*|(?:multiple symbol tables|symbol strings section missing or invalid) in (\S+)|failed to get (?!.*(?:symtab|verdef)).*|failed to init(?:ialize)? libelf.*|init internal error)/,
    answer: (match) => {
      const missing = errnoOf(/: ([^:]+)$/.exec(match[0])?.[1] ?? '') === 'ENOENT'
      return {
        cause: missing
          ? 'there is no such file: paths of objects are relative to the directory in which the loader runs'
          : match[4] === undefined
            ? 'the file is not what clang -target bpf makes: it is LLVM IR, a program for the host, damaged or empty'
            : 'the object has no symbol table: strip removed it, and libbpf finds programs and maps by their symbols',
        fixes: [
          'file PROBE.o says "ELF 64-bit LSB relocatable, eBPF"; build with clang -O2 -g -target bpf -c',
          'llvm-strip -g removes only DWARF; never strip an object altogether',
        ],
        confidence: missing ? 'certain' : 'likely',
        sources: ['bpf_object__elf_init() of libbpf.c'],
      }
    },
  },
  {
    rule: 'legacy map definitions',
    needle: ["legacy map definitions in 'maps'", 'bpf_map_def'],
    pattern: /legacy map definitions in 'maps' section are not supported by libbpf v1\.0\+/,
    cause: 'the object defines its maps with struct bpf_map_def in SEC("maps"), which libbpf 1.0 dropped',
    fixes: [
      'define them with BTF: struct { __uint(type, ...); __type(key, ...); ... } name SEC(".maps"); and build with -g',
      'load the object with libbpf 0.8 or older',
    ],
    sources: ['libbpf 1.0 migration guide'],
  },
  {
    rule: 'map definition',
    needle: ["map '", 'map #'],
    pattern:
      /(?:libbpf: )?map (?:'([^']*)'|#\d+): (?:unknown field '[^']*'|(?:unexpected (?:def|var) kind|key spec is not|value spec is not|(?:key|value) type \[\d+\] not found|attr '[^']*'|can't determine (?:key|value) size|conflicting (?:key|value) size|invalid (?:def size|field|pinning value)|map type isn't specified|map-in-map inner def|multi-level inner maps|inner def can't|prog-array value def|should be map-in-map|'[^']*' member should be last|\S+ (?:spec is not a zero-sized|def is of unexpected|type \[\d+\] not found)|unsupported map linkage|BTF data is corrupted|empty name|only single ARENA).*)/,
    answer: (match) => ({
      cause: /unknown field/.test(match[0])
        ? 'the definition has a field that this libbpf does not know: it is misspelt, or of a newer libbpf'
        : /conflicting/.test(match[0])
          ? 'the definition gives a size twice, by type and by number, and they differ'
          : 'the definition in SEC(".maps") is not of the form that libbpf reads from BTF',
      fixes: [
        'struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __type(key, __u32); __type(value, __u64); } name SEC(".maps");',
        'only global variables of an anonymous struct belong into .maps; __uint, __type and __array are of bpf_helpers.h',
      ],
      confidence: 'likely',
      sources: ['parse_btf_map_def() of libbpf.c'],
    }),
  },
  {
    rule: 'map cannot be created',
    needle: ['failed to create', 'failed to create map', 'Error in bpf_create_map'],
    pattern:
      /(?:map '([^']+)': failed to create(?: inner map)?|failed to create map \(name: '([^']+)'\)|failed to create inner map(?: '([^']*)')?): ?(.+)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 4))
      const known = errno === undefined ? undefined : MAP_CREATE[errno]
      return known && { ...known, what: `map ${match[1] ?? match[2] ?? match[3] ?? ''} cannot be created: ${errno}` }
    },
  },
  {
    rule: 'map without BTF',
    needle: 'Retrying without BTF',
    pattern: /Error in bpf_create_map_xattr\(([^)]+)\): ?(.+?)\. Retrying without BTF/,
    answer: (match) => ({
      what: `map ${group(match, 1)} is created without types`,
      cause:
        'the kernel is older than the BTF of the object, or does not take types for this kind of map; libbpf goes on without them. By itself this is no failure',
      fixes: ['nothing, if the next message is not about the same map; bpftool then cannot print its values by field'],
      sources: ['bpf_object__create_map() of libbpf.c'],
    }),
  },
  {
    rule: 'pinned objects',
    needle: ['pin', 'is not on BPF FS'],
    pattern:
      /(?:libbpf: )?(?:map '[^']+': (?:failed to auto-pin at .*|error reusing pinned map|cannot find pinned map|couldn't build pin path.*|can't pin .*)|map '[^']+' (?:already pinned|already has pin path .*)|couldn't (?:reuse|retrieve) pinned map (?:at )?'([^']+)': (.+)|(?<!Error: )failed to pin (?:map|program)?:? ?.*|prog '[^']+': (?:failed to pin at|can't (?:un)?pin) .*|specified path \S+ is not on BPF FS|(?:missing a|no) path to (?:un)?pin map .*|failed to (?:mkdir|statfs) \S+: .*)/,
    answer: (match) => {
      if (/parameter mismatch/.test(match[0]))
        return {
          cause: 'a map of this name is pinned already, and its type, sizes, flags or max_entries are others',
          fixes: [
            `rm ${match[1] ?? 'the pinned file'} if nobody uses it any more, then load again`,
            'change the name of the map',
          ],
          sources: ['map_is_reuse_compat() of libbpf.c'],
        }
      if (/not on BPF FS/.test(match[0]))
        return { ...(PIN['EINVAL'] as NonNullable<(typeof PIN)['EINVAL']>), confidence: 'certain' }
      const errno = errnoOf(/: ([^:]+)$/.exec(match[0])?.[1] ?? '')
      return (
        (errno === undefined ? undefined : PIN[errno]) ?? {
          cause: 'the object cannot be pinned: it is not loaded yet, is pinned elsewhere, or has no path',
          fixes: ['load first; set the path with bpf_map__set_pin_path() or LIBBPF_PIN_BY_NAME'],
          confidence: 'likely',
        }
      )
    },
  },
  {
    rule: 'values of a map',
    needle: ["map '"],
    pattern:
      /map '([^']+)': (?:cannot be resized.*|failed to (?:set initial contents|freeze as read-only|re-mmap|resize memory-mapped|alloc|mmap arena|initialize slot|determine number of system CPUs|adjust resized BTF).*|unexpected (?:key|value) size .*|BPF_F_CPU and .*|can't (?:use|associate) .*|failed to auto-attach: .*|BPF (?:map )?skeleton .*)/,
    cause:
      'the value that is written does not fit the map: sizes of key and value, per-CPU values (8-byte steps for each possible CPU), or a section of variables that cannot be resized',
    fixes: [
      'compare with bpf_map__key_size() and bpf_map__value_size(); for per-CPU maps value_size rounded up to 8, times libbpf_num_possible_cpus()',
    ],
    confidence: 'likely',
    sources: ['libbpf.c'],
  },
  {
    rule: 'variable or call cannot be relocated',
    needle: ['relo', 'no .text section found'],
    pattern:
      /prog '([^']+)': (?:invalid relo against '([^']*)'(?: in special section 0x([0-9a-f]+).*| for insns.*)|bad (?:call|data|map|subprog addr|arena data) relo(?:cation)? .*|(?:data|map|extern) relo failed .*|failed to relocate (?:calls|data references): .*|unexpected relo .*|missing subprog addr relo .*|incorrect bpf_call opcode|no \.text section found yet.*|failed to (?:add subprog offsets|realloc prog code).*)/,
    answer: (match) =>
      match[3] !== undefined && /forgot to initialize/.test(match[0])
        ? {
            what: `${group(match, 1)} uses ${group(match, 2)}, which is in no section`,
            cause:
              'a global variable without an initial value is in no section where libbpf looks for it (COMMON, or an undefined symbol)',
            fixes: [
              `give ${group(match, 2) || 'the variable'} a value (= 0) or make it static; or define what is only declared`,
            ],
            sources: ['bpf_program__record_reloc() of libbpf.c'],
          }
        : {
            cause:
              'the program refers to something that is not in the object: a function that is declared and not defined, a variable in a section that this libbpf does not know, or a map that is not in .maps',
            fixes: [
              'define the function in the same object as static __always_inline or static __noinline; libc does not exist in BPF',
              'global variables and strings of sections need libbpf 0.0.6 and kernel 5.2: clang -O2 keeps strings of bpf_printk there',
            ],
            confidence: 'likely',
            sources: ['bpf_program__record_reloc() of libbpf.c'],
          },
  },
  {
    rule: 'relocation in .maps',
    needle: ['.maps relo', "sec '"],
    pattern:
      /\.maps relo #\d+: .*|sec '[^']+': (?:corrupted .*|failed to (?:get|alloc).*|invalid offset .*|program (?:'[^']+' is static and not supported|at offset .*)|symbol #\d+ not found .*|declared ARENA .*|to use global __arena .*)/,
    answer: ({ 0: text }) => ({
      cause: /is static and not supported/.test(text)
        ? 'a program with SEC() is static: libbpf finds only global ones'
        : 'the initial value of a map of maps (or of programs) refers to something that is neither, or the object is damaged',
      fixes: [
        'remove `static` from programs with SEC(); .values = { [0] = &inner_map } takes maps and programs of the same object',
      ],
      confidence: 'likely',
      sources: ['bpf_object__collect_map_relos() of libbpf.c'],
    }),
  },
  {
    rule: 'kernel configuration value (extern __kconfig)',
    needle: ['extern (kcfg)', 'Kconfig', "failed to parse '"],
    pattern:
      /extern \(kcfg\) '([^']+)': .*|failed to (?:open system Kconfig|open in-memory Kconfig.*)|error parsing (?:system|in-memory) Kconfig line .*|failed to (?:determine alignment|resolve size) of extern \(kcfg\) .*/,
    cause:
      'a variable with __kconfig takes its value from the configuration of the running kernel: the file is not there (/boot/config-VERSION, /proc/config.gz), or the type does not fit the value (y/m/n: enum libbpf_tristate or bool)',
    fixes: [
      'CONFIG_IKCONFIG_PROC=y in the kernel, or the config file in /boot of a container',
      'declare it __weak: then it is 0 where there is no value',
    ],
    confidence: 'likely',
    sources: ['bpf_object__read_kconfig_file() of libbpf.c'],
  },
  {
    rule: 'kernel symbol (extern __ksym)',
    needle: [
      'extern (func ksym)',
      'extern (var ksym)',
      'extern (ksym)',
      '(strong): not resolved',
      'failed to open /proc/kallsyms',
    ],
    pattern:
      /extern \((?:func |var )?ksym\) '([^']+)': (.+)|extern '([^']+)' \(strong\): not resolved|failed to open \/proc\/kallsyms: (.*)/,
    answer: (match) => {
      const name = match[1] ?? match[3] ?? 'the symbol'
      if (/ambiguous/.test(group(match, 2)))
        return {
          cause: `several symbols of the kernel are named ${name}`,
          fixes: ['choose a name that is unique in /proc/kallsyms'],
        }
      if (/incompatible/.test(group(match, 2)))
        return {
          cause: `${name} has another type in this kernel than in the program: its signature changed between versions`,
          fixes: [
            'declare both forms under different names with ___suffix and choose with bpf_ksym_exists()',
            'take vmlinux.h of this kernel',
          ],
          sources: ['libbpf.c'],
        }
      return {
        cause: `this kernel offers no ${name} to programs: kfuncs and typed variables are listed in BTF, and a kernel that is older, differently configured or without the module lacks it`,
        fixes: [
          `bpftool btf dump file /sys/kernel/btf/vmlinux | grep ${name}`,
          'declare it __weak and test bpf_ksym_exists() before its use',
        ],
        confidence: 'likely',
        sources: ['bpf_object__resolve_externs() of libbpf.c'],
      }
    },
  },
  {
    rule: 'extern that libbpf cannot resolve',
    needle: ['extern'],
    pattern:
      /(?:extern function \S+ is unsupported under \S+ section|unrecognized extern section .*|failed to find (?:extern definition for )?BTF (?:for extern|var|for) .*|extern '[^']+': unrecognized extern kind|failed to find extern definition for BTF .*)/,
    cause: 'an extern is neither in .ksyms nor in .kconfig, and the object has no definition of it',
    fixes: ['mark it __ksym or __kconfig, or define it in this object; build with -g'],
    sources: ['bpf_object__collect_externs() of libbpf.c'],
  },
  {
    rule: 'licence or version of the object',
    needle: ['invalid license section', 'invalid kver section', 'invalid license'],
    pattern: /invalid (?:license|kver) section in \S+|invalid license `.*/,
    cause: 'the section "license" has no text that ends with a zero (or "version" not 4 bytes)',
    fixes: ['char LICENSE[] SEC("license") = "GPL";'],
    sources: ['libbpf.c'],
  },
  {
    rule: 'BTF of the object is refused',
    needle: [
      'Error loading .BTF into kernel',
      'Error loading BTF',
      'Error loading ELF section .BTF',
      'BTF is optional, ignoring',
    ],
    pattern:
      /Error loading (?:ELF section )?\.?BTF(?: into kernel)?: (.+?)(?:\. BTF is (optional|mandatory).*|\.(?: Ignored and continue.*)?$|$)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 1)) ?? ''
      const known = BTF_LOAD[errno] ?? BTF_LOAD['EINVAL']
      return match[2] === 'mandatory'
        ? known
        : {
            cause:
              "the kernel's BTF is older than clang's; libbpf loads the program without it. By itself this is no failure",
            fixes: ['nothing, if the program loads; a newer libbpf rewrites BTF for old kernels'],
            sources: ['bpf_object__sanitize_and_load_btf() of libbpf.c'],
          }
    },
  },
]
