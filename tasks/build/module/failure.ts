/** Why make could not build a module, as the user's to correct: file and line, or the missing symbol. */
import type { ResolvedModule } from '../../config/modules.ts'
import { failedBy, userError, type Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { CompileFailure } from '../../host/compile.ts'
import { SOURCES } from './kbuild-text.ts'

/** Lines of the compiler that are shown. */
const SHOWN = 12

/** modpost: "ERROR: modpost: "f" [/tmp/x.ko] undefined!", before 5.7 and in warnings without "modpost: ". */
const UNDEFINED = /^(?:ERROR|WARNING): (?:modpost: )?"([^"]+)" \[.*\] undefined!/

/** Since 5.4 modpost names a module whose license does not fit before it names the symbol (check_for_gpl_usage). */
const GPL_ONLY = /GPL-incompatible module (\S+?)(?:\.ko)? uses GPL-only symbol '([^']+)'/

/** modpost of 5.10 and newer fails without it. */
const NO_LICENSE = /missing MODULE_LICENSE\(\)/

/** Symbols that no part of the kernel exports. */
export const undefinedSymbols = (said: readonly string[]): string[] => [
  ...new Set(said.flatMap((line) => UNDEFINED.exec(line)?.[1] ?? [])),
]

function modpostFailure(said: readonly string[], place: string, log: string): Failure | undefined {
  const missing = undefinedSymbols(said)
  const gpl = said.flatMap((line) => GPL_ONLY.exec(line)?.[2] ?? [])
  if (gpl.length > 0)
    return userError({
      place,
      fact: `its license does not allow it to use ${[...new Set(gpl)].join(', ')}, which the kernel exports for the GPL only`,
      wayOut: 'write MODULE_LICENSE("GPL") if that is its license, or do without this symbol',
      log,
    })
  if (missing.length > 0)
    return userError({
      place,
      fact: `it uses symbols that neither the kernel nor a module before it exports: ${missing.slice(0, 6).join(', ')}${missing.length > 6 ? ', ...' : ''}`,
      wayOut: `correct the name, name the module that exports it before this one, or export the function: \`expose: [{ function: ${missing[0] ?? ''}, as: [exported] }]\` of a kernel that is built`,
      log,
    })
  if (said.some((line) => NO_LICENSE.test(line)))
    return userError({
      place,
      fact: 'it has no license, and the kernel does not build such a module',
      wayOut: 'add MODULE_LICENSE("GPL"); to one of its files',
      log,
    })
  return undefined
}

/**
 * The failure behind a failed make.
 * @param files names below the module's directory -> absolute paths @param dir where it was built
 */
export function moduleFailure(
  error: unknown,
  said: readonly string[],
  { name, sources }: ResolvedModule,
  files: ReadonlyMap<string, string>,
  dir: string,
  log: string,
): unknown {
  if (error !== undefined && !failedBy(error, 'exit-status')) return error
  const place = `module ${name}`
  // The compiler's paths have the prefix taken away (-ffile-prefix-map), or they are those of the scratch directory.
  const whole = (line: string): string => {
    const inner = line.replaceAll(`${dir}/${SOURCES}/`, '')
    const own = /^([^\s:]+):\d+/.exec(inner)?.[1]
    const file = own === undefined ? undefined : files.get(own)
    return file === undefined ? inner : `${file}${inner.slice(own?.length)}`
  }
  const lines = said.map(whole)
  const at = lines
    .map((line) => /^(\S+?:\d+(?::\d+)?): (?:fatal )?error: (.*)$/.exec(line))
    .find((match) => match !== null)
  if (at) {
    const from = lines.findIndex((line) => line.startsWith(`${at[1] ?? ''}:`))
    const shown = lines.slice(Math.max(0, from)).filter((line) => !line.startsWith('make'))
    return new CompileFailure(
      {
        place: at[1] ?? place,
        fact: `${place} does not compile: ${printable(at[2] ?? '', 200)}`,
        lines: shown.slice(0, SHOWN).map((line) => printable(line, 200)),
        wayOut: 'correct the source for this kernel; LINUX_VERSION_CODE (linux/version.h) tells kernels apart',
        log,
      },
      shown,
      error,
    )
  }
  return (
    modpostFailure(said, place, log) ??
    userError(
      {
        place,
        fact: `it cannot be built from ${sources.join(', ')}`,
        lines: lines.slice(-SHOWN).map((line) => printable(line, 200)),
        wayOut: 'the log has all of the output of make',
        log,
      },
      error,
    )
  )
}
