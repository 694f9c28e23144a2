import { expect, test } from 'vitest'
import { printedBy } from './printed-by.ts'

const SOURCE = `
SEC("kprobe/a")
int first(struct pt_regs *ctx)
{
	if (ctx) {
		say("copyout to 0x%lx from %px "
		    "len %d (100%%)", 1, 2);
	}
	bpf_printk("two\\n");
	return 0;
}

SEC("kprobe/b")
int second(struct pt_regs *ctx) {
	char text[] = "say [x]\\n";
	bpf_trace_printk(text, sizeof(text));
	return first(ctx);
}
`
const says = (program: string, message: string) => printedBy(SOURCE, program)?.some((one) => one.test(message))

test('a program’s own texts, with their conversions, and no other program’s', () => {
  expect(says('first', 'copyout to 0x12 from ffff len 16 (100%)')).toBe(true)
  expect(says('first', 'copyout to 0x12 from ffff len 16 (100 )')).toBe(false)
  expect(says('first', 'two')).toBe(true)
  expect(says('first', 'say [x]')).toBe(false)
  expect(says('second', 'say [x]')).toBe(true)
  expect(says('second', 'say x')).toBe(false)
  expect(printedBy(SOURCE, 'third')).toBeUndefined()
  expect(printedBy(SOURCE, 'fir')).toBeUndefined()
})
