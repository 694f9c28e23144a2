/** The workload's own program. Static: a dynamic loader would read libraries on the path that is probed. */
import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Context } from '../../engine/context.ts'
import type { Inputs } from '../../engine/fingerprint.ts'
import { C_LIBRARY, compileProgram } from '../../host/compile.ts'
import { run } from '../../host/sh.ts'
import { toolVersion } from '../../host/tool-version.ts'
import { ownCode } from '../own-code.ts'
import { dependenciesOf } from '../../linux/c/includes.ts'
import { refuseOutside } from './command.ts'
import { hashesOf, ownFiles } from './own-files.ts'

const WORDS = {
  fact: 'it includes what the lab did not find by its lines, so that a change of it would go unnoticed',
  wayOut: 'write #include with the name of the file, not with a macro; libraries belong into /usr/include',
}

/** What a workload is made of. Its C library goes into the program: `ldd` is of that package, and has its version to the revision. */
export async function workloadInputs(source: string, { cache, signal, toolRoot }: Context): Promise<Inputs> {
  const [gcc, libc] = [await toolVersion('gcc', cache, signal), await toolVersion('ldd', cache, signal)]
  return { lab: ownCode('workload', toolRoot), source: await hashesOf(ownFiles(source).files, source), gcc, libc }
}

/** @throws a user's error when it does not compile, or reads a file that is not among its inputs */
export async function compileWorkload(
  source: string,
  program: string,
  place: string,
  signal: AbortSignal,
): Promise<void> {
  const list = `${program}.d`
  await compileProgram({
    sources: [source],
    program,
    libraries: [],
    place,
    signal,
    flags: ['-static', '-pthread', '-s', '-MD', '-MF', list],
  })
  const gcc = (await run(['gcc', '-print-file-name=include'], { signal, place })).stdout.trim()
  const roots = [
    { dir: dirname(source), what: 'workload', files: new Set(ownFiles(source).files) },
    ...[gcc, C_LIBRARY].map((dir) => ({ dir, what: 'gcc and its C library' })),
  ]
  refuseOutside(dependenciesOf(await readFile(list, 'utf8')), roots, place, WORDS)
  await rm(list)
}
