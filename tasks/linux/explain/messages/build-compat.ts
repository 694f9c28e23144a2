/**
 * What the tools print when a tree needs a row of the compat table: one or several messages for each row that shows in
 * a build or a boot.
 */
import { COMPAT, type CompatRow } from '../../kbuild/compat.ts'
import { inRange } from '../../version.ts'
import type { Row } from './row.ts'

interface Printed {
  readonly needle: string
  readonly pattern: RegExp
}

/** By the name of the row. Rows without messages change what is built, and nothing fails without them at build time. */
export const PRINTED: Readonly<Record<string, readonly Printed[]>> = {
  'dtc-yylloc': [{ needle: 'yylloc', pattern: /multiple definition of [`'"]yylloc'?/ }],
  'libsubcmd-werror': [
    {
      needle: 'use-after-free',
      pattern:
        /subcmd-util\.h.*pointer .* may be used after 'realloc'|subcmd-util\.h.*pointer may be used after 'realloc'/,
    },
  ],
  'objtool-empty-object': [
    { needle: 'missing symbol table', pattern: /\S+\.o: warning: objtool: missing symbol table/ },
  ],
  // Shows at boot: boot-failure.ts has it.
  'canary-tail-call': [],
  'no-cf-protection': [
    { needle: '-mindirect-branch', pattern: /error: '-mindirect-branch' and '-fcf-protection' are not compatible/ },
    {
      needle: '-fcf-protection',
      pattern:
        /error: '-fcf-protection=?\S*' (?:requires .*|is not (?:supported|compatible) .*)|CPU you selected does not support x86-64 .*fcf-protection/,
    },
  ],
  'plt32-relocations': [
    { needle: 'R_X86_64_PLT32', pattern: /(?:unsupported|invalid|unknown) reloc(?:ation)?.*R_X86_64_PLT32.*/i },
    { needle: 'rela relocation: 4', pattern: /module: (?:\S+: )?Unknown rela relocation: 4\b/ },
  ],
  'make-number-sign': [
    {
      needle: 'unterminated call to function',
      pattern: /\*\*\* unterminated call to function 'subst'.*|invalid syntax in conditional.*Kbuild\.include.*/,
    },
  ],
  'clone3-stack': [],
  'recordmcount-weak': [
    {
      needle: 'Cannot find symbol for section',
      pattern: /Cannot find symbol for section \d+: \.text\S*|recordmcount: .*Cannot find symbol.*/,
    },
  ],
  'boot-code-gnu11': [
    {
      needle: 'as enumeration constant',
      pattern: /error: cannot use keyword '(?:false|true)' as enumeration constant/,
    },
    {
      needle: 'bool',
      pattern:
        /error: 'bool' cannot be defined via 'typedef'|error: two or more data types in declaration specifiers.*bool/,
    },
  ],
}

/** What brings the flaw out, for people: "gcc 10". */
function broughtOutBy({ tool, toolFrom }: CompatRow): string {
  if (tool === 'guest') return "the guest's C library"
  return tool === 'gcc' ? `gcc ${toolFrom}` : `${tool} ${Math.floor(toolFrom / 100)}.${toolFrom % 100}`
}

const rowsOf = (row: CompatRow): Row[] =>
  (PRINTED[row.name] ?? []).map(({ needle, pattern }): Row => ({
    rule: `old kernel, new tools: ${row.name}`,
    needle,
    pattern,
    key: () => '',
    // A kernel that says its version, and has the fix, fails for another reason.
    answer: ({ 0: text }, { kernel }) =>
      kernel !== undefined && !inRange(kernel, row.kernels)
        ? undefined
        : {
            what: text,
            cause: `${row.why} (kernels ${row.kernels
              .replace(/^v(\S+)\.\.v/, 'from $1 and before ')
              .replace(/^\.\.v/, 'before ')
              .replace(/^v/, 'from ')
              .replace(/\.\.$/, ' on')}, ${broughtOutBy(row)} and later)`,
            fixes: [
              '`lab build kernel` with `compat: auto` (the default) applies the fix',
              `by hand: git cherry-pick ${row.commit}, or a stable release of the same branch, which usually has it`,
            ],
            confidence: 'likely',
            sources: [`commit ${row.commit}`, `compat table of lab: ${row.name}`],
          },
  }))

export const COMPAT_ROWS: readonly Row[] = COMPAT.flatMap(rowsOf)
