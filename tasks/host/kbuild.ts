/** The kernel's own build system (make), and what the compiler and binutils say about themselves and about vmlinux. */
import { Failure, labError } from '../engine/error.ts'
import { isDiskFull } from '../engine/disk.ts'
import { printable } from '../engine/printable.ts'
import { run, type RunOptions } from './sh.ts'
import { toolVersion } from './tool-version.ts'

export interface Toolchain {
  /** First lines of `gcc --version`, `ld --version` and `make --version`: they go into the fingerprint. */
  readonly gcc: string
  readonly ld: string
  readonly make: string
  readonly gccMajor: number
  /** 2.40 -> 240, so that versions compare as numbers. */
  readonly binutils: number
  readonly makeVersion: number
}

export async function toolchain(cache: string, signal: AbortSignal): Promise<Toolchain> {
  const [gcc, ld, make] = (await Promise.all(
    ['gcc', 'ld', 'make'].map((name) => toolVersion(name, cache, signal)),
  )) as [string, string, string]
  return { gcc, ld, make, ...toolNumbers(gcc, ld, make) }
}

/**
 * Numbers out of the first lines of `gcc --version`, `ld --version` and `make --version`. The version follows the
 * vendor's words in parentheses, and some distributions write a date after it: "gcc (Debian 12.2.0-14) 12.2.0", "gcc
 * (GCC) 14.1.1 20240522".
 */
export function toolNumbers(
  gcc: string,
  ld: string,
  make = '',
): Pick<Toolchain, 'gccMajor' | 'binutils' | 'makeVersion'> {
  const version = (text: string) => /(\d+)\.(\d+)/.exec(text.replaceAll(/\([^)]*\)/g, ''))
  const number = (text: string) => {
    const [, major = '0', minor = '0'] = version(text) ?? []
    return Number(major) * 100 + Number(minor)
  }
  return { gccMajor: Number(version(gcc)?.[1] ?? 0), binutils: number(ld), makeVersion: number(make) }
}

/**
 * The same inputs give the same bytes: who built it, where and when is not in the kernel
 * (Documentation/kbuild/reproducible-builds). LOCALVERSION= keeps setlocalversion from adding a "+" when the build
 * directory happens to lie inside a git repository.
 */
const REPRODUCIBLE = {
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'lab',
  KBUILD_BUILD_HOST: 'lab',
  KBUILD_BUILD_VERSION: '1',
  LOCALVERSION: '',
}

/** Variables of the caller's that would change what make does; undefined takes them away. */
const ENVIRONMENT = {
  MAKEFLAGS: undefined,
  ARCH: undefined,
  CROSS_COMPILE: undefined,
  KBUILD_OUTPUT: undefined,
}

export interface Make {
  readonly tree: string
  readonly targets: readonly string[]
  readonly assignments?: Readonly<Record<string, string>>
  readonly jobs?: number
}

/** Runs make in a kernel tree, with nothing of the caller's environment that changes the result. */
export const make = ({ tree, targets, assignments = {}, jobs = 1 }: Make, options: RunOptions) =>
  run(
    [
      'make',
      '-C',
      tree,
      `-j${jobs}`,
      ...Object.entries({ ...REPRODUCIBLE, ...assignments }).map(([key, value]) => `${key}=${value}`),
      ...targets,
    ],
    { ...options, env: { ...options.env, ...ENVIRONMENT } },
  )

/** A line that make prints per object; used to show progress. */
export const isObjectLine = (line: string): boolean => /^\s{2}(CC|AS|LD|AR|HOSTCC|HOSTLD|LINK|OBJCOPY)\s/.test(line)

/** Turns a failed build into the compiler's own words: the first errors with file and line, once. */
export function buildFailure(error: unknown, output: readonly string[], place: string, log: string): unknown {
  if (!(error instanceof Failure) || error.kind !== 'lab' || isDiskFull(error)) return error
  const telling = output.filter((line) =>
    /(^|\s)(fatal )?error:|undefined reference|^make.*\*\*\* (No rule|\[.*\] Error)|Cannot find symbol for section|missing symbol table/.test(
      line,
    ),
  )
  return labError(
    {
      place,
      fact: 'the kernel does not build',
      lines: (telling.length > 0 ? telling.slice(0, 6) : output.slice(-12)).map((line) => printable(line, 240)),
      wayOut:
        'a tree older than the compiler needs `compat: auto`; a line in a patched file points at parallelPath or expose',
      log,
    },
    error,
  )
}

/** Disassembly of one function of vmlinux, empty when there is none of that name. */
export async function disassemble(vmlinux: string, symbol: string, signal: AbortSignal): Promise<string> {
  return (await run(['objdump', '-d', '--no-show-raw-insn', `--disassemble=${symbol}`, vmlinux], { signal })).stdout
}

/** Takes the debug information out of a vmlinux, and leaves symbols and BTF. */
export async function stripDebug(vmlinux: string, signal: AbortSignal): Promise<void> {
  await run(['objcopy', '--strip-debug', vmlinux], { signal })
}
