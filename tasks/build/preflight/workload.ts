/** Hooks on functions and USDT probes of the workload, before a boot: whether its program has them. */
import { readFile } from 'node:fs/promises'
import { suggest } from '../../config/text/suggest.ts'
import { userError, type Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { ElfError } from '../../linux/objects/elf.ts'
import { readUserProgram, type UserProgram } from '../../linux/objects/user-program.ts'
import { hookOf, userHookOf, type UserHook } from '../../linux/symbols/hook.ts'
import type { Deployable } from '../probe/probe.ts'
import type { ObjectFindings } from './findings.ts'

interface Problem {
  readonly fact: string
  readonly wayOut: string
}

const listed = (names: Iterable<string>): string =>
  [...names]
    .slice(0, 8)
    .map((name) => printable(name, 60))
    .join(', ')

function missingUsdt(name: string, { usdt }: UserProgram, workload: string): Problem | undefined {
  if (usdt.has(name)) return undefined
  const near = suggest(name, usdt)
  return {
    fact: `the workload ${workload} has no USDT probe ${name}`,
    wayOut:
      near === undefined
        ? usdt.size === 0
          ? 'it has none at all: bpf/workloads/usdt.h shows how a C program gets one'
          : `it has ${listed(usdt)}`
        : `did you mean ${near}?`,
  }
}

function missingFunction(name: string, { functions, stripped }: UserProgram, workload: string): Problem | undefined {
  if (functions.has(name)) return undefined
  if (stripped)
    return {
      fact: `the workload ${workload} is stripped: its functions have no names, so that ${name} cannot be found`,
      wayOut: 'take the program as it is before `strip`, or hook a USDT probe of it (usdt/${workload}:PROVIDER:NAME)',
    }
  const near = suggest(name, functions)
  return {
    fact: `the workload ${workload} has no function ${name}`,
    wayOut: `${near === undefined ? '' : `did you mean ${near}? `}A function that the compiler inlined has no code of its own: __attribute__((noinline)) keeps it`,
  }
}

const problemOf = (hook: UserHook, program: UserProgram, workload: string): Problem | undefined =>
  hook.usdt
    ? missingUsdt(`${hook.usdt.provider}:${hook.usdt.name}`, program, workload)
    : missingFunction((hook.function ?? '').replace(/\+(?:0x[0-9a-f]+|\d+)$/i, ''), program, workload)

function failure(place: string, section: string, program: string, { fact, wayOut }: Problem): Failure {
  return userError({
    place: `${place}, ${printable(section, 100)}`,
    fact: `${program} cannot be attached: ${fact}`,
    wayOut,
  })
}

/**
 * @param workload the program that goes to the guest; undefined for a command of the image, which only the guest can
 *   look into
 * @throws a user's error for the first hook that its program does not have
 */
export async function refuseInWorkload(
  hooks: ObjectFindings['inWorkload'],
  workload: Deployable | undefined,
  place: string,
): Promise<void> {
  if (workload === undefined) return
  const name = printable(workload.name, 80)
  let program: UserProgram | undefined
  try {
    program = readUserProgram(await readFile(workload.file))
  } catch (error) {
    if (!(error instanceof ElfError)) throw error
  }
  for (const { program: of, section } of hooks) {
    const hook = userHookOf(hookOf(section))
    const problem =
      program === undefined
        ? {
            fact: `the workload ${name} is no program of machine code`,
            wayOut: 'a uprobe needs the file of the program itself: uprobe//usr/bin/python3:FUNCTION',
          }
        : hook && problemOf(hook, program, name)
    if (problem) throw failure(place, section, of, problem)
  }
}
