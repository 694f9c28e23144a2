import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TOOL_ROOT } from '../../commands/shared/app.ts'
import { keepLint, lintLab, lintSource, sayLint } from './lint.ts'
import { parseVersion } from '../../linux/version.ts'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'

const probesIn = (dir: string) =>
  readdirSync(join(TOOL_ROOT, dir))
    .filter((name) => name.endsWith('.bpf.c'))
    .map((name) => join(TOOL_ROOT, dir, name))
const lint = async (file: string, kernel: string) =>
  await lintSource(file, parseVersion(kernel) ?? { major: 0, minor: 0, patch: 0 }, TOOL_ROOT)

describe('the shipped probes', () => {
  test.each(['4.15', '5.3', '5.4', '5.7', '5.10', '6.1', '6.12'])('have no findings on %s', async (kernel) => {
    const files = [...probesIn('bpf'), ...probesIn('tasks/init/bpf'), ...probesIn('tasks/test/probes')]
    expect(files.length).toBeGreaterThan(15)
    for (const file of files) expect([file, await lint(file, kernel)]).toEqual([file, []])
  })

  test.each([
    ['section-slash', 'did you mean tracepoint/syscalls/sys_enter_read?'],
    ['printk-char', 'print it with %d or %x'],
    ['wide-access', 'declare it as __u32 *'],
    ['array-map', 'write a zero to it'],
    ['no-null-check', 'return if it is NULL'],
  ])('that are wrong on purpose have some: %s', async (name, wayOut) => {
    const found = await lint(join(TOOL_ROOT, 'bpf/failures', `${name}.bpf.c`), '5.4')
    expect(found.some((finding) => finding.wayOut.includes(wayOut))).toBe(true)
  })
})

test('findings are kept beside the object, and said with their place each time', async () => {
  const dir = tempDir()
  const source = join(dir, 'p.bpf.c')
  writeFileSync(source, '\nSEC("krpobe/x")\nint f(void *c)\n{\n\treturn 0;\n}\n')
  await keepLint(source, '5.4.0', join(dir, 'headers'), join(dir, 'p.bpf.o'), TOOL_ROOT)
  expect(existsSync(join(dir, 'lint.json'))).toBe(true)
  const context = testContext(dir)
  await sayLint(join(dir, 'p.bpf.o'), source, context)
  expect(context.events).toEqual([
    expect.objectContaining({
      type: 'notice',
      level: 'warning',
      place: `${source}:2:1`,
      wayOut: 'did you mean kprobe/x?',
    }),
  ])
})

test('bpf_override_return is warned of where an experiment leaves kprobes optimised', async () => {
  const dir = tempDir()
  const source = join(dir, 'end.bpf.c')
  writeFileSync(
    source,
    '/*\nbpf_override_return(c, 0);\n*/\nSEC("kprobe/f")\nint f(void *c)\n{\n\tbpf_override_return\n\t\t(c, 0);\n}\n',
  )
  const lab = (before: unknown) =>
    ({
      vms: { v: { kernel: { use: 'v5.10', fallback: [] } } },
      kernels: { 'v5.10': { name: 'v5.10', source: { url: 'https://example.org/linux-5.10.tar.xz' } } },
      probes: { end: { name: 'end', source, optional: [] } },
      experiments: { e: { name: 'e', vm: 'v', probes: [], matrix: { probe: ['end'] }, expect: [], before } },
    }) as unknown as Parameters<typeof lintLab>[0]
  const found = await lintLab(lab([]), TOOL_ROOT)
  expect(found.filter(({ message }) => message.includes('optimised'))).toMatchObject([
    { line: 7, col: 2, level: 'warning', wayOut: 'before: [{ sysctl: { debug.kprobes-optimization: 0 } }]' },
  ])
  const told = await lintLab(lab([{ sysctl: { 'debug.kprobes-optimization': 0 } }]), TOOL_ROOT)
  expect(told.filter(({ message }) => message.includes('optimised'))).toEqual([])
})
