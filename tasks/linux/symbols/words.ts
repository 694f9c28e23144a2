/** Why a program cannot be attached, in the words that are used before a boot as after it. */
import type { Hook, UserHook } from './hook.ts'

export interface Words {
  readonly fact: string
  readonly wayOut: string
}

export const NOTRACE: Words = {
  fact: 'the function is notrace (all of lib/ is built without -pg) and this kernel refuses to probe it',
  wayOut: 'set CONFIG_KPROBE_EVENTS_ON_NOTRACE=y (kernel/config/tracing.config has it)',
}

export const noEvent = (target: string): Words => ({
  fact: `the kernel has no trace event ${target}: the driver or option that it belongs to is not part of this kernel`,
  wayOut: '`lab exec -- ls /sys/kernel/tracing/events` lists the events that are there',
})

export const noSymbol = (target: string): Words => ({
  fact: `the kernel has no symbol ${target}: it does not exist there, or the compiler inlined it`,
  wayOut: 'name it under `parallelPath:` or `expose:` of the kernel, or mark the program `optional:`',
})

/** A function or USDT probe of a file in the guest, which nobody could look into before the boot. */
export const noUserTarget = ({ file, function: name, usdt }: UserHook): Words =>
  usdt
    ? {
        fact: `${file} is not in the guest, or has no USDT probe ${usdt.provider}:${usdt.name}`,
        wayOut: 'a path in the section is one of the guest: `lab exec -- ls FILE` looks for it',
      }
    : {
        fact: `${file} is not in the guest, or has no function ${name ?? ''} that can be found by name`,
        wayOut:
          'a path in the section is one of the guest (`lab exec -- ls FILE`). Programs of Debian are stripped, and its libraries but for what they export: hook an exported function, or a USDT probe (usdt/FILE:PROVIDER:NAME)',
      }

/** A kprobe goes to the first byte of an instruction only (arch/x86/kernel/kprobes/core.c, can_probe). */
export const notAnInstruction = ({ target, offset }: Hook): Words => ({
  fact: `no instruction of this kernel begins at ${target}+${offset}`,
  wayOut:
    'gdb or objdump -d of its vmlinux shows where they begin; the call of __fentry__ takes bytes 0 to 4, and 4 to 8 behind an endbr64 (X86_KERNEL_IBT)',
})

export const REFUSED: Words = {
  fact: 'the kernel refuses this place (kprobe blacklist, notrace, or not at a function)',
  wayOut: "the kernel's own words are above",
}
