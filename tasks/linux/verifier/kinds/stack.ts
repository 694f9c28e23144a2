/** The stack of a program, and registers that hold nothing. */
import type { Kind, Situation } from './kind.ts'

const ARGUMENT = /^R([2-5])$/

function unreadable({ register = 'a register', instruction = '', origin }: Situation): string {
  if (register === 'R0' && instruction.startsWith('exit')) return 'the program ends without a return value on this path'
  if (ARGUMENT.test(register) && origin === undefined && /^[rw]\d+ = [rw]\d+$/.test(instruction))
    return `nothing was written to ${register}. A program gets one argument only, its context in R1: further parameters of the C function have no value`
  if (instruction.startsWith('call '))
    return `the call takes an argument in ${register}, and nothing was written to it on this path`
  if (/^R[1-5]$/.test(register))
    return `${register} has no value here: nothing was written to it, or a call has used it up (calls destroy R1 to R5)`
  return `${register} is used, and nothing was written to it on this path: a variable without a value`
}

function unreadableFixes({ register = '', instruction = '' }: Situation): readonly string[] {
  if (register === 'R0' && instruction.startsWith('exit')) return ['end each path of the program with `return 0`']
  if (ARGUMENT.test(register) && /^[rw]\d+ = [rw]\d+$/.test(instruction))
    return [
      'write the function with BPF_KPROBE, BPF_KRETPROBE or BPF_PROG of bpf_tracing.h, which take the arguments out of the context; or read them with PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), ...',
      'if the function is a subprogram, mark it `static`, and check that its callers pass the argument',
    ]
  return [
    'give the variable a value where it is declared, on each path',
    'warnings of clang (-Wall: "uninitialized") name the variable',
  ]
}

export const STACK: readonly Kind[] = [
  {
    id: 'register-without-value',
    formats: `
R%d !read_ok
R%d is invalid`,
    cause: unreadable,
    fixes: unreadableFixes,
    sources: ['kernel/bpf/verifier.c: check_reg_arg'],
  },
  {
    id: 'stack-without-value',
    formats: `
invalid indirect read from stack off %d+%d size %d
invalid indirect read from stack var_off %s+%d size %d
invalid read from stack off %d+%d size %d
invalid read from stack off %d+0 size %d
invalid%s read from stack R%d off %d+%d size %d
invalid%s read from stack R%d var_off %s+%d size %d
invalid indirect read from stack R%d off %d+%d size %d
invalid read from stack R%d off %d+%d size %d
invalid read from stack R%d var_off %s+%d size %d
invalid read from stack %s off %d+%d size %d
invalid read from stack %s var_off %s+%d size %d
invalid read from stack arg off %d depth %d
callee expects %d args, stack arg%d is not initialized
reading from stack %s off %d+%d size %d, slot poisoned by dead code elimination
reading from stack off %d+%d size %d, slot poisoned by dead code elimination`,
    cause: ({ message }) => {
      const [, off, into, size] = /off (-?\d+)\+(\d+) size (\d+)/.exec(message) ?? []
      const where = off === undefined ? '' : ` (byte ${into ?? 0} of the ${size ?? '?'} bytes at fp${off})`
      return `bytes of the stack are read, by the program or by a helper, that were never written${where}. Padding between the members of a struct counts`
    },
    fixes: [
      'clear the variable where it is declared: struct event e = {}; or __builtin_memset(&e, 0, sizeof(e)), which also clears the padding',
      'make the padding an explicit member, or order the members so that no padding is needed',
    ],
    sources: ['kernel/bpf/verifier.c: check_stack_read, check_stack_range_initialized'],
  },
  {
    id: 'stack-bounds',
    formats: `
invalid variable stack read R%d var_off=%s
invalid stack off=%d size=%d
invalid stack type R%d off=%d access_size=%d
invalid stack type R%d var_off=%s access_size=%d
invalid%s stack R%d off=%d size=%d
invalid%s stack %s off=%lld size=%d
invalid unbounded variable-offset%s stack R%d
invalid unbounded variable-offset%s stack %s
invalid variable-offset%s stack R%d var_off=%s size=%d
invalid variable-offset%s stack R%d var_off=%s off=%d size=%d
invalid variable-offset%s stack %s var_off=%s off=%d size=%d
invalid write to stack R%d off=%d size=%d
invalid read from stack R%d off=%d size=%d
invalid indirect access to stack R%d off=%d size=%d
R%d max value is outside of stack bound
R%d min value is outside of stack bound
R%d unbounded indirect variable offset stack access
variable stack access var_off=%s off=%d size=%d
variable stack read var_off=%s off=%d size=%d
variable stack write var_off=%s off=%d size=%d
variable offset stack pointer cannot be passed into helper function; var_off=%s off=%d size=%d`,
    cause: ({ message }) => {
      const size = /(?:access_size|\bsize)=(-?\d+)/.exec(message)?.[1]
      const off = /\boff=(-?\d+)/.exec(message)?.[1]
      if (/var|unbounded|max value|min value/.test(message))
        return 'the offset into the stack is a variable that the verifier cannot keep inside of the buffer'
      if (size === '0') return 'the length may be 0 here, and this helper needs at least one byte'
      return `${size ?? 'some'} bytes at fp${off ?? '?'} are not inside of the stack, which is the 512 bytes below the frame pointer, or reach past the buffer`
    },
    fixes: [
      'bound the index into the buffer (i &= SIZE - 1), and the length (len <= sizeof(buffer), and above 0) before the call',
      'put a buffer that is indexed with a variable into a map of one entry (BPF_MAP_TYPE_PERCPU_ARRAY) instead of on the stack',
    ],
    sources: ['kernel/bpf/verifier.c: check_stack_access_within_bounds'],
  },
  {
    id: 'stack-spill',
    formats: `
corrupted spill memory
attempt to corrupt spilled pointer on stack
invalid size of register spill
invalid size of register fill
spilled ptr in range of var-offset stack write; insn %d, ptr off: %d
cannot spill pointers to stack into stack frame of the caller
cannot return stack pointer to the caller
insn %d cannot access two stack slots fp%d and fp%d`,
    cause:
      'a pointer that is kept on the stack is overwritten in part, is read with another width than 8 bytes, or would outlive the frame that it belongs to',
    fixes: [
      'keep pointers in variables of their own, not in a union or an array of bytes, and copy them whole',
      'a function must not return or store the address of a local variable of its own: let the caller pass the buffer',
    ],
    sources: ['kernel/bpf/verifier.c: check_stack_write'],
  },
  {
    id: 'stack-size',
    wholeProgram: true,
    formats: `
combined stack size of %d calls is %d. Too large
stack size of subprog %d is %d. Too large
stack size %d(extra %d) is too large
stack depth %d exceeds interpreter stack depth limit
the call stack of %d frames is too deep !
the call stack of %d frames is too deep
tail_calls are not allowed when call stack of previous frames is %d bytes. Too large
allocated_stack too small`,
    cause: ({ message }) =>
      message.startsWith('tail_calls')
        ? 'a program with calls between BPF functions and tail calls may use 256 bytes of stack above a tail call, so that 33 of them in a row fit on the stack of the kernel'
        : message.includes('frames')
          ? 'calls between BPF functions may be 8 deep'
          : 'all functions of a call chain share 512 bytes of stack together (each counts in steps of 32 bytes), and this chain needs more',
    fixes: [
      'move large variables into a map of one entry: BPF_MAP_TYPE_PERCPU_ARRAY, looked up at the start',
      'make small functions __always_inline so that their frames are shared; or split the chain',
    ],
    sources: ['kernel/bpf/verifier.c: check_max_stack_depth', 'include/linux/filter.h: MAX_BPF_STACK'],
  },
]
