/** What programs print, found in objects that the real compiler makes of C. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../host/sh.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { printedMessages } from './bpf-messages.ts'

/** Helpers by their numbers, as bpf_helper_defs.h declares them. */
const HEADER = `
#define SEC(name) __attribute__((section(name), used))
static long (*const printk)(const char *, unsigned, ...) = (void *)6;
static long (*const read)(void *, unsigned, const void *) = (void *)4;
static long (*const tail_call)(void *, void *, unsigned) = (void *)12;
static long (*const loop)(unsigned, void *, void *, unsigned long) = (void *)181;
static unsigned long (*const pid)(void) = (void *)14;
#define on_stack(text, ...) ({ char format[] = text; printk(format, sizeof(format), ##__VA_ARGS__); })
#define in_section(text, ...) ({ static const char format[] = text; printk(format, sizeof(format), ##__VA_ARGS__); })
`

/** Each program as [least, most, [text, least, most], ...]. */
async function printed(body: string): Promise<Record<string, unknown>> {
  const dir = tempDir()
  const [source, object] = [join(dir, 'p.c'), join(dir, 'p.o')]
  writeFileSync(source, HEADER + body)
  await run(['clang', '-O2', '-g', '-target', 'bpf', '-c', source, '-o', object])
  return Object.fromEntries(
    printedMessages(readFileSync(object)).map(({ program, least, most, formats }) => [
      program,
      [
        least,
        most,
        ...formats
          .map((format) => [format.text + (format.open ? '*' : ''), format.least, format.most])
          .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
      ],
    ]),
  )
}

test('formats on the stack and in a section, with values and without', async () => {
  expect(
    await printed(`
SEC("kprobe/a") int plain(void *ctx) { on_stack("one"); in_section("two %d", 7); return 0; }
SEC("kprobe/b") int twice(void *ctx) { on_stack("same"); on_stack("same"); return 0; }
SEC("kprobe/c") int silent(void *ctx) { return 0; }
`),
  ).toEqual({ plain: [2, 2, ['one', 1, 1], ['two %d', 1, 1]], twice: [2, 2, ['same', 2, 2]], silent: [0, 0] })
})

test('every path is counted: a message on one of them, one on either, and jumps back that are no loop', async () => {
  expect(
    await printed(`
SEC("kprobe/a") int filtered(void *ctx) { if (pid() == 7) on_stack("mine"); return 0; }
SEC("kprobe/b") int either(void *ctx) { if (pid() == 7) { on_stack("mine"); pid(); } else on_stack("other"); return 0; }
SEC("kprobe/b") int joined(void *ctx) { if (pid() == 7) on_stack("mine"); else on_stack("other"); return 0; }
SEC("kprobe/c") int back(void *ctx)
{
	asm volatile goto("if r1 == 0 goto %l[second]" :::: second);
	goto end;
first:	in_section("late");
	goto end;
second:	goto first;
end:	return 0;
}
`),
  ).toEqual({
    filtered: [0, 1, ['mine', 0, 1]],
    either: [1, 1, ['mine', 0, 1], ['other', 0, 1]],
    // The compiler makes one call of both.
    joined: [1, 1, ['*', 1, 1]],
    back: [0, 1, ['late', 0, 1]],
  })
})

test('functions of the object are followed, in the same section and in another', async () => {
  expect(
    await printed(`
static __attribute__((noinline)) int inner(void *ctx) { in_section("inner"); return 1; }
SEC("kprobe/a") int outer(void *ctx) { int sum = inner(ctx); on_stack("outer"); return sum + inner(ctx); }
`),
  ).toEqual({ outer: [3, 3, ['inner', 2, 2], ['outer', 1, 1]] })
})

test('a text that a helper may have written over is known as far as it was not', async () => {
  expect(
    await printed(`
SEC("kprobe/a") int changed(void *ctx) { char format[] = "written over"; read(format + 8, 4, ctx); printk(format, sizeof(format)); return 0; }
`),
  ).toEqual({ changed: [1, 1, ['written *', 1, 1]] })
})

test('nothing is said of a program that loops, calls another program or hands a function to a helper', async () => {
  expect(
    await printed(`
static long body(unsigned index, void *unused) { in_section("again"); return 0; }
SEC("kprobe/a") int loops(void *ctx) {
#pragma clang loop unroll(disable)
	for (unsigned long i = 0; i < pid(); i++) on_stack("again");
	return 0; }
SEC("kprobe/b") int calls(void *ctx) { on_stack("before"); tail_call(ctx, ctx, 1); return 0; }
SEC("kprobe/c") int hands(void *ctx) { loop(3, body, 0, 0); return 0; }
SEC("kprobe/d") int known(void *ctx) { on_stack("known"); return 0; }
`),
  ).toEqual({ known: [1, 1, ['known', 1, 1]] })
})
