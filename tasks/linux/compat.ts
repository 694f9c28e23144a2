/**
 * What an exact old tree needs to build, and to boot, with today's tools: a table. `compat: auto` applies the rows that match,
 * shows them, records them, and they go into the kernel's fingerprint; `compat: none` applies nothing.
 */
import { inRange, type Version } from './version.ts'

export interface CompatRow {
  readonly name: string
  /** Kernels that need it (upper end excluded: the first version that carries the fix). */
  readonly kernels: string
  /** The tool and the versions of it from which on it is needed. */
  readonly tool: 'gcc' | 'binutils'
  readonly toolFrom: number
  /** Assignments for make's command line. */
  readonly make?: Readonly<Record<string, string>>
  /** Requests that override fragments and options. */
  readonly options?: Readonly<Record<string, string>>
  readonly why: string
}

export const COMPAT: readonly CompatRow[] = [
  {
    name: 'host-fcommon',
    kernels: '..v5.5',
    tool: 'gcc',
    toolFrom: 10,
    make: { HOSTCFLAGS: '-O2 -fcommon' },
    why: 'scripts/dtc defines yylloc twice; gcc 10 made -fno-common the default (fixed by e33a814e772c)',
  },
  {
    name: 'libsubcmd-werror',
    kernels: '..v5.17',
    tool: 'gcc',
    toolFrom: 12,
    make: { WERROR: '0' },
    why: 'tools/lib/subcmd trips -Werror=use-after-free (fixed by 52a9dab6d892)',
  },
  {
    name: 'no-cf-protection',
    kernels: '..v5.13',
    tool: 'gcc',
    toolFrom: 9,
    make: { KCFLAGS: '-fcf-protection=none' },
    why: 'distributions turn -fcf-protection on by default; old trees switch it off only with RETPOLINE, and it moves function entries',
  },
  {
    name: 'no-stack-protector',
    kernels: '..v5.7',
    tool: 'gcc',
    toolFrom: 10,
    options: { STACKPROTECTOR: 'n' },
    why: 'gcc 10 turns the last call of start_secondary into a jump and the canary check panics at boot (fixed by a9a3ed1eff36)',
  },
]

export interface Tools {
  /** Major versions. */
  readonly gcc: number
  readonly binutils: number
}

/** The rows that a tree of this version needs with these tools. */
export const compatRows = (version: Version, tools: Tools): CompatRow[] =>
  COMPAT.filter(({ kernels, tool, toolFrom }) => inRange(version, kernels) && tools[tool] >= toolFrom)
