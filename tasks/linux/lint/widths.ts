/**
 * The width of a C expression, as far as a probe's own text tells it. x86-64 and BPF: long and pointers have 64 bits.
 */
import { argumentsOf, baseName, calleeOf, declared, nodes, type CType, type ProbeSource } from './source.ts'
import type { Node } from '../c/c-parser.ts'

const WIDTHS: Readonly<Record<string, number>> = {
  char: 1,
  'signed char': 1,
  'unsigned char': 1,
  bool: 1,
  _Bool: 1,
  __u8: 1,
  __s8: 1,
  u8: 1,
  s8: 1,
  uint8_t: 1,
  int8_t: 1,
  short: 2,
  'unsigned short': 2,
  __u16: 2,
  __s16: 2,
  u16: 2,
  s16: 2,
  uint16_t: 2,
  int16_t: 2,
  umode_t: 2,
  int: 4,
  unsigned: 4,
  'unsigned int': 4,
  __u32: 4,
  __s32: 4,
  u32: 4,
  s32: 4,
  uint32_t: 4,
  int32_t: 4,
  pid_t: 4,
  uid_t: 4,
  long: 8,
  'unsigned long': 8,
  'long int': 8,
  'long unsigned int': 8,
  'long long': 8,
  'unsigned long long': 8,
  __u64: 8,
  __s64: 8,
  u64: 8,
  s64: 8,
  uint64_t: 8,
  int64_t: 8,
  size_t: 8,
  ssize_t: 8,
  loff_t: 8,
}

const POINTER = 8
/** Bytes of a type; undefined for a struct and for what the text does not say. */
export const widthOf = (type: CType | undefined): number | undefined =>
  type === undefined
    ? undefined
    : type.depth > 0
      ? POINTER
      : WIDTHS[type.name.replaceAll(/\b(?:const|volatile) ?/g, '').trim()]

/** Helpers and macros whose value needs 64 bits. */
const WIDE_CALLS =
  /^(?:PT_REGS_\w+|COPYOUT_\w+|bpf_get_current_pid_tgid|bpf_get_current_uid_gid|bpf_get_current_cgroup_id|bpf_get_current_task|bpf_ktime_get_\w+)$/

export class Widths {
  readonly #source: ProbeSource

  constructor(source: ProbeSource) {
    this.#source = source
  }

  /** The declaration that a name refers to: the last one before it in its function, or one of the file. */
  declarationOf(name: string, at: Node): { readonly type: CType; readonly declarator: Node } | undefined {
    const scope = enclosingFunction(at)
    const candidates = nodes(scope ?? this.#source.root, 'declaration', 'parameter_declaration')
    const found = candidates
      .filter(({ startIndex }) => startIndex <= at.startIndex)
      .flatMap((declaration) =>
        declaration.childrenForFieldName('declarator').flatMap((declarator) => {
          const one = declarator && declared(declarator)
          return one?.name === name && declarator
            ? [{ type: { name: baseName(declaration), depth: one.depth }, declarator }]
            : []
        }),
      )
      .at(-1)
    if (found || !scope) return found
    return nodes(this.#source.root, 'declaration')
      .filter((node) => !enclosingFunction(node))
      .flatMap((declaration) =>
        declaration.childrenForFieldName('declarator').flatMap((declarator) => {
          const one = declarator && declared(declarator)
          return one?.name === name && declarator
            ? [{ type: { name: baseName(declaration), depth: one.depth }, declarator }]
            : []
        }),
      )
      .at(-1)
  }

  typeOf(node: Node | null): CType | undefined {
    switch (node?.type) {
      case 'identifier':
        return this.declarationOf(node.text, node)?.type
      case 'parenthesized_expression':
        return this.typeOf(node.namedChild(0))
      case 'cast_expression':
        return castType(node.childForFieldName('type'))
      case 'pointer_expression':
        return this.#pointer(node)
      case 'subscript_expression':
        return shallower(this.typeOf(node.childForFieldName('argument')))
      case 'field_expression': {
        const of = this.typeOf(node.childForFieldName('argument'))
        return of && this.#source.structs.get(of.name)?.get(node.childForFieldName('field')?.text ?? '')
      }
      default:
        return undefined
    }
  }

  #pointer(node: Node): CType | undefined {
    const inner = this.typeOf(node.childForFieldName('argument'))
    if (node.text.startsWith('*')) return shallower(inner)
    return inner ? { name: inner.name, depth: inner.depth + 1 } : { name: 'void', depth: 1 }
  }

  /**
   * Bits of an expression that is known to be an integer of fewer than 64 bits. Arithmetic is left to C's promotions.
   */
  narrow(node: Node): number | undefined {
    const width = widthOf(this.typeOf(node))
    return width === undefined || width === POINTER ? undefined : width * 8
  }

  /** Bytes of a type; of a struct, whose members must all be integers, with its holes. */
  sizeOf(type: CType): number | undefined {
    const width = widthOf(type)
    const fields = this.#source.structs.get(type.name)
    if (width !== undefined || fields === undefined || fields.size === 0) return width
    let [end, widest] = [0, 1]
    for (const field of fields.values()) {
      const bytes = field.depth === 0 ? widthOf(field) : undefined
      if (bytes === undefined) return undefined
      end = Math.ceil(end / bytes) * bytes + bytes
      widest = Math.max(widest, bytes)
    }
    return Math.ceil(end / widest) * widest
  }

  /** Whether an expression is known to need more than 32 bits. */
  isWide(node: Node | null): boolean {
    if (node?.type === 'parenthesized_expression') return this.isWide(node.namedChild(0))
    if (node?.type === 'call_expression') return WIDE_CALLS.test(calleeOf(node) ?? '')
    if (node?.type === 'conditional_expression')
      return [node.childForFieldName('consequence'), node.childForFieldName('alternative')].some((one) =>
        this.isWide(one),
      )
    if (node?.type === 'binary_expression') return this.#wideBinary(node)
    return widthOf(this.typeOf(node)) === POINTER
  }

  #wideBinary(node: Node): boolean {
    const operator = node.childForFieldName('operator')?.text ?? ''
    const [left, right] = [node.childForFieldName('left'), node.childForFieldName('right')]
    const small = (one: Node | null) => one?.type === 'number_literal' && Number.parseInt(one.text) <= 0xffff_ffff
    // Taking the upper half, or masking, is how 32 bits are made on purpose.
    if (operator === '>>')
      return this.isWide(left) && !(right?.type === 'number_literal' && Number.parseInt(right.text) >= 32)
    if (operator === '&') return this.isWide(left) && this.isWide(right)
    if (operator === '%') return this.isWide(left) && !small(right)
    if (operator === '-') return false
    return ['+', '|', '^', '*', '/'].includes(operator) && (this.isWide(left) || this.isWide(right))
  }
}

const shallower = (type: CType | undefined): CType | undefined =>
  type === undefined || type.depth === 0 ? undefined : { name: type.name, depth: type.depth - 1 }

function castType(descriptor: Node | null): CType | undefined {
  if (!descriptor) return undefined
  const depth = (descriptor.childForFieldName('declarator')?.text.match(/\*/g) ?? []).length
  return { name: baseName(descriptor), depth }
}

function enclosingFunction(node: Node): Node | undefined {
  for (let parent = node.parent; parent; parent = parent.parent)
    if (parent.type === 'function_definition') return parent
  return undefined
}

/** The names whose addresses are handed over: `&map`. */
export const addressed = (call: Node, index: number): string | undefined => {
  const argument = argumentsOf(call)[index]
  const inner = argument?.type === 'pointer_expression' ? argument.childForFieldName('argument') : undefined
  const bare = inner?.type === 'parenthesized_expression' ? inner.namedChild(0) : inner
  return bare?.type === 'identifier' ? bare.text : undefined
}
