import { describe, expect, test } from 'vitest'
import { parseVersion } from '../version.ts'
import { activeText } from './active.ts'
import { helpersOf, refusedHelper } from './helpers.ts'
import { lintProbe } from './index.ts'

const HELPERS =
  'trace_printk probe_read probe_read_kernel map_lookup_elem map_update_elem map_delete_elem override_return strtoul skb_load_bytes get_current_task ktime_get_ns get_current_pid_tgid'
const declared = new Set(HELPERS.split(' '))

/** "line:col level message" of each finding. */
async function lint(text: string, kernel = '5.4.0', helpers?: ReadonlySet<string>) {
  const version = parseVersion(kernel) ?? { major: 0, minor: 0, patch: 0 }
  const found = await lintProbe(text, { version, helpers, declared, headers: [] })
  return found.map(({ line, col, level, message, wayOut }) => `${line}:${col} ${level} ${message} - ${wayOut}`)
}
const program = (body: string, section = 'kprobe/copyout') =>
  `SEC("${section}")\nint f(struct pt_regs *ctx)\n{\n\t${body}\n\treturn 0;\n}\n`

describe('R-0701-1: names of sections', () => {
  test('a slash too many: what was meant', async () => {
    expect(await lint(program('', '/tracepoint/syscalls/sys_enter_read'))).toEqual([
      '1:1 error no program type belongs to the section "/tracepoint/syscalls/sys_enter_read" - did you mean tracepoint/syscalls/sys_enter_read?',
    ])
  })
  test.each([
    ['krpobe/copyout', 'did you mean kprobe/copyout?'],
    ['\\\\tracepoint/syscalls/sys_enter_read', 'did you mean tracepoint/syscalls/sys_enter_read?'],
    ['tracepoint/sys_enter_read', 'tracepoint/GROUP/EVENT'],
    ['kprobe/copy out', 'kprobe/FUNCTION'],
    ['fentry/vfs_read', 'exist since 5.5'],
    ['whatever', 'raw_tracepoint/EVENT'],
  ])('%s', async (section, said) => {
    const found = await lint(program('', section))
    expect(found.length).toBe(1)
    expect(found[0]).toContain(said)
  })
  test.each([
    'kprobe/copyout',
    'tp/sched/sched_switch',
    'raw_tp/sys_enter',
    'perf_event',
    '?kprobe/x',
    'uprobe//bin/sh:main',
  ])('%s is one', async (section) => expect(await lint(program('', section))).toEqual([]))
  test('fentry is one on 5.10, and data has sections too', async () => {
    const data = 'int x SEC(".data.mine");\nchar LICENSE[] SEC("license") = "GPL";\n'
    expect(await lint(program('', 'fentry/vfs_read') + data, '5.10')).toEqual([])
  })
})

describe('64 bits printed of 32', () => {
  test.each([
    ['__u32 n = 1; say("%ld", n);', '%d'],
    ['int n = -1; say("%lld", n);', 'long long'],
    ['struct s { __u32 a; }; struct s x; bpf_printk("%lu\\n", x.a);', '%u'],
    ['__u64 w = 1; say("%lx", (__u32)w);', '%x'],
  ])('%s', async (body, wayOut) => {
    const found = await lint(program(body), '5.10')
    expect(found.length).toBe(1)
    expect(found[0]).toMatch(/warning .* prints 64 bits of a value of 32/)
    expect(found[0]).toContain(wayOut)
  })
  test.each([
    '__u64 n = 1; say("%ld", n);',
    '__u32 n = 1; say("%ld", (__u64)n);',
    'say("%ld", 1);',
    '__u32 n = 1; say("%ld", n + 1);',
    'bpf_printk("%lx %d %d %d\\n", (__u32)1, 2, 3, 4);',
  ])('%s is fine', async (body) => expect(await lint(program(body), '6.1')).toEqual([]))
})

describe('a result that may be NULL', () => {
  const LOOKUP = '__u64 *v = bpf_map_lookup_elem(&m, &k);'
  test.each([
    [`${LOOKUP} return *v;`, 'v is what bpf_map_lookup_elem returned'],
    [`${LOOKUP} if (*v == 3) say("x");`, 'used without a check'],
    [`${LOOKUP} v[0]++;`, 'used without a check'],
    ['struct s *v; v = bpf_map_lookup_elem(&m, &k); v->a = 1; if (!v) return 0;', 'used without a check'],
    ['struct s *v = (struct s *)bpf_ringbuf_reserve(&m, 8, 0); v->a = 1;', 'bpf_ringbuf_reserve'],
    ['return *(__u32 *)bpf_map_lookup_elem(&m, &k);', 'put it into a variable'],
  ])('%s', async (body, message) => {
    const found = await lint(program(body))
    expect(found.length).toBe(1)
    expect(found[0]).toContain(message)
    expect(found[0]).toContain(' error ')
  })
  test.each([
    `${LOOKUP} if (!v) return 0; return *v;`,
    `${LOOKUP} if (v) (*v)++;`,
    `${LOOKUP} if (v && *v == 3) say("x");`,
    `${LOOKUP} return v ? *v : 0;`,
    `${LOOKUP} CHECKED(v); return *v;`,
    `${LOOKUP} if (v == NULL) return 0; *v = 1;`,
    '__u64 *v; if ((v = bpf_map_lookup_elem(&m, &k))) *v = 1;',
    '__u64 *v; if (!(v = bpf_map_lookup_elem(&m, &k))) return 0; *v = 1;',
    'struct s *v = bpf_map_lookup_elem(&m, &k); __u64 n = sizeof(*v); if (v) v->a = n;',
    'struct s *v = bpf_map_lookup_elem(&m, &k); void *p = &v->a; if (v) v->a = 1;',
    `bpf_map_lookup_elem(&m, &k);`,
  ])('%s is fine', async (body) => expect(await lint(program(body))).toEqual([]))
})

describe('R-1601-3: conversions of bpf_trace_printk', () => {
  test.each(['4.15', '5.4', '5.7', '5.10'])('%%c prints nothing on %s', async (kernel) => {
    expect(await lint(program('say("char %c", c);'), kernel)).toEqual([expect.stringContaining('4:6 error "%c"')])
  })
  test('and something on 6.1', async () => expect(await lint(program('say("char %c", c);'), '6.1')).toEqual([]))

  test.each([
    ['say("%d %d %d %d", 1, 2, 3, 4);', '5.4', '4 values in one message, and it takes 3'],
    ['bpf_printk("%d %d %d %d\\n", 1, 2, 3, 4);', '5.10', '4 values in one message, and it takes 3'],
    ['say("%s %s", a, b);', '5.4', 'a second string'],
    ['say("%02x", a);', '5.4', 'has a width'],
    ['say("100%%");', '5.4', '"%%" is no conversion'],
    ['say("%f", a);', '6.1', 'is not known'],
    ['say("%");', '6.1', 'is not finished'],
    ['say("%lp", a);', '6.1', 'is no conversion'],
    ['say("%px", a);', '5.4', 'since 5.13'],
    ['say("caf\\xc3\\xa9");', '5.4', 'not ASCII'],
    ['say("%d %d", 1);', '6.1', '2 conversions, and 1 value follows'],
    ['char fmt[] = "char %c"; bpf_trace_printk(fmt, sizeof(fmt), c);', '5.10', '"%c"'],
  ])('%s on %s', async (body, kernel, said) => {
    const found = await lint(program(body), kernel)
    expect(found.length).toBe(1)
    expect(found[0]).toContain(said)
  })

  test.each([
    ['say("%d %i %u %x %ld".."");', '5.4'],
    ['say("%lx %llu %s", 1, 2, "x");', '4.15'],
    ['bpf_printk("%d %d %d %d", 1, 2, 3, 4);', '6.1'],
    ['say("%s %s %02x", a, b, c);', '6.1'],
    ['say("%pB", a);', '5.10'],
    ['say(PREFIX "x %c", c);', '5.4'],
    ['// say("%c", c);', '5.4'],
  ])('nothing about %s on %s', async (body, kernel) => expect(await lint(program(body), kernel)).toEqual([]))

  test('a message without a newline, before 5.9; say() has its own', async () => {
    expect(await lint(program('bpf_printk("x");'), '5.4')).toEqual([expect.stringContaining('run together')])
    expect(await lint(program('bpf_printk("x\\n"); say("x");'), '5.4')).toEqual([])
    expect(await lint(program('bpf_printk("x");'), '5.10')).toEqual([])
  })
})

test('R-1501-2: %p is a hash', async () => {
  expect(await lint(program('say("to %p", to);'), '6.1')).toEqual([expect.stringMatching(/^4:6 warning %p.*hash.*%lx/)])
})

describe('R-1601-2: 32 bits of a value of 64', () => {
  test.each([
    ['unsigned long a = 1; say("%x", a);', '4:33'],
    ['__u64 a = 1; say("%d %u", 1, a);', '4:31'],
    ['say("%x", PT_REGS_PARM1(ctx));', '4:12'],
    ['char *p = 0; say("%x", p);', '4:25'],
    ['int i = 0; say("%x", &i);', '4:23'],
    ['say("%u", bpf_ktime_get_ns() / 1000);', '4:12'],
    ['unsigned long a = 1; say("%x", a >> 8);', '4:33'],
    ['unsigned long a = 1, b = 2; say("%x", (a & b) | 1);', '4:40'],
  ])('%s', async (body, place) => {
    const found = await lint(program(body))
    expect(found.length).toBe(1)
    expect(found[0]?.startsWith(`${place} warning`)).toBe(true)
  })
  test('a field of a struct that the file declares', async () => {
    const struct = 'struct args {\n\t__u64 common;\n\tlong fd[2];\n\tint n;\n};\n'
    const body = 'SEC("tp/a/b")\nint f(struct args *c)\n{\n\tsay("%x %x", c->fd[1], c->n);\n\treturn 0;\n}\n'
    expect(await lint(struct + body)).toEqual([expect.stringMatching(/^9:15 warning .*c->fd\[1\]/)])
  })
  test.each([
    'unsigned long a = 1; say("%lx", a);',
    'say("%d", (int)bpf_get_current_pid_tgid());',
    'say("%u", bpf_get_current_pid_tgid() >> 32);',
    '__u32 a = 1; say("%x", a);',
    'unsigned long a = 1; say("%x", a & 0xff);',
    'unsigned long a = 1; say("%d", a == 2);',
    'unsigned char *p = 0; say("%x", *p);',
    'say("%x", unknown(1));',
  ])('nothing about %s', async (body) => expect(await lint(program(body))).toEqual([]))
})

describe('R-1701-1, R-2501-3: helpers by kernel and program type', () => {
  test('strtoul in a kprobe on 5.4, and none of it where the program type is another', async () => {
    expect(await lint(program('bpf_strtoul(a, 1, 0, &b);'))).toEqual([
      expect.stringMatching(/^4:2 error 5\.4\.0 does not give the helper bpf_strtoul to kprobe programs/),
    ])
    expect(await lint(program('bpf_strtoul(a, 1, 0, &b);'), '6.1')).toEqual([])
    expect(await lint(program('bpf_strtoul(a, 1, 0, &b);', 'cgroup/sysctl'))).toEqual([])
  })
  test('get_current_task is there since long; one of the network never', async () => {
    expect(await lint(program('bpf_get_current_task();'))).toEqual([])
    expect(await lint(program('bpf_skb_load_bytes(a, 0, b, 1);', 'tracepoint/a/b'), '6.12')).toEqual([
      expect.stringContaining('to tracepoint programs'),
    ])
  })
  test('override_return is for kprobes', async () => {
    expect(await lint(program('bpf_override_return(ctx, 0);'))).toEqual([])
    expect(await lint(program('bpf_override_return(ctx, 0);', 'tracepoint/a/b'))).toEqual([
      expect.stringContaining('bpf_override_return to tracepoint programs'),
    ])
  })
  test.each([
    ['5.14', false],
    ['5.16', true],
    ['6.1', true],
  ])('one that tracing programs had for some versions: on %s refused is %s', (kernel, refused) => {
    const version = parseVersion(kernel) ?? expect.unreachable()
    expect(refusedHelper('ktime_get_coarse_ns', 'kprobe', version)).toBe(refused)
  })

  test('a helper that the target does not have, and not in the branch for newer kernels', async () => {
    const header =
      '#define __BPF_FUNC_MAPPER(FN)\t\\\n\tFN(unspec),\t\\\n\tFN(map_lookup_elem),\t\\\n\tFN(probe_read),\n'
    expect([...helpersOf(header)]).toEqual(['map_lookup_elem', 'probe_read'])
    const body = 'bpf_probe_read_kernel(&c, 1, p);'
    expect(await lint(program(body), '5.4', helpersOf(header))).toEqual([
      expect.stringContaining('does not exist in 5.4.0'),
    ])
    const chosen = `#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)\n${body}\n#else\nbpf_probe_read(&c, 1, p);\n#endif`
    expect(await lint(program(chosen), '5.4', helpersOf(header))).toEqual([])
  })
})

const MAP = (type: string, value = '__u32') =>
  `struct {\n\t__uint(type, BPF_MAP_TYPE_${type});\n\t__uint(max_entries, 1);\n\t__type(key, __u32);\n\t__type(value, ${value});\n} m SEC(".maps");\n`

describe('maps', () => {
  const kinds = [
    ['BTF', MAP('ARRAY')],
    ['the macro', 'ARRAY(m, __u32, 1);\n'],
    ['bpf_map_def', 'struct bpf_map_def SEC("maps") m = {\n\t.type = BPF_MAP_TYPE_ARRAY,\n\t.max_entries = 1,\n};\n'],
  ] as const

  test.each(kinds)('R-1601-4: deleting from an array, declared by %s', async (_, map) => {
    const found = await lint(map + program('__u32 k = 0; bpf_map_delete_elem(&m, &k);'))
    expect(found).toEqual([expect.stringContaining('always returns -EINVAL')])
  })
  test.each(kinds)('R-1201-2: a key beyond the end, declared by %s', async (_, map) => {
    expect(await lint(map + program('__u32 k = 1; bpf_map_lookup_elem(&m, &k);'))).toEqual([
      expect.stringContaining('key 1 is outside of m'),
    ])
    expect(await lint(map + program('get(m, 1);'))).toEqual([expect.stringContaining('key 1 is outside of m')])
    expect(await lint(map + program('__u32 k = 1; k = 0; bpf_map_lookup_elem(&m, &k); get(m, 0);'))).toEqual([])
  })
  test('R-0701-2: a pointer wider than the value', async () => {
    const use = (type: string) => program(`__u32 k = 0;\n\t${type} *v = bpf_map_lookup_elem(&m, &k);`)
    expect(await lint(MAP('ARRAY') + use('long'))).toEqual([
      expect.stringMatching(/^11:7 error values of m have 4 bytes/),
    ])
    for (const type of ['__u32', 'char', 'struct other']) expect(await lint(MAP('ARRAY') + use(type))).toEqual([])
  })
  test.each([
    [
      'assigned',
      'struct { __uint(type, BPF_MAP_TYPE_HASH); __type(value, __u32); } m SEC(".maps");',
      '__u64 *v; v = bpf_map_lookup_elem(&m, &k);',
    ],
    [
      'a struct',
      'struct s { __u32 a; __u64 b; };\nstruct { __uint(type, BPF_MAP_TYPE_HASH); __type(value, __u64); } m SEC(".maps");',
      'struct s *v = bpf_map_lookup_elem(&m, &k);',
    ],
    [
      'a size',
      'struct bpf_map_def SEC("maps") m = { .type = BPF_MAP_TYPE_HASH, .value_size = sizeof(__u32), };',
      'long *v = bpf_map_lookup_elem(&m, &k);',
    ],
    [
      'a number',
      'struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(value_size, 4); } m SEC(".maps");',
      'long *v = bpf_map_lookup_elem(&m, &k);',
    ],
  ])('R-0701-2: a pointer wider than the value: %s', async (_, map, body) => {
    const found = await lint(`${map}\n${program(`__u32 k = 0; ${body}`)}`)
    expect(found.length).toBe(1)
    expect(found[0]).toMatch(/values of m have [48] bytes.*this pointer reads (?:8|16)/)
  })
  test.each([
    ['__type(value, struct s)', 'struct s *v'],
    ['__type(value, struct unknown)', 'long *v'],
    ['__type(value, __u64)', 'struct s *v'],
    ['__uint(value_size, VALUE)', 'long *v'],
  ])('nothing is said of %s and %s', async (value, variable) => {
    const text = `struct s { __u32 a; char name[16]; };\nstruct { __uint(type, BPF_MAP_TYPE_HASH); ${value}; } m SEC(".maps");`
    expect(await lint(`${text}\n${program(`__u32 k = 0; ${variable} = bpf_map_lookup_elem(&m, &k);`)}`)).toEqual([])
  })
  test('a hash takes both', async () => {
    const body = '__u32 k = 7; bpf_map_lookup_elem(&m, &k); bpf_map_delete_elem(&m, &k);'
    expect(await lint(MAP('HASH') + program(body))).toEqual([])
  })
})

test('what a version leaves out is blank, and lines stay where they are', () => {
  const text =
    'a\n#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 9, 0)\nold\n#elif X\nx\n#else\nnew\n#endif\n#ifdef Y\ny\n#else\nz\n#endif\nb'
  const words = (kernel: string) =>
    activeText(text, parseVersion(kernel) ?? { major: 0, minor: 0, patch: 0 })
      .split('\n')
      .map((line) => line.trim())
  expect(words('5.4')).toEqual(['a', '', 'old', '', '', '', '', '', '', 'y', '', 'z', '', 'b'])
  expect(words('5.10')).toEqual(['a', '', '', '', 'x', '', 'new', '', '', 'y', '', 'z', '', 'b'])
})

test.each(['', '{{{{', 'SEC(', 'SEC("', '\u0000\u0001', 'int f( { say("%', `${'('.repeat(5000)}`])(
  'what is no C gives no findings and no error: %j',
  async (text) => expect(await lint(text)).toEqual([]),
)
