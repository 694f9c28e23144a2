/** vmlinux.h as it is written and as a probe takes it: by gcc, libbpf and clang of the host. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { compileProgram } from '../host/compile.ts'
import { run } from '../host/sh.ts'
import { sectionsOf } from '../linux/objects/elf.ts'
import { tempDir } from '../test/temp-dir.ts'

const signal = new AbortController().signal
/** What the probe below needs of any kernel. */
const KERNEL = `
typedef unsigned int __u32; typedef int __s32; typedef unsigned long long __u64; typedef long long __s64;
typedef unsigned short __u16; typedef unsigned char __u8; typedef __u16 __be16; typedef __u32 __be32; typedef __u64 __be64;
typedef __u32 __wsum; typedef __u16 __sum16;
enum bpf_map_type { BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4, BPF_MAP_TYPE_PERCPU_ARRAY = 6 };
struct all { __s32 a; __s64 b; __be16 c; __be32 d; __be64 e; __wsum f; __sum16 g; __u8 h; enum bpf_map_type i; } all;
`
const PROBE = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "lab.bpf.h"
ARRAY(seen, __u32, 1);
struct one { __u64 value; };
EVENTS(ones, struct one);
SEC("kprobe/f")
int f(void *ctx)
{
	put(seen, 0, 1);
	bpf_map_update_elem(&seen, &(__u32){ 0 }, &(__u32){ 2 }, BPF_EXIST);
	return emit(ctx, ones, (struct one){ BPF_F_USER_STACK });
}
char LICENSE[] SEC("license") = "GPL";
`

const clang = async (dir: string, source: string) =>
  await run(
    [
      'clang',
      '-target',
      'bpf',
      '-O2',
      '-g',
      '-Wall',
      '-Werror',
      `-I${dir}`,
      `-I${join(TOOL_ROOT, 'bpf/include')}`,
    ].concat(['-c', join(dir, source), '-o', join(dir, source.replace(/c$/, 'o'))]),
    { signal },
  )

async function headerOf(dir: string, types: string): Promise<string> {
  writeFileSync(join(dir, 'types.c'), types)
  await clang(dir, 'types.c')
  const btf = sectionsOf(readFileSync(join(dir, 'types.o'))).find(({ name }) => name === '.BTF')
  writeFileSync(join(dir, 'types.btf'), btf?.bytes ?? '')
  const program = join(dir, 'vmlinux-h')
  await compileProgram({
    sources: [join(TOOL_ROOT, 'bpf/tools/vmlinux-h.c')],
    program,
    flags: [],
    place: 'vmlinux-h',
    signal,
    libraries: ['-lbpf', '-lelf', '-lz'],
  })
  const { stdout } = await run([program, join(dir, 'types.btf')], { signal })
  writeFileSync(join(dir, 'vmlinux.h'), stdout)
  return stdout
}

test.each([
  ['before 5.7 has none of the flags', KERNEL, 21],
  [
    'has them as constants',
    `${KERNEL}enum update { BPF_ANY, BPF_NOEXIST, BPF_EXIST }; struct flags { enum update update; } flags;\nenum cpu { BPF_F_INDEX_MASK = 0xffffffffULL, BPF_F_CURRENT_CPU = 0xffffffffULL } cpu;\n`,
    16,
  ],
])('a probe with vmlinux.h of a kernel that %s', async (_, types, missing) => {
  const dir = tempDir()
  const header = await headerOf(dir, types)
  const [, own = ''] = /Macros of this kernel's.*?\{(.*?)\}/s.exec(header) ?? []
  expect(own.match(/=/g)?.length).toBe(missing)
  for (const name of ['BPF_ANY', 'BPF_F_CURRENT_CPU'])
    expect(header.match(new RegExp(`\\b${name} =`, 'g'))).toHaveLength(1)
  writeFileSync(join(dir, 'probe.c'), PROBE)
  await clang(dir, 'probe.c')
  // A probe that helped itself.
  writeFileSync(
    join(dir, 'probe.c'),
    PROBE.replace('#include <bpf', '#define BPF_F_CURRENT_CPU 0xffffffffULL\n#include <bpf'),
  )
  await clang(dir, 'probe.c')
})
