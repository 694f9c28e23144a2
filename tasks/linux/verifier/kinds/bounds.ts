/** Bounds: accesses that reach outside of an object, and indices and lengths that the verifier cannot bound. */
import { originText } from '../origin.ts'
import { bytes, numbersOf, type Kind, type Situation } from './kind.ts'

const BOUND_INDEX = [
  'test the index right before the access: if (i >= SIZE) return 0; with i unsigned and 64 bits wide',
  'mask it: i &= SIZE - 1, where SIZE is a power of two and not larger than the array',
]
const LOST_BOUND =
  'if the C has the check, the compiler may have tested another copy of the value (a 32-bit one, or before a cast): use one unsigned 64-bit variable, and barrier_var() after the check'

/** What the numbers of "invalid access to map value, value_size=4 off=0 size=8" say. */
function accessCause(object: string, sizeName: string): (situation: Situation) => string {
  return ({ message, register, state, origin }) => {
    const numbers = numbersOf(message)
    const { off = 0, size = 0 } = numbers
    const whole = numbers[sizeName] ?? 0
    const where = origin ? `. ${register ?? 'The register'} came from ${originText(origin)}` : ''
    if (size === 0)
      return `the length may be 0 here, and the helper needs at least one byte, or the offset ${off} is not inside of ${object} of ${bytes(whole)}`
    const what = `${bytes(size)} at offset ${off} of ${object} of ${bytes(whole)}`
    if (off === 0 && size > whole)
      return `${what}: ${size} bytes of a value of ${whole}, so the pointer's type is wider than ${object}${where}`
    const variable = /var_off|umax|smax|max_value/.test(state ?? '')
    return `${what}: ${off < 0 ? 'the offset is negative' : 'the access ends behind it'}${variable || off >= whole ? ', because the index can be larger than the last one' : ''}${where}`
  }
}

const accessFixes =
  (sizeName: string, wide: string): Kind['fixes'] =>
  ({ message }) => {
    const { off = 0, size = 0, [sizeName]: whole = 0 } = numbersOf(message)
    if (size === 0)
      return [
        'make the length positive before the call: if (len == 0 || len > SIZE) return 0; or len = ((len - 1) & (SIZE - 1)) + 1',
      ]
    if (off === 0 && size > whole) return [wide]
    return BOUND_INDEX
  }

export const BOUNDS: readonly Kind[] = [
  {
    id: 'map-value-bounds',
    formats: `
invalid access to map value, value_size=%d off=%d size=%d
invalid access to map value pointer, value_size=%u off=%u
invalid access to map key, key_size=%d off=%d size=%d
R%d max value is outside of the array range
R%d min value is outside of the array range`,
    cause: accessCause('a map value', 'value_size'),
    fixes: accessFixes(
      'value_size',
      'use a pointer of the type that the map holds: the access is wider than the map value',
    ),
    otherwise: LOST_BOUND,
    sources: ['kernel/bpf/verifier.c: check_map_access'],
  },
  {
    id: 'memory-bounds',
    formats: `
invalid access to memory, mem_size=%u off=%d size=%d
invalid access to context, ctx_size=%d off=%d size=%d
invalid access to flow keys off=%d size=%d
R%d invalid %s access off=%d size=%d
%s invalid %s access off=%d size=%d
R%d invalid %s buffer access: off=%d, size=%d
R%d invalid tracepoint buffer access: off=%d, size=%d
%s invalid negative %s buffer offset: off=%d, var_off=%lld
R%d invalid variable buffer offset: off=%d, var_off=%s
%s invalid variable buffer offset: off=%d, var_off=%s
%s invalid variable offset to flow keys: off=%d, var_off=%s
R%d max value is outside of the allowed memory range
R%d min value is outside of the allowed memory range
%s max value is outside of the allowed memory range
%s min value is outside of the allowed memory range
arg#%d arg#%d memory, len pair leads to invalid memory access
%s memory, len pair leads to invalid memory access
%s memory size %u is too large
Invalid read of %d bytes from insn_array`,
    cause: ({ message, register, origin }) => {
      const { off, size, mem_size: whole } = numbersOf(message)
      const what =
        off === undefined
          ? 'the access can reach outside of its object'
          : `${size ?? '?'} bytes at offset ${off}${whole === undefined ? '' : ` of ${bytes(whole)}`} reach outside of the object`
      return `${what}${origin ? `. ${register ?? 'The register'} came from ${originText(origin)}` : ''}`
    },
    fixes: [
      'bound the offset, and the length together with it: both of them must be tested on the path to this instruction',
      ...BOUND_INDEX,
    ],
    otherwise: LOST_BOUND,
    sources: ['kernel/bpf/verifier.c: check_mem_region_access'],
  },
  {
    id: 'packet-bounds',
    formats: `
invalid access to packet, off=%d size=%d, R%d(id=%d,off=%d,r=%d)
invalid access to packet, off=%d size=%d, %s(id=%d,off=%d,r=%d)
R%d offset is outside of the packet
%s offset is outside of the packet`,
    cause: ({ message, register = 'the pointer' }) => {
      const { off, size, r: range } = numbersOf(message)
      const read =
        off === undefined ? 'the packet is read' : `bytes ${off} to ${off + (size ?? 1) - 1} of the packet are read`
      return range === undefined
        ? `${read} before a comparison of ${register} with data_end has shown that they are there`
        : `${read}, and only ${bytes(range)} of it were compared with data_end on this path`
    },
    fixes: [
      'before the read: if (data + offset + size > data_end) return XDP_PASS (or TC_ACT_OK), with the very pointer that is then read',
      'after a helper that changes the packet (bpf_skb_pull_data, bpf_xdp_adjust_head, ...) load data and data_end again, and compare again',
      'a variable offset has to be bounded too (offset &= 0x7ff) before it is added; or copy with bpf_skb_load_bytes or bpf_xdp_load_bytes',
    ],
    otherwise: LOST_BOUND,
    sources: ['kernel/bpf/verifier.c: check_packet_access, find_good_pkt_pointers'],
  },
  {
    id: 'unbounded-index',
    formats: `
R%d unbounded memory access, make sure to bounds check any such access
R%d unbounded memory access, make sure to bounds check any array access into a map
%s unbounded memory access, make sure to bounds check any such access
R%d unbounded size, use 'var &= const' or 'if (var < const)'`,
    cause: ({ register = 'the register', origin }) =>
      `the index that was added to the pointer in ${register} has no upper bound on this path${origin ? `. It came from ${originText(origin)}` : ''}`,
    fixes: BOUND_INDEX,
    otherwise: LOST_BOUND,
    sources: ['kernel/bpf/verifier.c: check_mem_region_access'],
  },
  {
    id: 'negative-index',
    formats: `
R%d min value is negative, either use unsigned index or do a if (index >=0) check.
%s min value is negative, either use unsigned index or do a if (index >=0) check.`,
    cause: ({ register = 'the register' }) => `the index in ${register} is signed and may be negative`,
    fixes: ['make the index unsigned (__u32 or __u64); or leave when it is below 0', ...BOUND_INDEX],
    otherwise: LOST_BOUND,
    sources: ['kernel/bpf/verifier.c: check_mem_region_access'],
  },
  {
    id: 'negative-length',
    formats: `
R%d min value is negative, either use unsigned or 'var &= const'
%s min value is negative, either use unsigned or 'var &= const'`,
    cause: ({ register = 'the register', origin }) =>
      `the length in ${register} is signed and may be negative, which a helper would take for a huge one${origin ? `. It came from ${originText(origin)}` : ''}`,
    fixes: [
      'make the length unsigned (__u32), and mask it right before the call: len &= SIZE - 1, where SIZE is a power of two',
      'leave on both sides: if (len < 0 || len > SIZE) return 0; a return value of a helper is an error when it is negative',
    ],
    otherwise: LOST_BOUND,
    sources: ['kernel/bpf/verifier.c: check_mem_size_reg'],
  },
  {
    id: 'unbounded-length',
    formats: `
R%d unbounded memory access, use 'var &= const' or 'if (var < const)'
%s unbounded memory access, use 'var &= const' or 'if (var < const)'`,
    cause: ({ register = 'the register', origin }) =>
      `the length in ${register} has no upper bound on this path${origin ? `. It came from ${originText(origin)}` : ''}`,
    fixes: [
      'bound the length right before the call: if (len > sizeof(buffer)) len = sizeof(buffer); with len unsigned',
      'mask it: len &= sizeof(buffer) - 1, where the size is a power of two',
    ],
    otherwise: LOST_BOUND,
    sources: ['kernel/bpf/verifier.c: check_mem_size_reg'],
  },
  {
    id: 'length-may-be-zero',
    formats: `
R%d invalid zero-sized read: u64=[%lld,%lld]
%s invalid zero-sized read: u64=[%lld,%lld]
invalid zero-sized read`,
    cause: ({ register = 'the length' }) =>
      `the length in ${register} may be 0, and this helper needs at least one byte`,
    fixes: [
      'leave when it is 0: if (len == 0 || len > SIZE) return 0;',
      'move the range up by one: len = ((len - 1) & (SIZE - 1)) + 1',
    ],
    sources: ['kernel/bpf/verifier.c: check_helper_mem_access'],
  },
  {
    id: 'misaligned',
    formats: `
misaligned %saccess off %s+%d+%d size %d
misaligned %saccess off %s+%d size %d
misaligned packet access off %d+%s+%d+%d size %d
misaligned packet access off %d+%s+%d size %d
misaligned access off %d size %d`,
    cause: ({ message }) =>
      `an access of ${/size (\d+)$/.exec(message)?.[1] ?? 'several'} bytes is not at a multiple of its size`,
    fixes: [
      'align the field: order the members of the struct by size, or pad it; a packed struct is read and written byte by byte with __builtin_memcpy',
      'for packets, copy into an aligned variable with __builtin_memcpy',
    ],
    otherwise: 'whether the loader set BPF_F_STRICT_ALIGNMENT; the stack is always checked',
    sources: ['kernel/bpf/verifier.c: check_ptr_alignment'],
  },
]
