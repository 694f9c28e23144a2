/** scripts/faddr2line of the kernel tree: an offset in a function as a line of the source. */
import { group, type Row } from './row.ts'

export const FADDR2LINE_ROWS: readonly Row[] = [
  {
    rule: 'place in the source',
    needle: ['.c:', '.h:', '.S:', '.rs:'],
    pattern: /^\s*(\(inlined by\) )?([A-Za-z_][\w.]*) at (\S+\.(?:[chS]|rs)):(\d+)(?: \(discriminator \d+\))?\s*$/,
    key: (match) => `${match[3]}:${match[4]}`,
    answer: (match) => ({
      what: `${group(match, 2)} is at ${group(match, 3)}:${group(match, 4)}`,
      cause:
        match[1] === undefined
          ? 'the instruction belongs to this line. Where lines with "(inlined by)" follow, the compiler put the function into those: the last one is the function that the kernel names'
          : 'the function above was inlined here: this is where it is called',
      fixes: [
        'read this line in the source of exactly this kernel; in a call trace the address is behind the call, so that the line may be the one after it',
      ],
      confidence: 'certain',
      sources: ['scripts/faddr2line'],
    }),
  },
  {
    rule: 'faddr2line finds no place',
    needle: ['no match for ', 'due to size mismatch', 'address at 0x', 'bad symbol size'],
    pattern:
      /^(?:no match for (\S+)|skipping (\S+) address at 0x[0-9a-f]+ due to (?:size mismatch \(0x[0-9a-f]+ != 0x[0-9a-f]+\)|(?:non-function symbol.*|size mismatch.*))|bad symbol size.*)/,
    answer: ({ 0: text }) => ({
      cause: /size mismatch/.test(text)
        ? 'the function has another size in this vmlinux than in the kernel that printed the trace: they are of different builds'
        : 'this vmlinux has no such function: it is of another build, or the function is of a module',
      fixes: [
        'take the vmlinux (with CONFIG_DEBUG_INFO) of exactly that build; for a function of a module, its .ko file',
        'names with .isra.0, .cold or .constprop.0 have to be given whole',
      ],
      confidence: 'likely',
      sources: ['scripts/faddr2line'],
    }),
  },
]
