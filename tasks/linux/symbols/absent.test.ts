import { describe, expect, test } from 'vitest'
import { treeOf } from '../c/source-tree.fixture.ts'
import { explainAbsent, type Known } from './absent.ts'
import { callersIn } from './callers.ts'
import { conditionUnder } from './condition.ts'
import { explainEvent } from './events.ts'
import { hookOf } from './hook.ts'
import { controlledBy, untraced } from './makefile.ts'
import { candidates } from './similar.ts'
import { judgeSource } from './unbuilt.ts'
import { verdict } from './verdict.ts'

const FILES = {
  'lib/Makefile': [
    'ifdef CONFIG_FUNCTION_TRACER',
    'ORIG_CFLAGS := $(KBUILD_CFLAGS)',
    'KBUILD_CFLAGS = $(subst $(CC_FLAGS_FTRACE),,$(ORIG_CFLAGS))',
    'endif',
    'lib-y := iov_iter.o',
  ].join('\n'),
  'lib/iov_iter.c': [
    'static int copyout(void __user *to, const void *from, size_t n)',
    '{',
    '\treturn raw_copy(to, from, n);',
    '}',
    '',
    'static size_t copy_page_to_iter_iovec(struct page *page,',
    '\t\t\t size_t bytes)',
    '{',
    '\t/* copyout() may sleep */',
    '\tif (bytes)',
    '\t\tbytes = copyout(0, page, bytes);',
    '\treturn bytes;',
    '}',
    '',
    'size_t copy_page_to_iter(struct page *page, size_t bytes)',
    '{',
    '\treturn copy_page_to_iter_iovec(page, bytes);',
    '}',
    '',
    '#ifdef CONFIG_CRYPTO_HASH',
    'size_t hash_and_copy(size_t bytes)',
    '{',
    '\treturn bytes;',
    '}',
    '#endif',
    '',
    'static int __init early(void)',
    '{',
    '\treturn 0;',
    '}',
  ].join('\n'),
  'include/linux/uaccess.h': [
    'static __always_inline int raw_copy(void *to, const void *from, size_t n)',
    '{',
    '\treturn 0;',
    '}',
    '#define get_user(x) raw_copy(x, 0, 0)',
    'static inline int security_file_open(struct file *file)',
    '{',
    '\treturn 0;',
    '}',
  ].join('\n'),
  'security/Makefile': 'obj-$(CONFIG_SECURITY) += security.o',
  'security/security.c': 'int security_file_open(struct file *file)\n{\n\treturn 1;\n}\n',
  'fs/Makefile': 'obj-$(CONFIG_BTRFS_FS)\t+= btrfs/\nobj-$(CONFIG_FUSE_FS) += fuse/\n',
  'fs/btrfs/Makefile': 'obj-$(CONFIG_BTRFS_FS) := btrfs.o\nbtrfs-y += super.o \\\n\tfile.o\n',
  'fs/btrfs/file.c': 'int btrfs_read(int a)\n{\n\treturn a;\n}\n',
  'fs/fuse/Makefile': 'obj-$(CONFIG_FUSE_FS) += fuse.o\nfuse-objs := dev.o\n',
  'fs/fuse/dev.c': 'int fuse_read(int a)\n{\n\treturn a;\n}\n',
  'kernel/bpf_trace.c':
    'BPF_CALL_3(bpf_probe_read_kernel, void *, dst, u32, size,\n\t   const void *, from)\n{\n\treturn 0;\n}\n',
  'fs/read_write.c': [
    'SYSCALL_DEFINE3(write, unsigned int, fd, const char __user *, buf, size_t, count)',
    '{',
    '\treturn ksys_write(fd, buf, count);',
    '}',
  ].join('\n'),
  'include/trace/events/ib_umad.h': '#define TRACE_SYSTEM ib_umad\nDEFINE_EVENT(ib_umad_template, ib_umad_write,\n',
}
const RARE = {
  'drivers/Makefile': 'obj-$(CONFIG_INFINIBAND) += infiniband/',
  'drivers/infiniband/Makefile': 'obj-$(CONFIG_INFINIBAND_USER_MAD) += ib_umad.o\nib_umad-y := user_mad.o',
  'drivers/infiniband/user_mad.c': '#define CREATE_TRACE_POINTS\n#include <trace/events/ib_umad.h>\n',
}
const tree = treeOf(FILES, RARE)
const read = (path: string) => tree.read(path)

const known = (
  config: Readonly<Record<string, string>>,
  functions: readonly string[] = ['copy_page_to_iter'],
): Known => ({
  config: new Map(Object.entries(config)),
  functions: () => functions,
  places: (name) => (functions.includes(name) ? [{ address: 1, type: 'T', traceable: true }] : []),
})
const explain = async (name: string, config: Readonly<Record<string, string>> = { FUSE_FS: 'm' }) =>
  await explainAbsent(verdict(hookOf(`kprobe/${name}`), 'absent', ''), known(config), tree)

describe('R-1901-1 why a function is no symbol', () => {
  test('inlined: where it is defined, who calls it, and how it can be had', async () => {
    expect(await explain('copy_page_to_iter_iovec')).toMatchObject({
      kind: 'inlined',
      details: ['called by copy_page_to_iter (lib/iov_iter.c:17)'],
      fixes: [
        { change: 'expose', function: 'copy_page_to_iter_iovec', file: 'lib/iov_iter.c' },
        { change: 'clone', function: 'copy_page_to_iter_iovec', entry: 'copy_page_to_iter' },
        { change: 'hook', text: 'SEC("kprobe/copy_page_to_iter")', note: 'its caller' },
      ],
    })
  })

  test('__always_inline in a header: only a clone makes a function of it', async () => {
    const { kind, fact, fixes } = await explain('raw_copy')
    expect([kind, fact]).toEqual([
      'inlined',
      'raw_copy (include/linux/uaccess.h:1) is __always_inline: its code is in its callers',
    ])
    expect(fixes).toEqual([{ change: 'clone', function: 'raw_copy', entry: 'copyout' }])
  })

  test('with debug information: the functions that really have its code', async () => {
    const debug: Known = {
      ...known({}, ['outer']),
      inlineSites: (name, files) => files.map((unit) => ({ caller: 'outer', unit, line: name.length })),
    }
    const found = verdict(hookOf('kprobe/copyout'), 'absent', '')
    expect(await explainAbsent(found, debug, tree)).toMatchObject({
      details: ['inlined into outer (lib/iov_iter.c:7)'],
      fixes: [{ change: 'expose' }, { change: 'clone', entry: 'outer' }, { text: 'SEC("kprobe/outer")' }],
    })
  })

  test.each([
    ['get_user', 'macro', 'get_user is a macro (include/linux/uaccess.h), and no function'],
    ['hash_and_copy', 'not built', 'because CONFIG_CRYPTO_HASH=n (lib/iov_iter.c:21)'],
    ['btrfs_read', 'not built', 'because CONFIG_BTRFS_FS=n (fs/Makefile)'],
    ['security_file_open', 'not built', 'because CONFIG_SECURITY=n (security/Makefile)'],
    ['fuse_read', 'module', 'fuse_read (fs/fuse/dev.c:1) is in a module: CONFIG_FUSE_FS=m'],
    ['bpf_probe_read_kernel', 'absent', 'is made by a macro (kernel/bpf_trace.c:1)'],
    ['early', 'init', 'is __init: it is gone after boot'],
    ['no_such_thing', 'unknown name', 'neither has its source'],
  ])('%s: %s', async (name, kind, fact) => {
    const found = await explain(name)
    expect(found.kind).toBe(kind)
    expect(found.fact).toContain(fact)
  })

  test('an event of a driver that is not built names the options that it takes', async () => {
    const found = verdict(hookOf('tracepoint/ib_umad/ib_umad_write'), 'no event', 'there is none: x')
    expect(await explainEvent(found, known({}), tree)).toMatchObject({
      details: [expect.stringContaining('CONFIG_INFINIBAND=n, CONFIG_INFINIBAND_USER_MAD=n')],
      fixes: [{ symbol: 'INFINIBAND' }, { symbol: 'INFINIBAND_USER_MAD' }],
    })
  })
})

describe('a kernel that is not built', () => {
  const judge = async (section: string, config: Readonly<Record<string, string>>, minor = 10) =>
    await judgeSource(hookOf(section), {
      version: { major: minor > 14 ? 4 : 5, minor, patch: 0 },
      config: new Map(Object.entries(config)),
      tree,
      clones: [{ suffix: 'giulia', functions: ['copyout'] }],
    })

  test('R-0502-3 a clone in lib/ is notrace, and refused unless the option is asked for', async () => {
    expect(await judge('kprobe/copyout_giulia', {})).toMatchObject({ kind: 'notrace', attachable: false })
    expect(await judge('kprobe/copyout_giulia', { KPROBE_EVENTS_ON_NOTRACE: 'y' })).toMatchObject({ kind: 'not known' })
    expect(await judge('kprobe/copyout_giulia', {}, 15)).toMatchObject({ kind: 'not known' })
  })

  test.each([
    ['kprobe/raw_copy', 'inlined'],
    ['kprobe/copyout', 'not known'],
    ['kprobe/btrfs_read', 'not known'],
    ['kprobe/__x64_sys_write', 'not known'],
    ['kprobe/sys_write', 'system call'],
    ['kprobe/no_such_thing', 'unknown name'],
    ['kprobe/bpf_probe_read_kernel', 'not known'],
    ['tracepoint/ib_umad/ib_umad_write', 'not known'],
    ['perf_event', 'not a symbol'],
  ])('%s is %s', async (section, kind) => {
    expect((await judge(section, {})).kind).toBe(kind)
  })
})

describe('options that decide whether a file is built', () => {
  test.each([
    ['lib/iov_iter.c', []],
    ['fs/btrfs/file.c', ['BTRFS_FS', 'BTRFS_FS']],
    ['drivers/infiniband/user_mad.c', ['INFINIBAND', 'INFINIBAND_USER_MAD']],
  ])('%s: %j', (file, symbols) => {
    expect(controlledBy(file, read)?.map(({ symbol }) => symbol)).toEqual(symbols)
  })

  test('that no Makefile names is not known', () => {
    expect(controlledBy('fs/nowhere.c', read)).toBeUndefined()
  })

  test.each([
    ['ifdef CONFIG_A\nobj-y += x.o\nendif', [['A', 'y']]],
    ['ifeq ($(CONFIG_A),y)\nelse\nobj-y += x.o\nendif', [['A', 'n']]],
    [
      'ifneq ($(CONFIG_A),)\nobj-$(CONFIG_B) += x.o\nendif',
      [
        ['A', 'y'],
        ['B', 'y'],
      ],
    ],
  ])('conditionals of a Makefile: %j', (text, wanted) => {
    const found = controlledBy('d/x.c', (path) => (path === 'd/Makefile' ? text : undefined))
    expect(found?.map(({ symbol, when }) => [symbol, when])).toEqual(wanted)
  })

  test('a folder or a file without -pg', () => {
    expect(untraced('lib/iov_iter.c', read)).toBe('lib/Makefile')
    expect(untraced('fs/read_write.c', read)).toBeUndefined()
    const text = 'CFLAGS_REMOVE_core.o = $(CC_FLAGS_FTRACE)'
    const one = (path: string) => (path === 'k/Makefile' ? text : undefined)
    expect([untraced('k/core.c', one), untraced('k/other.c', one)]).toEqual(['k/Makefile', undefined])
  })
})

test.each([
  ['defined(CONFIG_A)', true, []],
  ['!defined(CONFIG_A)', false, ['A']],
  ['defined(CONFIG_A) && defined(CONFIG_N)', false, ['N']],
  ['(defined(CONFIG_N) || IS_ENABLED(CONFIG_M))', true, []],
  ['defined(CONFIG_M)', false, ['M']],
  ['IS_MODULE(CONFIG_M)', true, []],
  ['defined(CONFIG_A) && (BITS_PER_LONG > 32)', undefined, []],
  ['defined(CONFIG_N) && SOMETHING(1)', false, ['N']],
  ['0', false, []],
])('the condition %s', (text, holds, off) => {
  expect(
    conditionUnder(
      text,
      new Map([
        ['A', 'y'],
        ['M', 'm'],
      ]),
    ),
  ).toEqual({ holds, off })
})

test('callers: each function once, at its first call; no comments, prototypes or the function itself', () => {
  const text = [
    'int f(int a);',
    'int f(int a)',
    '{',
    '\treturn a;',
    '}',
    'static inline int g(void) { return f(1); }',
    'SYSCALL_DEFINE1(read, int, a)',
    '{',
    '\tx->f(a);',
    '\t/* f(a) */',
    '\treturn f(a) + f(a);',
    '}',
    '#define h() f(2)',
  ].join('\n')
  expect(callersIn('a.c', text, 'f').map(({ function: by, line }) => [by, line])).toEqual([
    ['g', 6],
    ['__x64_sys_read', 11],
  ])
})

test.each([
  ['filemap_read', ['generic_file_buffered_read'], 'generic_file_buffered_read'],
  ['do_generic_file_read', ['filemap_read'], 'filemap_read'],
  ['vfs_raed', ['vfs_read', 'vfs_write'], 'vfs_read'],
  ['blk_account_io_completion', ['blk_account_io_done', 'io_submit'], 'blk_account_io_done'],
])('%s may be called otherwise: of %j it is %s', (name, functions, wanted) => {
  expect(candidates(name, functions)[0]?.name).toBe(wanted)
})
