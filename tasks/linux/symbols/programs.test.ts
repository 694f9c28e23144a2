import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MAPS_OBJECT } from '../objects/bpf-object.fixture.ts'
import { sectionsOf } from '../objects/elf.ts'
import { parseVersion } from '../version.ts'
import { programsOfObject, versionOfObject } from './object.ts'
import { programsOfSource } from './programs.ts'

const header = readFileSync(new URL('../../../bpf/include/lab.bpf.h', import.meta.url), 'utf8')

const hooks = async (
  text: string,
  kernel: string,
  defines: Readonly<Record<string, string>> = { LAB_SUFFIX: '"giulia"' },
) =>
  (
    await programsOfSource(
      { text, headers: [header], defines },
      parseVersion(kernel) ?? { major: 0, minor: 0, patch: 0 },
    )
  ).map(({ program, hook, line }) => [program, hook.section, line])

const PROBE = `#include "lab.bpf.h"
#define MINE "vfs" "_read"
SEC("kprobe/" COPYOUT)
int a(struct pt_regs *ctx) { return 0; }
SEC("kprobe/" SYSCALL("write"))
int b(struct pt_regs *ctx)
{
	return 0;
}
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
SEC("kretprobe/" MINE)
int c(struct pt_regs *ctx) { return 0; }
#endif
SEC("kprobe/" UNKNOWN)
int d(struct pt_regs *ctx) { return 0; }
`

describe('hooks of a probe', () => {
  test('a macro that makes a text of its argument', async () => {
    const text =
      '#define NAME(x) "__x64_" TEXT(x)\n#define TEXT(x) #x\nSEC("kprobe/" NAME(sys_write))\nint a(void *ctx) { return 0; }\n'
    expect(await hooks(text, 'v5.10')).toEqual([['a', 'kprobe/__x64_sys_write', 3]])
  })

  test('R-0502-4 macros of lab.bpf.h are those of the kernel: a prefix since 4.17, another last function since 6.7', async () => {
    expect(await hooks(PROBE, '4.15')).toEqual([
      ['a', 'kprobe/copyout_giulia', 3],
      ['b', 'kprobe/sys_write', 5],
    ])
    expect(await hooks(PROBE, '6.12')).toEqual([
      ['a', 'kprobe/copy_to_user_iter_giulia', 3],
      ['b', 'kprobe/__x64_sys_write', 5],
      ['c', 'kretprobe/vfs_read', 11],
    ])
  })

  test('the suffix is that of the kernel in lab.yaml', async () => {
    expect((await hooks(PROBE, '5.4', { LAB_SUFFIX: '"bpf"' }))[0]?.[1]).toBe('kprobe/copyout_bpf')
  })

  test('of a compiled object', () => {
    expect(programsOfObject(MAPS_OBJECT).map(({ program, hook }) => [program, hook.section])).toEqual([
      ['copyout', 'kprobe/copyout_giulia'],
    ])
    expect(versionOfObject(MAPS_OBJECT)).toBeUndefined()
  })

  test('P7: a program that calls bpf_override_return is told apart', () => {
    const object = Buffer.from(MAPS_OBJECT)
    expect(programsOfObject(object)[0]?.hook.overrides).toBeUndefined()
    const program = sectionsOf(object).find(({ name }) => name === 'kprobe/copyout_giulia')
    program?.bytes.set([0x85, 0, 0, 0, 58, 0, 0, 0])
    expect(programsOfObject(object)[0]?.hook.overrides).toBe(true)
  })
})
