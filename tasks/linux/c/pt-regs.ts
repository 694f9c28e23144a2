/**
 * The context of a kprobe on x86-64: struct pt_regs, byte offset -> register, and which argument of a C function it
 * holds (System V ABI; arch/x86/include/uapi/asm/ptrace.h, the same since 2.6.24).
 */
const REGISTERS = [
  'r15',
  'r14',
  'r13',
  'r12',
  'bp',
  'bx',
  'r11',
  'r10',
  'r9',
  'r8',
  'ax',
  'cx',
  'dx',
  'si',
  'di',
  'orig_ax',
  'ip',
  'cs',
  'flags',
  'sp',
  'ss',
] as const
const ARGUMENTS: readonly string[] = ['di', 'si', 'dx', 'cx', 'r8', 'r9']

export const registerAt = (offset: number): string | undefined => (offset % 8 === 0 ? REGISTERS[offset / 8] : undefined)

/** "pt_regs.di, argument 1 of the probed function"; undefined for an offset that holds none. */
export function argumentAt(offset: number): string | undefined {
  const register = registerAt(offset)
  const number = ARGUMENTS.indexOf(register ?? '') + 1
  return number === 0 ? undefined : `pt_regs.${register}, argument ${number} of the probed function`
}
