import { expect, test } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

test('changed files in the order of their names, a new one against /dev/null', () => {
  const before: Record<string, string> = { 'b.c': 'one\ntwo\n' }
  expect(
    unifiedDiff(
      (path) => before[path],
      new Map([
        ['b.c', 'one\n2\n'],
        ['a.h', 'int n;\n'],
      ]),
    ),
  ).toBe('--- /dev/null\n+++ b/a.h\n@@ -0,0 +1,1 @@\n+int n;\n--- a/b.c\n+++ b/b.c\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n')
})
