import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../engine/error.ts'
import { parseFormats, STRUCT_HEADER, structOf, type EventFormat } from './tracepoint.ts'

const COMMON = `	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;
`
const event = (name: string, fields: string, id = 433) => `name: ${name}\nID: ${id}\nformat:\n${COMMON}\n${fields}\n`
const CPU_IDLE = event(
  'cpu_idle',
  '	field:u32 state;	offset:8;	size:4;	signed:0;\n	field:u32 cpu_id;	offset:12;	size:4;	signed:0;',
)
const OPEN = event(
  'sys_enter_open',
  `	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:const char * filename;	offset:16;	size:8;	signed:0;
	field:int flags;	offset:24;	size:8;	signed:0;
	field:umode_t mode;	offset:32;	size:8;	signed:0;`,
  604,
)
const MANY = event(
  'made_up',
  `	field:char comm[16];	offset:8;	size:16;	signed:0;
	field:__data_loc char[] name;	offset:24;	size:4;	signed:1;
	field:bool register;	offset:28;	size:1;	signed:0;
	field:u16 ports[3];	offset:30;	size:6;	signed:0;
	field:struct odd thing;	offset:36;	size:12;	signed:0;
	field:long common;	offset:48;	size:8;	signed:1;
	field:int padding_60;	offset:56;	size:4;	signed:1;
	field:unsigned char last;	offset:64;	size:1;	signed:0;

print fmt: "%s /* */", REC->comm`,
)
const PRINT = event(
  'print',
  '	field:unsigned long ip;	offset:8;	size:8;	signed:0;\n	field:char buf[];	offset:16;	size:0;	signed:0;',
)
const UNALIGNED = event('odd', '	field:u8 a;	offset:8;	size:1;	signed:0;\n	field:u64 b;	offset:9;	size:8;	signed:0;')

const only = (text: string): EventFormat => {
  const [format] = parseFormats(text)
  if (!format) throw new Error('no format')
  return format
}

/** The compiler is the judge: it evaluates every assertion. */
const compiles = (argv: readonly string[], code: string) => {
  const { status, stderr } = spawnSync(argv[0] ?? '', [...argv.slice(1), '-x', 'c', '-'], {
    input: code,
    encoding: 'utf8',
  })
  return { status, stderr }
}

describe('R-0601-2: a struct for each format', () => {
  test('cpu_idle: what the kernel keeps to itself, then two numbers', () => {
    const text = structOf(only(CPU_IDLE), 'power')
    expect(text.replaceAll(/ \/\*.*\*\//g, '')).toContain(
      'struct cpu_idle_args {\n\t__u64 common;\n\t__u32 state;\n\t__u32 cpu_id;\n};\n',
    )
    expect(text).toContain('sizeof(struct cpu_idle_args) == 16')
    expect(text).toContain('SEC("tracepoint/power/cpu_idle")')
  })

  test('sys_enter_open: a hole of four bytes before the pointer, and an int of eight bytes', () => {
    expect(structOf(only(OPEN)).replaceAll(/ \/\*.*\*\//g, '')).toContain(
      '\t__s32 __syscall_nr;\n\t__u8 padding_12[4];\n\t__u64 filename;\n\t__u64 flags;\n\t__u64 mode;\n};\n',
    )
  })

  test.each([
    ['gcc', ['gcc', '-fsyntax-only', '-Wall', '-Werror']],
    ['clang', ['clang', '-fsyntax-only', '-Wall', '-Werror', '-target', 'bpf', '-I/usr/include/x86_64-linux-gnu']],
  ])('%s agrees with every offset and size', (_, argv) => {
    const structs = [CPU_IDLE, OPEN, MANY, PRINT, UNALIGNED].map((text) => structOf(only(text)))
    expect(compiles(argv, [STRUCT_HEADER, ...structs, ''].join('\n'))).toEqual({ status: 0, stderr: '' })
    const wrong = structOf(only(OPEN)).replace('__u8 padding_12[4]', '__u8 padding_12[12]')
    expect(compiles(argv, `${STRUCT_HEADER}\n${wrong}\n`).status).not.toBe(0)
  })
})

describe('declarations that kernels print or people paste', () => {
  const declared = (field: string) =>
    structOf(only(event('e', `\t${field}`)))
      .split('\n')
      .find((one) => one.includes('/* 8: '))

  test.each([
    ['field:__rel_loc char foo[];\toffset:8;\tsize:4;\tsigned:1;', '__u32 foo;', 'end of this field'],
    ['field:__data_loc char name[];\toffset:8;\tsize:4;\tsigned:0;', '__u32 name;', 'beginning of the record'],
    ['field:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;', '__u32 name;', 'beginning of the record'],
    ['field:__data_loc u32[] name[];\toffset:8;\tsize:4;\tsigned:0;', '__u32 name;', 'high 16 bits'],
    ['field:u8 mac[4][6];\toffset:8;\tsize:24;\tsigned:0;', '__u8 mac[4][6];', ''],
    ['field:unsigned int pairs[2][2];\toffset:8;\tsize:16;\tsigned:0;', '__u32 pairs[2][2];', ''],
    ['field:char comm[TASK_COMM_LEN];\toffset:8;\tsize:16;\tsigned:0;', '__u8 comm[16];', ''],
    ['field:void (*fn)(void *);\toffset:8;\tsize:8;\tsigned:0;', '__u64 fn;', 'void'],
    ['field:struct { int a; };\toffset:8;\tsize:4;\tsigned:0;', 'field_8', 'struct'],
  ])('%s', (field, member, note) => {
    expect(declared(field)).toContain(member)
    expect(declared(field)).toContain(note)
  })

  test.each(['// ', '# ', ' * ', '> ', '+', '//'])('each line behind %j', (prefix) => {
    const text = CPU_IDLE.split('\n')
      .map((one) => `${prefix}${one}`)
      .join('\n')
    expect(structOf(only(text))).toBe(structOf(only(CPU_IDLE)))
  })
})

test('R-0601-3: the id of a boot is a fact about it and never in the C', () => {
  expect(only(CPU_IDLE).id).toBe(433)
  expect(structOf(only(CPU_IDLE))).not.toContain('433')
})

test('formats in the middle of notes, several, with CRLF', () => {
  const notes = `for example:\n\`\`\`\ncat format\n${CPU_IDLE}\n\`\`\`\nand\n${OPEN}\nname: nothing\n`
  expect(parseFormats(notes.replaceAll('\n', '\r\n')).map(({ name, fields }) => [name, fields.length])).toEqual([
    ['cpu_idle', 6],
    ['sys_enter_open', 8],
  ])
})

test.each([
  ['overlaps', '	field:u32 a;	offset:8;	size:8;	signed:0;\n	field:u32 b;	offset:12;	size:4;	signed:0;'],
  ['ends beyond', '	field:u32 a;	offset:99999999;	size:4;	signed:0;'],
  ['has no size', '	field:u32 a;	offset:8;	size:0;	signed:0;'],
  ['is there twice', '	field:u32 a;	offset:8;	size:4;	signed:0;\n	field:u32 a;	offset:12;	size:4;	signed:0;'],
])('a field that %s is no format', (why, fields) => {
  expect(() => structOf(only(event('bad', fields)))).toThrow(Failure)
  expect(() => structOf(only(event('bad', fields)))).toThrow(why)
})

test('a text cannot end the comment that its type is in', () => {
  const text = structOf(only(event('evil', '	field:int */ x;/* y;	offset:8;	size:4;	signed:0;')))
  expect(
    text
      .split('\n')
      .filter((line) => line.includes('x;'))
      .every((line) => line.endsWith('*/')),
  ).toBe(true)
})
