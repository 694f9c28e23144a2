/**
 * The format of a trace event (tracefs, events/GROUP/EVENT/format) as a C struct for BPF programs: every hole is a
 * member, every offset and the size are asserted. Numbers of events are not in it: they differ from kernel to kernel
 * and from boot to boot.
 */
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'

export interface EventField {
  readonly name: string
  /** The C type as the kernel prints it, with the dimension of an array: "char [16]". */
  readonly type: string
  /** Bytes. */
  readonly offset: number
  /** Bytes; 0 for an array without a fixed length, which is the last field. */
  readonly size: number
  readonly signed: boolean
  /** Elements of an array in all its dimensions; 0 where it has no fixed length. */
  readonly elements?: number
  /** "[4][6]" of an array of arrays. */
  readonly dimensions?: string
}

export interface EventFormat {
  readonly name: string
  /** Of this boot. */
  readonly id: number | undefined
  readonly fields: readonly EventField[]
}

/** No record is larger than a page of the ring buffer. */
const LARGEST = 65_536
/** Fields that are kept of one event; the largest of the kernel have a few dozen. */
const MOST_FIELDS = 500

const FIELD = /^\s*field:(.+?)\s*;\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:([01]);)?/
/** "const char * filename", "char comm[16]", "__data_loc char[] name", "__rel_loc char name[]", "u8 mac[4][6]". */
const DECLARATION = /^(.*?)\b(\w+)\s*((?:\[[^\]]*\]\s*)*)$/
/** "void (*fn)(void *)", "int (*table)[4]". */
const POINTER_DECLARATION = /^(.*?\(\s*\*+\s*)(\w+)(\s*\).*)$/
/** The value is elsewhere in the record, and the field says where. */
const LOCATION = /^__(?:data|rel)_loc\b/
/**
 * What comments, quotes and lists put in front of each line of a format that was pasted: " * ", "// ", "# ", "> ", "+".
 */
const PASTED = /^\s*(?:(?:\/\/+|\/?\*+|#+|>|--|;|\+|\|)\s*)+/

function fieldOf(line: string): EventField | undefined {
  const [, declaration = '', offset, size, signed] = FIELD.exec(line) ?? []
  if (offset === undefined) return undefined
  const place = { offset: Number(offset), size: Number(size), signed: signed === '1' }
  const pointer = POINTER_DECLARATION.exec(declaration)
  if (pointer) return { name: pointer[2] ?? '', type: `${pointer[1]}${pointer[3]}`, ...place }
  const [, type = '', name, brackets = ''] = DECLARATION.exec(declaration) ?? []
  // Without a name it still takes its bytes: a hole would hide that there is something.
  if (name === undefined || type.trim() === '' || /^\d/.test(name))
    return { name: `field_${offset}`, type: declaration, ...place }
  const dimensions = brackets.replaceAll(/\s/g, '')
  const shown = `${type.trim()}${dimensions === '' ? '' : ` ${dimensions}`}`
  if (dimensions === '' || LOCATION.test(type)) return { name, type: shown, ...place }
  const counts = Array.from(dimensions.matchAll(/\[([^\]]*)\]/g), ([, count = '']) =>
    /^\d+$/.test(count) ? Number(count) : 0,
  )
  const elements = counts.reduce((product, count) => product * count, 1)
  return { name, type: shown, ...place, elements, ...(counts.length > 1 && elements > 0 && { dimensions }) }
}

/** Every format in a text: as the kernel gives it, or pasted into notes, several one after the other. */
export function parseFormats(text: string): EventFormat[] {
  const formats: { name: string; id: number | undefined; fields: EventField[] }[] = []
  for (const raw of text.split('\n')) {
    const line = raw.replace(PASTED, '')
    const name = /^\s*name:\s*(\w+)\s*$/.exec(line)?.[1]
    const id = /^\s*ID:\s*(\d+)\s*$/.exec(line)?.[1]
    const field = fieldOf(line)
    const last = formats.at(-1)
    if (name !== undefined) formats.push({ name, id: undefined, fields: [] })
    else if (last && id !== undefined && last.fields.length === 0) last.id = Number(id)
    else if (last && field && last.fields.length < MOST_FIELDS) last.fields.push(field)
  }
  return formats.filter(({ fields }) => fields.length > 0)
}

const C_KEYWORDS = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while'
  ).split(' '),
)

const SCALARS: Readonly<Record<number, string>> = { 1: '8', 2: '16', 4: '32', 8: '64' }

/** What a struct's member is declared as. */
interface Member {
  readonly declaration: (name: string) => string
  readonly alignment: number
}

const scalar = (size: number, signed: boolean): string | undefined =>
  SCALARS[size] && `__${signed ? 's' : 'u'}${SCALARS[size]}`

/** Widths and signs are the format's, not the type's name: a syscall's int takes 8 bytes there. */
function memberOf({ size, signed, elements, type, dimensions }: EventField): Member {
  // Two halves of a word, each without a sign.
  const whole = elements === undefined ? scalar(size, signed && !LOCATION.test(type)) : undefined
  if (whole !== undefined) return { declaration: (name) => `${whole} ${name}`, alignment: size }
  if (elements === 0 && size === 0)
    return { declaration: (name) => `${type.startsWith('char') ? 'char' : '__u8'} ${name}[]`, alignment: 1 }
  const each = elements === undefined || elements === 0 ? undefined : size / elements
  const element = each === undefined ? undefined : type.startsWith('char') && each === 1 ? 'char' : scalar(each, signed)
  return element === undefined
    ? { declaration: (name) => `__u8 ${name}[${size}]`, alignment: 1 }
    : { declaration: (name) => `${element} ${name}${dimensions ?? `[${elements}]`}`, alignment: each ?? 1 }
}

function checked({ name, fields }: EventFormat): readonly EventField[] {
  const sorted = fields.toSorted((a, b) => a.offset - b.offset)
  for (const [index, { name: field, offset, size, elements }] of sorted.entries()) {
    const next = sorted[index + 1]
    const wrong =
      offset + size > LARGEST
        ? `ends beyond ${LARGEST} bytes`
        : size === 0 && (elements !== 0 || next !== undefined)
          ? 'has no size'
          : next && offset + size > next.offset
            ? `overlaps ${next.name}`
            : fields.filter((one) => one.name === field).length > 1
              ? 'is there twice'
              : undefined
    if (wrong !== undefined)
      throw userError({
        place: `event ${name}`,
        fact: `the field ${field} (offset ${offset}, size ${size}) ${wrong}`,
        wayOut: 'give the text as the kernel prints it: cat /sys/kernel/tracing/events/GROUP/EVENT/format',
      })
  }
  return sorted
}

/** Pointer and length in one: struct trace_event_data_offsets (include/trace/stages). */
const dynamic = (type: string): string =>
  /^__data_loc\b/.test(type)
    ? '; low 16 bits: where it stands, from the beginning of the record; high 16 bits: its bytes'
    : /^__rel_loc\b/.test(type)
      ? '; low 16 bits: where it stands, from the end of this field; high 16 bits: its bytes'
      : ''

/** The struct and its assertions, in the style of the kernel. @throws Failure for a format that is none */
export function structOf(format: EventFormat, group?: string): string {
  const fields = checked(format)
  const tag = `${format.name}_args`
  const common = fields.filter(({ name }) => name.startsWith('common_'))
  const own = fields.filter(({ name }) => !name.startsWith('common_'))
  const members: string[] = []
  const asserts: string[] = []
  let end = Math.max(0, ...common.map(({ offset, size }) => offset + size))
  let alignment = 1
  let packed = false
  const taken = new Set(own.map(({ name }) => name))
  const unique = (name: string): string => (taken.has(name) ? unique(`${name}_`) : name)
  const place = (declaration: string, note: string) => members.push(`\t${declaration};${note && ` /* ${note} */`}`)
  const pad = (to: number) => {
    if (to > end) place(`__u8 ${unique(`padding_${end}`)}[${to - end}]`, '')
    end = Math.max(end, to)
  }
  if (end > 0) {
    const name = unique('common')
    if (end === 8) alignment = 8
    place(end === 8 ? `__u64 ${name}` : `__u8 ${name}[${end}]`, `0: type, flags, pid; a BPF program may not read it`)
  }
  for (const field of own) {
    pad(field.offset)
    const member = memberOf(field)
    if (field.offset % member.alignment !== 0) packed = true
    alignment = Math.max(alignment, member.alignment)
    const name = C_KEYWORDS.has(field.name) ? unique(`${field.name}_`) : field.name
    place(
      member.declaration(name),
      `${field.offset}: ${printable(field.type, 120).replaceAll('*/', '* /')}${dynamic(field.type)}`,
    )
    asserts.push(`_Static_assert(__builtin_offsetof(struct ${tag}, ${name}) == ${field.offset}, "${name}");`)
    end = field.offset + field.size
  }
  const flexible = own.at(-1)?.size === 0
  if (!packed && !flexible) pad(Math.ceil(end / alignment) * alignment)
  if (!flexible) asserts.push(`_Static_assert(sizeof(struct ${tag}) == ${end}, "size");`)
  return [
    `/* ${group === undefined ? '' : `SEC("tracepoint/${group}/${format.name}"); `}made from events/${group ?? '...'}/${format.name}/format */`,
    `struct ${tag} {`,
    ...members,
    packed ? '} __attribute__((packed));' : '};',
    ...asserts,
  ].join('\n')
}

/** What structs need to be compiled; once for each file. */
export const STRUCT_HEADER = '#include <linux/types.h>'
