import { describe, expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { applyHelpers } from './helpers.ts'
import { after, treeOf } from './source-tree.fixture.ts'

const HEADER =
  'extern const struct bpf_func_proto bpf_strtol_proto;\nextern const struct bpf_func_proto bpf_strtoul_proto;\n'

/** A file in the shape of kernel/trace/bpf_trace.c, written for this test. */
const tracing = (decider: string, cases = ''): string => `
static const struct bpf_func_proto *
kprobe_prog_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
\tswitch (func_id) {
\tcase BPF_FUNC_override_return:
\t\treturn &bpf_override_return_proto;
\tdefault:
\t\treturn ${decider}(func_id, prog);
\t}
}

const struct bpf_func_proto *
${decider}(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
\tswitch (func_id) {${cases}
\tcase BPF_FUNC_ktime_get_ns:
\t\treturn &bpf_ktime_get_ns_proto;
\tdefault:
\t\treturn NULL;
\t}
}
`
const CASES =
  '\n\tcase BPF_FUNC_strtol:\n\t\treturn &bpf_strtol_proto;\n\tcase BPF_FUNC_strtoul:\n\t\treturn &bpf_strtoul_proto;'

const files = (text: string, more: Record<string, string> = {}) => ({
  'include/linux/bpf.h': HEADER,
  'kernel/trace/bpf_trace.c': text,
  ...more,
})

describe('a case for each helper in the function that decides for all tracing programs', () => {
  test.each([
    ['5.4 and 5.7', 'tracing_func_proto'],
    ['5.8 and later', 'bpf_tracing_func_proto'],
  ])('%s', async (_, decider) => {
    const before = files(tracing(decider))
    const changed = await applyHelpers(treeOf(before), ['strtol', 'strtoul'])
    expect([...changed]).toEqual([['kernel/trace/bpf_trace.c', tracing(decider, CASES)]])
    expect(await applyHelpers(after(before, changed), ['strtol', 'strtoul']), 'applied to its own result').toEqual(
      new Map(),
    )
  })

  test('one of two', async () => {
    const changed = await applyHelpers(treeOf(files(tracing('tracing_func_proto'))), ['strtoul'])
    expect(changed.get('kernel/trace/bpf_trace.c')).toContain('case BPF_FUNC_strtoul:')
    expect(changed.get('kernel/trace/bpf_trace.c')).not.toContain('BPF_FUNC_strtol:')
  })
})

test('where every program may call them already, nothing is changed', async () => {
  const base = `
const struct bpf_func_proto *
bpf_base_func_proto(enum bpf_func_id func_id)
{
\tswitch (func_id) {${CASES}
\tdefault:
\t\treturn NULL;
\t}
}
`
  const tree = treeOf(files(tracing('bpf_tracing_func_proto'), { 'kernel/bpf/helpers.c': base }))
  expect(await applyHelpers(tree, ['strtol', 'strtoul'])).toEqual(new Map())
})

test('nothing is changed where nothing is asked for', async () => {
  expect(await applyHelpers(treeOf({}), [])).toEqual(new Map())
})

describe('what cannot be done is said', () => {
  test.each<[string, Record<string, string>, string]>([
    ['a kernel before 5.2', { 'include/linux/bpf.h': '' }, 'this kernel has no bpf_strtol'],
    ['another file', files('int f(void)\n{\n}\n'), 'has neither bpf_tracing_func_proto nor tracing_func_proto'],
    [
      'another shape',
      files('const void *tracing_func_proto(int func_id)\n{\n\treturn table[func_id];\n}\n'),
      'has no "switch (func_id)"',
    ],
  ])('%s', async (_, texts, fact) => {
    expect((await failureOf(applyHelpers(treeOf(texts), ['strtol']))).parts.fact).toContain(fact)
  })
})
