/** kpatch-build, which makes a live patch of a difference between two builds. */
import type { PrintfKind } from './printf.ts'

export const KPATCH_KINDS: readonly PrintfKind[] = [
  {
    rule: 'kpatch: the change cannot be patched',
    formats: `
changed section %s not selected for inclusion
unsupported section change(s)
create-diff-object: unreconcilable difference
unable to correlate static local variable %s used by %s
data section %s selected for inclusion`,
    cause:
      'a live patch replaces functions, and the patch changes something else as well: static data, code that runs at boot only (.init.text), or a section of the kernel that this kpatch does not know yet (static calls, jump labels of a newer kernel)',
    fixes: [
      'the named section says which: .init.* cannot be patched; .data and .bss want a shadow variable or a callback in place of changed data; change code in functions only, without new static variables',
      'a newer kpatch for a section that it does not know (.static_call_sites and the like); the author guide of kpatch has the patterns',
    ],
    confidence: 'likely',
    sources: ['doc/patch-author-guide.md of kpatch'],
  },
  {
    rule: 'kpatch: the kernel is newer than kpatch',
    formats: `
invalid ancestor %s for %s
couldn't find matching %s local symbols in vmlinux symbol table
kpatch-build: ERROR: %s`,
    cause:
      'kpatch-build follows how the kernel is built and linked, and this tree does it in another way: the tree is newer than this kpatch, or vmlinux is not of the tree that was given',
    fixes: [
      'a newer kpatch (git); --sourcedir and --vmlinux of one and the same build, with CONFIG_LIVEPATCH and the compiler of the kernel',
      '/root/.kpatch/build.log has the whole log',
    ],
    confidence: 'likely',
    sources: ['kpatch-build/kpatch-build'],
  },
]
