import { describe, expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { applyPatches, nearestMatch } from './patch.ts'
import { treeOf } from './source-tree.fixture.ts'

const FILE = `int a(void)
{
	one();
	two();
	return 0;
}

int b(void)
{
	three();
	four();
	return 1;
}
`
const HUNK_A = `@@ -1,6 +1,6 @@
 int a(void)
 {
 	one();
-	two();
+	second();
 	return 0;
 }
`
const HUNK_B = `@@ -8,6 +8,7 @@
 int b(void)
 {
 	three();
+	between();
 	four();
 	return 1;
 }
`
const diff = (...hunks: string[]) => `--- a/lib/x.c\n+++ b/lib/x.c\n${hunks.join('')}`
const apply = (text: string, files: Record<string, string> = { 'lib/x.c': FILE }) =>
  applyPatches(treeOf(files), [{ name: 'fix.patch', text }])
const refused = (text: string, files?: Record<string, string>) => failureOf((async () => apply(text, files))())

describe('applied', () => {
  test('all hunks', () => {
    expect(apply(diff(HUNK_A, HUNK_B)).get('lib/x.c')).toBe(
      FILE.replace('two', 'second').replace('\tfour', '\tbetween();\n\tfour'),
    )
  })

  test('at another line than it says', () => {
    const moved = `/* more\n * lines\n */\n${FILE}`
    expect(apply(diff(HUNK_B), { 'lib/x.c': moved }).get('lib/x.c')).toContain('between')
  })

  test('one after the other, of what the one before left', () => {
    const more = diff('@@ -3,3 +3,3 @@\n \tone();\n-\tsecond();\n+\tthird();\n \treturn 0;\n')
    const changed = applyPatches(treeOf({ 'lib/x.c': FILE }), [
      { name: '1', text: diff(HUNK_A) },
      { name: '2', text: more },
    ])
    expect(changed.get('lib/x.c')).toContain('third();')
  })

  test('as git format-patch writes it, with a new file', () => {
    const text = `From 1234 Mon Sep 17 00:00:00 2001
From: A B <a@b.invalid>
Subject: [PATCH] x

---
 lib/x.c   | 2 +-
 2 files changed
diff --git a/lib/new.h b/lib/new.h
new file mode 100644
index 000000000000..111111111111
--- /dev/null
+++ b/lib/new.h
@@ -0,0 +1 @@
+int n;
diff --git a/lib/x.c b/lib/x.c
index 222222222222..333333333333 100644
${diff(HUNK_A)}-- 
2.39.0
`
    const changed = apply(text)
    expect(changed.get('lib/new.h')).toBe('int n;\n')
    expect(changed.get('lib/x.c')).toContain('second();')
  })

  test('a series in one file, whose words have lines like those of a patch', () => {
    const mail = (hunk: string) =>
      `From 1234567 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 1/2] x\n\nSee\n--- a note\n---\n lib/x.c | 2 +-\n\n${diff(hunk)}-- \n2.39.0\n\n`
    const changed = apply(mail(HUNK_A) + mail(HUNK_B))
    expect(changed.get('lib/x.c')).toContain('second();')
    expect(changed.get('lib/x.c')).toContain('between();')
  })
})

describe('refused', () => {
  test('a hunk that no longer applies: which, what it wants, and the nearest place', async () => {
    const older = FILE.replace('three();', 'tres();')
    const { kind, parts } = await refused(diff(HUNK_A, HUNK_B), { 'lib/x.c': older })
    expect(kind).toBe('user')
    expect(parts).toMatchObject({ place: 'patch fix.patch', fact: 'hunk 2 of 2 does not apply to lib/x.c' })
    expect(parts.lines).toEqual([
      '@@ -8,6 +8,7 @@',
      ' int b(void)',
      ' {',
      '         three();',
      '+        between();',
      '         four();',
      '         return 1;',
      ' }',
      'nearest match: line 8, 3 of 4 lines ("!" differs)',
      ' int b(void)',
      ' {',
      '!        tres();',
      '         four();',
      '         return 1;',
      ' }',
    ])
  })

  test('a hunk of which the source has nothing', async () => {
    const { parts } = await refused(diff(HUNK_A), { 'lib/x.c': 'void z(void)\n{\n}\n' })
    expect(parts.lines?.at(-1)).toBe('the source has nothing like it')
  })

  test('what is in the source already', async () => {
    const { parts } = await refused(diff(HUNK_A), { 'lib/x.c': FILE.replace('two', 'second') })
    expect(parts.fact).toBe('lib/x.c has this change already')
  })

  test.each([
    [
      'a file that is not there',
      diff(HUNK_A).replaceAll('lib/x.c', 'lib/y.c'),
      'it changes lib/y.c, which this source does not have',
    ],
    ['a new file that is there', '--- /dev/null\n+++ b/lib/x.c\n@@ -0,0 +1 @@\n+int n;\n', 'does not apply to lib/x.c'],
    [
      'a way out of the tree',
      diff(HUNK_A).replaceAll('b/lib/x.c', 'b/../../etc/x'),
      'it names a file outside the kernel tree',
    ],
    ['an absolute path', diff(HUNK_A).replaceAll('b/lib/x.c', '//etc/x'), 'it names a file outside the kernel tree'],
    ['a removed file', `--- a/lib/x.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-int n;\n`, 'it '],
    [
      'a rename',
      'diff --git a/lib/x.c b/lib/z.c\nsimilarity index 100%\nrename from lib/x.c\nrename to lib/z.c\n',
      'it has a renamed or copied file',
    ],
    ['no diff', 'hello\n', 'it changes nothing'],
    ['a damaged diff', diff('@@ -1,6 +1,6 @@\n int a(void)\n'), 'not a unified diff'],
  ])('%s', async (_, text, fact) => {
    const { kind, parts } = await refused(text)
    expect(kind).toBe('user')
    expect(parts.fact).toContain(fact)
    expect(parts.wayOut).toMatch(/\w/)
  })
})

test('lines that are everywhere do not make a place near', () => {
  expect(nearestMatch('{\n}\n\n{\n}\n', ['{', 'x();', '}'])).toEqual({ line: 1, equal: 0 })
})
