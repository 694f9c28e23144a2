/**
 * The last rows: what a known program says in words that no table has. They say where the message comes from, and
 * where to look next.
 */
import { errnoOf } from './errno.ts'
import { group, type Row } from './row.ts'

/** Left out where anything else is known of the text. */
export const LAST_RULE = 'a message without a table'

const QEMU =
  'QEMU refuses to start (or stops) before the guest could say anything: the option or device stands before the last colon, the reason behind it'

export const LAST_ROWS: readonly Row[] = [
  {
    rule: LAST_RULE,
    needle: ['qemu-system-', 'qemu-kvm: '],
    pattern:
      /\b(qemu-system-\w+|qemu-kvm): (?!warning: )(-\w[\w-]* .{1,300}?: )?([A-Za-z'][^:]{3,160}(?:: [\w ]{3,60})?)$/,
    key: (match) => group(match, 3),
    answer: (match) => ({
      what: `${match[1]}: ${match[2] ?? ''}${match[3]}`,
      cause:
        match[2] === undefined
          ? QEMU
          : `${QEMU}. Here it is about ${group(match, 2).split(/[ ,]/).slice(0, 2).join(' ')}`,
      fixes: [
        'compare the option with that of this version: qemu-system-x86_64 --version, -help, -device NAME,help; options that are newer (or were removed) are a matter of the release',
        ...(errnoOf(group(match, 3).split(': ').at(-1) ?? '') === undefined
          ? []
          : ['check that the file, socket or device in the option is there and may be opened by this user: ls -l']),
        'take options away until it starts: -nodefaults -display none -kernel FILE alone is a good beginning',
      ],
      confidence: 'possible',
      sources: ['docs/about/removed-features of QEMU'],
    }),
  },
]
