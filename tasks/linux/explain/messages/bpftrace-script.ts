/**
 * Any other mistake that bpftrace finds in a script: "stdin:1:15-21: ERROR: ...", below it the line with a mark. Each
 * release rewords them, so they are told apart by a few words.
 */
import { beginningOf, printfRow, type PrintfKind } from './printf.ts'
import { group, type Answer, type Row } from './row.ts'

const MISTAKES: readonly (readonly [words: RegExp, answer: Pick<Answer, 'cause' | 'fixes'>])[] = [
  [
    /\bsyntax error\b/,
    {
      cause:
        'the script is not what the grammar of this release expects at the marked place: a bracket, brace or ; is missing before it, or the syntax is newer (or older) than this bpftrace',
      fixes: [
        'look before the mark first; on a command line the shell may have taken a $ or a quote: put the script in single quotes',
        'bpftrace --version, and man bpftrace of this release: a script for a newer (or older) bpftrace may use another syntax',
      ],
    },
  ],
  [
    /\b(?:[Uu]nknown|[Uu]ndefined|[Uu]ndeclared|has no field|no field named|Can't find|not found|Could not resolve|Cannot resolve|No type|incomplete type|no scope)\b/i,
    {
      cause:
        'bpftrace does not know this name: types and fields come from the BTF of the kernel, from #include or from the format of the event, functions and variables from the script or the release of bpftrace',
      fixes: [
        'bpftrace -lv PROBE lists the fields of args; bpftrace -lv "struct NAME" the fields of a type',
        'a type of a module needs its BTF (CONFIG_DEBUG_INFO_BTF_MODULES) or #include; without BTF install the kernel headers',
      ],
    },
  ],
  [
    /too (?:large|long|big|small)|exceed|out of bounds|maximum|max(?:imum)? (?:size|length)|overflow|underflow|BPFTRACE_MAX|stack (?:size|limit)/i,
    {
      cause: 'a value, a string or an index is larger than bpftrace (or the 512 bytes of stack of a BPF program) takes',
      fixes: [
        'str($p, LENGTH), buf($p, LENGTH) with a constant length; config = { max_strlen=N } or BPFTRACE_MAX_STRLEN=N',
        'a newer release keeps large values in maps instead of on the stack',
      ],
    },
  ],
  [
    /previously|already|redefin|different types? |locked|mismatch|[Ii]ncompatible|Cannot cast|[Cc]an ?not (?:dereference|access|compare)|not a pointer|expects?|[Ee]xpected|requires|arguments?\b|operator/,
    {
      cause:
        'types do not fit together here: a map or variable holds another type elsewhere in the script, an argument has another type than the function takes, or a value is no pointer',
      fixes: [
        'give the type: (uint64)$x, (struct sock *)arg0; the fields of typed probes (fentry, tracepoint) have their types',
        'each map has one type of key and of value in the whole script; man bpftrace describes each function with its arguments',
      ],
    },
  ],
  [
    /not (?:supported|allowed|available|valid)|only (?:supported|be used|allowed)|can ?not be|cannot be used|does not support|doesn't support|deprecated|renamed|invalid/i,
    {
      cause:
        'this cannot be done in a probe of this kind, or in this release of bpftrace: builtins and functions belong to some kinds of probes only, and names change between releases',
      fixes: [
        'man bpftrace: which kinds of probes have it; bpftrace --info: what kernel and build have',
        'bpftrace --version, and its CHANGELOG: a script for a newer (or older) bpftrace may use other names',
      ],
    },
  ],
]

const ANY: Pick<Answer, 'cause' | 'fixes'> = {
  cause: 'bpftrace refuses the script before it touches the kernel: the marked place breaks a rule of the language',
  fixes: [
    'the line with ~~~~ below the message marks the place; man bpftrace describes the language',
    'a script for a newer (or older) bpftrace may not work: bpftrace --version, and its CHANGELOG',
  ],
}

/** Messages of releases that print no place, and of 0.25 without their place. */
export const SCRIPT_KIND: PrintfKind = {
  ...ANY,
  rule: 'bpftrace: the script has a mistake',
  formats: `
ERROR: Undefined or undeclared variable: %s
Undefined map: %s
ERROR: Unknown function: '%s'
ERROR: Unknown identifier: '%s'
ERROR: Unknown enum: %s
Type mismatch for '%s': comparing %s
ERROR: Type mismatch for %s
ERROR: Argument mismatch for %s
ERROR: Invalid expression for assignment
ERROR: Variable used before it was assigned: %s
ERROR: Value '%s' is not %s
ERROR: syntax error, unexpected %s
ERROR: Can not access field '%s' on %s
ERROR: Can not access index '%s' on %s
ERROR: Can not dereference type '%s'
ERROR: Can not dereference struct/union of type '%s'
ERROR: The array index operator [] %s
ERROR: Cannot cast from %s
ERROR: Incomplete cast, unknown type
ERROR: Cannot resolve unknown type %s
is not a valid type size for GetType
ERROR: Map assignments not allowed inside of %s
ERROR: Invalid number of arguments
ERROR: Cannot determine array size: %s
ERROR: the index %d is out of bounds for array of size %d
ERROR: invalid unroll value
ERROR: unroll maximum value is %d
ERROR: literal string will always be empty
() requires at least %s arguments
() has the wrong number of arguments. Expected: %s
() should take %d arguments
() must be assigned directly to a map
() only supports %s
() expects a map for arg %s
() should be assigned to a map
builtin can only be used with %s
builtin can not be used with '%s'
builtin is not allowed in %s
lhist() min must be less than max
lhist() step must be >= 1`,
}

const mistake = (text: string): Answer => ({
  ...(MISTAKES.find(([words]) => words.test(text))?.[1] ?? ANY),
  what: text,
  confidence: 'possible',
  sources: ['src/ast/passes of bpftrace'],
})

const { needle, pattern } = printfRow('', SCRIPT_KIND)

export const BPFTRACE_SCRIPT_ROWS: readonly Row[] = [
  {
    rule: 'bpftrace: the script has a mistake',
    needle: ': ERROR: ',
    // The place has a range ("x.bt:3:4-8", or "x.bt:3-5" for lines): a time or the place of another tool has none.
    pattern: /^(?:.{0,60}\s)?\S+:\d+(?::\d+)?-\d+: ERROR: (.{1,300})/,
    answer: (match) => mistake(group(match, 1)),
  },
  {
    rule: SCRIPT_KIND.rule,
    needle,
    pattern,
    answer: (match) => mistake(beginningOf(match) + match.input.slice(match.index, match.index + 300)),
  },
]
