/** Why selftests of a kernel's tree cannot be built, in the words of compiler and make, and the way out. */
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Selftest } from '../../config/workload.ts'
import { labError, userError, type Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'

/** Lines of the build that are shown. */
const SHOWN = 8

const TELLING =
  /(?:^|\s)(?:fatal )?error:|undefined reference|multiple definition|No rule to make target|cannot find -l|not found$|\*\*\* /

/** Programs whose sources include vmlinux.h, which is made of the BTF of the kernel that is tested. */
const WITH_TYPES = /^(?:bpf|hid|sched_ext):(?:test_progs|runqslower|bench|runner|test_cpp)/

/** A test that wants the types of a kernel without BTF; undefined where it can be built. */
export const typesWanted = (test: Selftest, kernel: ResolvedKernel, place: string): Failure | undefined =>
  kernel.debug === 'btf' || !WITH_TYPES.test(`${test.dir}:${test.program ?? 'test_progs'}`)
    ? undefined
    : userError({
        place,
        fact: `it is compiled with the types of the kernel (vmlinux.h), and kernel ${kernel.name} has no BTF to make them of`,
        wayOut: 'set `debug: btf` for this kernel',
      })

/** @param said everything that the build printed */
export function cannotBuild(
  error: Failure,
  said: string,
  { test, place }: { readonly test: Selftest; readonly place: string },
): Failure {
  const telling = said.split('\n').filter((line) => TELLING.test(line))
  const lines = [...new Set(telling)].slice(0, SHOWN).map((line) => printable(line.trim(), 240))
  const parts = { place, fact: `it cannot be built (${test.dir} of the kernel's selftests)`, lines }
  if (/failed to (?:find|get|load) .*BTF|\.BTF ELF section|Error: failed to load BTF/i.test(said))
    return userError({
      ...parts,
      fact: 'it needs the types of the kernel (BTF), which this kernel does not have',
      wayOut: 'set `debug: btf` for this kernel',
    })
  const wayOut =
    'a header or library that is missing is in a -dev package, with its static archive (lib*.a); a selftest older than the compiler may not build: name the programs that do (DIR:PROGRAM)'
  return labError({ ...parts, wayOut }, error)
}
