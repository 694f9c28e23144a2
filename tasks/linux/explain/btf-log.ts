/**
 * What the kernel says while it checks the BTF of an object (bpf(BPF_BTF_LOAD), kernel/bpf/btf.c): a header in fields,
 * a line for each type and member, and the reason behind the last of them. "libbpf: " or a logger may come before each
 * line.
 */
import type { Findings, Reader } from './finding.ts'

interface Reason {
  readonly messages: RegExp
  readonly cause: string
  readonly fixes: readonly string[]
}

const OLD_KERNEL = [
  'use a newer libbpf: it rewrites what an old kernel does not know before it loads the BTF',
  'build without -g where nothing needs BTF (maps in .maps, global variables and CO-RE do); or with an older clang',
]
const DAMAGED = [
  'build the object again with clang -g; a tool that rewrote its sections (strip, a linker, pahole) may have damaged it',
]

/** All messages of btf_verifier_log() in 4.19, 5.4, 5.10, 6.1, 6.12 and 7.2; the first that matches. */
const REASONS: readonly Reason[] = [
  {
    messages:
      /^(?:Invalid kind:\d+|Invalid btf_info(?: kind_flag| size)?(?::[0-9a-f]+)?|Unsupported (?:version|flags|btf_header|section found|encoding|resolve|check_member|check_kflag_member)|Linkage not supported|Invalid func linkage|Type tags don't precede modifiers|layout_len .*|Layout section .*|Unaligned layout_off)$/,
    cause:
      'the BTF has a kind of type, a flag or a section that this kernel does not know: the compiler is newer than the kernel',
    fixes: OLD_KERNEL,
  },
  {
    messages: /^(?:\t?Invalid (?:member )?name(?:_offset:\d+)?|Invalid name)$/,
    cause:
      'a type has a name that is no identifier of C, or none where the kernel wants one: Rust, C++ and Go write names with <, :, or *, and sections have dots',
    fixes: [
      'for Rust: a newer aya or bpf-linker (--btf), which replaces such names; for C: a newer libbpf, which does so too',
      'names of sections with a dot need 5.15 or later, or a libbpf that renames them',
    ],
  },
  {
    messages:
      /^(?:Member exceeds struct_size|Mem+ber bits_offset exceeds its struct size|Invalid member(?: base type| bits_offset| offset| bitfield_size)?|Member is not (?:byte|properly) aligned|nr_bits exceeds (?:\d+|type_size)|nr_copy_bits exceeds \d+|bits_offset exceeds U32_MAX|Invalid int_data:[0-9a-f]+|Expected size:\d+|Unexpected size|Invalid (?:type_)?size|vlen [!=]= 0|size [!=]= 0|type != 0|Not a VAR kind member|Invalid offset(?:\+size)?|Array size overflows U32_MAX|Invalid (?:elem|index|array of int|value|component_idx))$/,
    cause:
      'the description of a type contradicts itself: a member, element or variable does not fit in its struct, array or section',
    fixes: [
      ...DAMAGED,
      'a section of variables whose sizes are 0 was not filled in: load the object with libbpf (bpftool, iproute2 with libbpf), which does it',
    ],
  },
  {
    messages:
      /^(?:Loop detected|Max chain length or cycle detected|Exceeded max resolving depth:\d+|Invalid resolve state)$/,
    cause: 'types refer to one another in a circle, or more deeply than the kernel follows them (32 levels)',
    fixes: DAMAGED,
  },
  {
    messages: /^(?:Invalid type(?:_id)?|Invalid return type|Invalid arg#\d+|Invalid type_id=\d+)$/,
    cause: 'a type refers to a type that is not there or that cannot be in this place',
    fixes: DAMAGED,
  },
  {
    messages: /^Exceeded max num of types$/,
    cause: 'the object has more types than the kernel takes (65,536 before 5.4 or so, 1,048,576 since)',
    fixes: [
      'include fewer headers; bpftool gen min_core_btf; do not load vmlinux.h whole with an old compiler that keeps unused types',
    ],
  },
  {
    messages:
      /^(?:meta_left:\d+ meta_needed:\d+|Unaligned type_off|No type found|String section is not at the end|Invalid string section|Invalid section offset|Section overlap found|Total section length too long|hdr_len not found|btf_header not found|Invalid magic|No data)$/,
    cause: 'the sections of the BTF are not where its header says: it is damaged, or of the other byte order',
    fixes: [...DAMAGED, '-target bpf takes the byte order of the machine that builds; -target bpfel for x86 and arm64'],
  },
]

const HEADER = /^(?:.*?: ?)?magic: 0x([0-9a-f]+)$/
/** "[12] STRUCT name size=8 vlen=2 REASON", and members below it, indented. */
const TYPE =
  /^\[(\d+)\] (?:(?:(INT|PTR|ARRAY|STRUCT|UNION|ENUM|FWD|TYPEDEF|VOLATILE|CONST|RESTRICT|FUNC|FUNC_PROTO|VAR|DATASEC|FLOAT|DECL_TAG|TYPE_TAG|ENUM64|UNKNOWN)\b(?: (\S+))?(.*))|((?:Invalid|meta_left:).*))$/
const MEMBER = /^\s*(?:\S+ )?(?:type_id=\d+ (?:bits_offset|bitfield_size|offset)=\d+.*?|val=-?\d+)(?: ([A-Z].*))?$/
const FIELD = /^(?:version|flags|hdr_len|(?:type|str|layout)_(?:off|len)|btf_total_size): /
const PREFIX = /^(?:\S+ )?(?:libbpf|aya|bpftool): /
export const BTF_NEEDLES: readonly string[] = [
  'magic: 0x',
  ...['INT', 'PTR', 'ARRAY', 'STRUCT', 'UNION', 'ENUM', 'FWD', 'TYPEDEF', 'VOLATILE', 'CONST', 'RESTRICT'].map(
    (kind) => `] ${kind} `,
  ),
  ...['FUNC', 'FUNC_PROTO', 'VAR', 'DATASEC', 'FLOAT', 'DECL_TAG', 'TYPE_TAG', 'ENUM64', 'UNKNOWN'].map(
    (kind) => `] ${kind} `,
  ),
  '] Invalid ',
  '] meta_left:',
]
/** So many lines without anything of BTF end a log. */
const MOST_OTHER = 3

export class BtfLogs implements Reader {
  readonly #findings: Findings
  #type: { readonly id: string; readonly kind: string; readonly name: string } | undefined
  #inLog = false
  #other = 0

  constructor(findings: Findings) {
    this.#findings = findings
  }

  get isOpen(): boolean {
    return this.#inLog
  }

  readonly feed = (raw: string, number: number): void => {
    // All lines of such a log have one of these.
    if (!this.#inLog && !raw.includes('magic: 0x') && !raw.includes('[')) return
    const line = raw.trim().replace(PREFIX, '').trim()
    if (HEADER.test(line)) {
      this.#inLog = true
      this.#other = 0
      this.#type = undefined
      return
    }
    const type = TYPE.exec(line)
    if (type) return this.#typeLine(type, number, raw)
    if (!this.#inLog || FIELD.test(line)) return
    const reason = MEMBER.exec(line)?.[1] ?? line
    if (this.#report(reason, number, raw) || MEMBER.test(line)) this.#other = 0
    else if (++this.#other > MOST_OTHER) this.#inLog = false
  }

  #typeLine([, id = '', kind = '', name = '', rest = '', alone]: RegExpExecArray, number: number, raw: string): void {
    this.#type = { id, kind, name }
    this.#other = 0
    const text = alone ?? rest
    // The attributes of a type are words with "="; what follows them is the reason.
    const reason =
      alone ??
      / ((?:Invalid|Member|Unsupported|Unexpected|Expected|Exceeded|Loop|Max|Type tags|Array size|Linkage|nr_|vlen [!=]|size [!=]|type !=|meta_left|No ).*)$/.exec(
        text,
      )?.[1]
    // Without the header above it, a line of attributes is needed: other lists have numbers in brackets, too.
    if (reason === undefined || !(this.#inLog || /\w=\d/.test(text))) return
    this.#report(reason, number, raw)
  }

  #report(text: string, number: number, raw: string): boolean {
    const reason = REASONS.find(({ messages }) => messages.test(text))
    if (reason === undefined) return false
    const type = this.#type
    const where =
      type === undefined
        ? 'the BTF'
        : `type ${type.id}${type.kind === '' ? '' : ` (${type.kind} ${type.name})`} of the BTF`
    this.#findings.add(
      {
        rule: 'BTF of the object is refused',
        key: `${type?.id ?? ''} ${text}`,
        what: `the kernel refuses ${where}: ${text.trim()}`,
        evidence: [raw],
        cause: reason.cause,
        fixes: reason.fixes,
        confidence: 'likely',
        sources: ['kernel/bpf/btf.c: btf_verifier_log()'],
      },
      [number],
    )
    return true
  }
}
