import { expect, test } from 'vitest'
import { parseC } from './c-parser.ts'
import { cloneText, prototypeText, under, withoutSpace } from './clone-text.ts'

const TEXT = 'extern inline __must_check\nstruct page *f(int a,\n\t\tint b) /* two */\n{\n\treturn g(a); /* g */\n}\n'

test('the head loses what an exported function does not have; the body keeps its layout and comments', async () => {
  const [definition = expect.unreachable()] = (await parseC(TEXT)).definitions
  const call = TEXT.indexOf('g(a)')
  expect(cloneText(TEXT, definition, 'f_x', [{ start: call, end: call + 1, text: 'g_x' }])).toBe(
    'noinline __noclone __attribute__((__noipa__)) struct page *f_x(int a,\n\t\tint b) /* two */\n{\n\treturn g_x(a); /* g */\n}',
  )
  expect(prototypeText(TEXT, definition, 'f_x')).toBe('struct page *f_x(int a,\n\t\tint b) /* two */;')
})

test('a condition is written around code, and none is not', () => {
  expect(under('defined(A)', 'x;')).toBe('#if defined(A)\nx;\n#endif')
  expect(under(undefined, 'x;')).toBe('x;')
})

test('layout does not count when code is compared', () => {
  expect(withoutSpace('int f( void )\n{ }')).toBe(withoutSpace('int f(void) {\n}'))
})
