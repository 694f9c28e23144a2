/**
 * A probe with nothing in it: the same programs on the same hooks as an object has, each returning at once. What a hit
 * costs by itself.
 */
import { sectionsOf, symbolsOf } from '../objects/elf.ts'

/** Sections that libbpf does not take for programs. */
const NO_PROGRAM = /^(\.|license$|version$|maps$)/
/** As clang writes them; anything else could not be between quotes in C. */
const SECTION = /^[A-Za-z0-9_./:*+?${}@-]+$/
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/

export interface ProgramOfObject {
  readonly name: string
  readonly section: string
}

/** The programs of a BPF object in the order of its sections. @throws ElfError */
export function programsOf(object: Buffer): ProgramOfObject[] {
  const sections = sectionsOf(object)
  return symbolsOf(sections)
    .flatMap(({ name, section, size }) => {
      const own = sections[section]?.name ?? ''
      const isProgram = size > 0 && own !== '' && !NO_PROGRAM.test(own) && SECTION.test(own) && IDENTIFIER.test(name)
      return isProgram ? [{ name, section: own, at: section }] : []
    })
    .toSorted((a, b) => a.at - b.at)
    .map(({ name, section }) => ({ name, section }))
}

/** C text of such a probe, with the header that declares the kernel's types. @throws ElfError */
export const emptyProbe = (object: Buffer, types: 'linux/bpf.h' | 'vmlinux.h' = 'linux/bpf.h'): string =>
  [
    '/* Made by lab (`observer: yes`): the hooks of another probe, and nothing in them. */',
    `#include <${types}>`,
    '#include <bpf/bpf_helpers.h>',
    '',
    ...programsOf(object).map(
      ({ name, section }) => `SEC("${section}") int ${name}(void *context)\n{\n\treturn 0;\n}\n`,
    ),
    'char LICENSE[] SEC("license") = "GPL";',
    '',
  ].join('\n')
